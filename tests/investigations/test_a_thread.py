"""A conversation, whole, with who answered whom."""

import re

import pytest

from tests.investigations.common import Mail
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ID = re.compile(r"<([^<>\s]+)>")


def conversations(mails: list[Mail]) -> list[list[Mail]]:
    """What names each other, or names the same message."""
    of: dict[str, set[str]] = {}
    for each in mails:
        named = " ".join(str(each.parsed.get(name, "")) for name in ("Message-ID", "In-Reply-To", "References"))
        ids = set(ID.findall(named)).union(*(of.get(one, ()) for one in ID.findall(named)))
        of |= dict.fromkeys(ids, ids)
    together: dict[int, list[Mail]] = {}
    for each in mails:
        together.setdefault(id(of.get(each.message_id)), []).append(each)
    return sorted(together.values(), key=len)


async def test_a_conversation(scene: Scene) -> None:
    right = conversations(scene.mails)[-1]
    mail = min(right, key=lambda each: each.received)
    async with scene.ask("a thread") as asked:
        page = await asked.search(filter_here={"message_id": [mail.message_id]}, limit=1)
        archived_message_id = page["Rows"][0]["ArchivedMessageId"]
        thread = await asked.ask(
            "get_archive_thread", archive_id=asked.archive_id, archived_message_id=archived_message_id
        )
        assert len(right) > 3
        asked.is_answered(sum(each["Found"] for each in thread["Messages"]), len(right))
