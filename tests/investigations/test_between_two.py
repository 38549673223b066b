"""All mail between two people, whichever of them wrote it."""

import pytest

from tests.investigations.common import Mail
from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_all_mail_between_two_people(scene: Scene) -> None:
    one, other = "beberg@mithral.com", "fork@spamassassin.taint.org"

    def went(mail: Mail, sender: str, recipient: str) -> bool:
        return sender in mail.addresses("from") and recipient in mail.addresses("to") + mail.addresses("cc")

    right = [sum(went(each, *pair) for each in scene.mails) for pair in ((one, other), (other, one))]
    async with scene.ask("all mail between two people") as asked:
        answer = []
        for sender, recipient in ((one, other), (other, one)):
            summary = await asked.summarize(sender=[sender], participant=[recipient], group_by=["month"])
            assert summary["Complete"]
            answer.append(summary["Messages"])
        assert sum(right)
        asked.is_answered(answer, right)
