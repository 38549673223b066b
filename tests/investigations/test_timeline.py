"""A topic's timeline."""

from collections import Counter
from datetime import UTC

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_timeline_of_a_topic(scene: Scene) -> None:
    right = Counter(f"{each.received.astimezone(UTC):%Y-%m}" for each in scene.mails if "linux" in each.subject.lower())
    async with scene.ask("a topic's timeline") as asked:
        summary = await asked.summarize(subject=["linux"], group_by=["month"], top=50)
        assert summary["Complete"] and len(right) > 2
        asked.is_answered(groups(summary), dict(right))
