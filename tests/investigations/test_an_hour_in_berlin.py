"""What came at an hour of another zone."""

from zoneinfo import ZoneInfo

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_what_came_between_9_and_10_in_berlin(scene: Scene) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    right = sum(each.received.astimezone(berlin).hour == 9 for each in scene.mails)
    async with scene.ask("what came between 9 and 10 in Berlin") as asked:
        summary = await asked.summarize(group_by=["hour"], zone="Europe/Berlin", top=50)
        assert summary["Complete"] and right
        asked.is_answered(groups(summary)["09:00"], right)
