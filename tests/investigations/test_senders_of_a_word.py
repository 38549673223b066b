"""Who wrote a word in the text of a mail, at whatever time."""

import pytest

from tests.investigations.common import groups
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_wrote_a_word(scene: Scene) -> None:
    word = "alsa"
    texts = {
        each: b" ".join(
            part.get_payload(decode=True) or b""  # type: ignore[misc]
            for part in each.parsed.walk()
            if part.get_content_type() == "text/plain"
        )
        .decode("latin-1")
        .lower()
        for each in scene.mails
    }
    right: dict[str, int] = {}
    for mail, text in texts.items():
        if word in text:
            sender = mail.addresses("from")[0]
            right[sender] = right.get(sender, 0) + 1
    async with scene.ask("every mail with a word in the body") as asked:
        summary = await asked.summarize(group_by=["sender"], filter_here={"body": [word]}, top=50)
        assert summary["Complete"] and right
        asked.is_answered(groups(summary), right, by="messages")
