"""Addresses are evidence: programs get them whole, a reader with what would act broken up, and is told so."""

import json
from typing import Any

import pytest
from mcp import Client

from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from tests.conftest import ERAS, Sample, outside_the_fence, text_of

pytestmark = pytest.mark.anyio

DAY = {"from_timestamp": "2025-04-01T10:00:00Z", "to_timestamp": "2025-04-01T10:00:00Z"}
FIELDS = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")
SAID = "that would act as markup; structured content has"


def address(name: str) -> str:
    return f"img/src='{name.lower()}'|x@b.example"


MAIL = "".join(
    [
        f"Return-Path: <{address('return')}>\n",
        *(f'{name}: "<script>" <{address(name)}>\n' for name in FIELDS),
        "Subject: <s/x@b.example> <script>\nDate: Tue, 1 Apr 2025 10:00:00 +0000\n\n<script>\n",
    ]
).encode()


@pytest.mark.parametrize("era", ERAS)
async def test_structured_content_has_addresses_whole_and_the_text_says_where_it_has_not(
    own_sample: Sample, era: Any
) -> None:
    with Store(own_sample.folder) as store:
        archive = store.archives()[0]
        put = describe(MAIL, archive.archive_id, 0)
        usual = describe(b"From: Ann <ann@b.example>\nSubject: x\n\nx\n", archive.archive_id, 1_000)
        store.add_messages(archive, [put, usual])
    access = open_access(Settings(local=own_sample.folder, search_seconds=0))
    where, which = {"archive_id": own_sample.archive_id}, {"archived_message_id": put.archived_message_id}
    async with Client(build_server(lambda: access), mode=era) as client:

        async def call(tool: str, *names: str, **arguments: Any) -> dict[str, Any]:
            answer = await client.call_tool(tool, arguments)
            text, structured = text_of(answer), answer.structured_content or {}
            whole = json.dumps(structured, ensure_ascii=False)
            for name in names:
                assert f"<{address(name)}>" in whole, (tool, name)
                assert f"< {address(name)}>" in text, (tool, name)
                assert SAID in outside_the_fence(text), tool
            for channel in (text, whole):
                assert "<script" not in channel and "<s/x" not in channel, tool
            assert "<img" not in text, tool
            return structured

        page = await call("search_archive", "From", **where, **DAY)
        await call("get_archive_search_results", "From", "To", "Cc", search_id=page["SearchId"], detail="full")
        await call("read_archive_message", *FIELDS, "return", **which, sections=["headers", "text"])
        several = [which["archived_message_id"], usual.archived_message_id]
        await call("read_archive_messages", *FIELDS, archived_message_ids=several, sections=["headers"])
        await call("get_archive_thread", "From", **where, **which)
        await call("compare_archive_messages", "From", a=several[0], b=several[1])
        # Alone, an address is no markup.
        message = await call("get_archive_message", **which)
        assert message["Envelope"]["From"] == address("return")
        counted = await call("summarize_archive_search", **where, **DAY, group_by=["sender", "recipient", "pair"])
        assert counted["Summaries"][0]["Top"][0]["Value"] == address("From").lower()

        ordinary = await client.call_tool("read_archive_message", {"archived_message_id": usual.archived_message_id})
        assert "Ann <ann@b.example>" in text_of(ordinary) and SAID not in text_of(ordinary)
