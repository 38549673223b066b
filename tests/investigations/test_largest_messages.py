"""The largest messages."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LARGE = 30_000


async def test_the_largest_messages(scene: Scene) -> None:
    right = sorted(each.subject for each in scene.mails if len(each.raw) > LARGE)
    async with scene.ask("the largest messages") as asked:
        page = await asked.search(filter_here={"larger_than": LARGE}, limit=50)
        assert page["Complete"] and right
        asked.is_answered(len(page["Rows"]), len(right), by="messages")
