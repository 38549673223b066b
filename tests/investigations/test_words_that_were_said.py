"""Whether words were written by the author of a message, or only quoted."""

import pytest

from tests.investigations.conftest import Scene

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_wrote_the_words(scene: Scene) -> None:
    mail = next(each for each in scene.mails if each.subject == "Re: mplayer not working for me")
    lines = str(mail.parsed.get_payload()).splitlines()
    own = next(line for line in lines if len(line) > 40 and not line.startswith(">"))
    quoted = next(line.lstrip("> ") for line in lines if len(line) > 40 and line.startswith(">"))
    async with scene.ask("who wrote these words") as asked:
        page = await asked.search(subject=["mplayer not working"], filter_here={"message_id": [mail.message_id]})
        which = {"archived_message_id": page["Rows"][0]["ArchivedMessageId"]}
        wanted = [{**which, "quotation": words} for words in (own, quoted, "words that nobody wrote here")]
        checked = await asked.ask("check_quotations", quotations=wanted)
        results = [each["Result"] for each in checked["Quotations"]]
        asked.is_answered(results, ["verbatim", "in quoted text only", "not found"], by="messages")
