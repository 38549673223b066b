"""What a table says that came with a mail."""

import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.sample.year import messages
from mail_archive_tools.access import Access
from tests.conftest import Sample
from tests.investigations.common import Investigation, mail_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_what_a_table_says(sample: Sample, access: Access) -> None:
    tables = [
        part.get_payload(decode=True)
        for each in messages()
        for part in mail_of(each.raw).parsed.walk()
        if part.get_filename() == "offer.csv"
    ]
    assert len({bytes(each) for each in tables if isinstance(each, bytes)}) == 1
    async with Client(build_server(lambda: access)) as client:
        asked = Investigation(client, sample.archive_id, "what a table says")
        page = await asked.search(filter_here={"attachment_name": ["offer.csv"]}, limit=1)
        archived_message_id = page["Rows"][0]["ArchivedMessageId"]
        message = await asked.ask("read_archive_message", archived_message_id=archived_message_id)
        (attachment,) = message["Attachments"]
        read = await asked.ask(
            "read_archive_attachment",
            archived_message_id=archived_message_id,
            attachment_id=attachment["AttachmentId"],
        )
        asked.is_answered(all(value in read["Text"] for value in ("Gauge G-7", "129.00")), True, by="messages")
