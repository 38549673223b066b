"""Mail whose answers go to a domain."""

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_where_answers_go(scene: Scene) -> None:
    domains = [{address.rpartition("@")[2] for address in each.addresses("reply-to")} for each in scene.mails]
    right = sum("hotmail.com" in each for each in domains)
    async with scene.ask("Reply-To of another domain") as asked:
        summary = await asked.summarize(
            group_by=["reply_to_domain"], filter_here={"reply_to_domain": ["hotmail.com"]}, top=1
        )
        assert summary["Complete"] and right
        asked.is_answered(summary["Messages"], right, by="messages")
        assert groups(summary)["hotmail.com"] == right
