"""Whether a message was tampered with: the copy in another archive tells."""

import pytest

from tests.investigations.conftest import COPIED, OTHER_WORD, WORD, Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_what_was_changed_in_a_message(scene: Scene) -> None:
    mail = scene.mails[COPIED - 1]
    wanted = {"subject": [mail.subject], "filter_here": {"message_id": [mail.message_id]}, "limit": 1}
    async with scene.ask("was this message tampered with") as asked:
        here = await asked.search(**wanted)
        there = await asked.search(archive_id=scene.other_archive_id, **wanted)
        a, b = (page["Rows"][0]["ArchivedMessageId"] for page in (here, there))
        compared = await asked.ask("compare_archive_messages", a=a, b=b)
        told = str(compared)
        asked.is_answered(
            (compared["SameBytes"], WORD.decode() in told and OTHER_WORD.decode() in told), (False, True), by="messages"
        )
