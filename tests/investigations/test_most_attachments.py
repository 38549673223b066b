"""Who sent the most files."""

import re
from collections import Counter

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_sent_the_most_attachments(scene: Scene) -> None:
    # Files may stand in the text as well, by uuencode.
    right = Counter(
        each.addresses("from")[0]
        for each in scene.mails
        if each.file_names or any(re.search(r"^begin [0-7]{3} \S", text, re.MULTILINE) for text in each.texts)
    )
    async with scene.ask("who sent the most attachments") as asked:
        summary = await asked.summarize(filter_here={"attachment_name": ["?*"]}, group_by=["sender"], top=50)
        assert summary["Complete"] and right
        asked.is_answered(groups(summary), dict(right), by="messages")
