"""Which messages lead to a host."""

import re

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_which_messages_lead_to_a_host(scene: Scene) -> None:
    host = "lists.freshrpms.net"
    written = re.compile(rb"https?://lists\.freshrpms\.net[/\s]")
    right = sum(
        any(
            written.search(part.get_payload(decode=True) or b"") is not None  # type: ignore[arg-type]
            for part in each.parsed.walk()
            if part.get_content_maintype() == "text"
        )
        for each in scene.mails
    )
    async with scene.ask("which messages lead to a host") as asked:
        page = await asked.search(filter_here={"link_host": [host]}, limit=20)
        assert right
        asked.is_answered((page["Complete"], page["MessagesSoFar"]), (True, right), by="messages")
