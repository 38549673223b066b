"""Who raised a topic first, and when."""

from datetime import UTC

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_raised_a_topic_first(scene: Scene) -> None:
    words = "new sequences window"
    first = min((each for each in scene.mails if words in each.subject.lower()), key=lambda each: each.received)
    async with scene.ask("who raised a topic first, and when") as asked:
        page = await asked.search(subject=[words], order="oldest_first", limit=1)
        (row,) = page["Rows"]
        answer = (row["Subject"], row["From"][:12] == str(first.parsed["From"])[:12], row["ReceivedTimestamp"])
        asked.is_answered(answer, (first.subject, True, f"{first.received.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"))
