"""Whether a mail in one archive is the one in another."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_the_same_mail_in_two_archives(scene: Scene) -> None:
    mail = scene.mails[0]
    wanted = {"subject": [mail.subject], "filter_here": {"message_id": [mail.message_id]}, "limit": 1}
    async with scene.ask("the same mail in two archives") as asked:
        here = await asked.search(**wanted)
        there = await asked.search(archive_id=scene.other_archive_id, **wanted)
        a, b = (page["Rows"][0]["ArchivedMessageId"] for page in (here, there))
        assert a != b
        compared = await asked.ask("compare_archive_messages", a=a, b=b)
        asked.is_answered((compared["Relation"], compared["SameBytes"]), ("identical", True), by="messages")
