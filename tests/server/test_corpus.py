"""Real mail: all of it is imported, and read through a real client."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.storage import row_keys as keys
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.answers.budget import TOOL_ANSWER_BYTES
from tests.conftest import ERAS, READ_OF_CORPUS, text_of
from tests.folder import keeping_archive

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SETS = ("bounces", "cpython", "notmuch", "quotes", "rspamd", "spamassassin", "stalwart")
NO_MAIL = {
    "cpython": {"msg_19.txt"},  # the end of a message only
    "notmuch": {"README"},
    "stalwart": {"COPYING"},
}
"""Files that are no mail."""

DAY = 86_400


@pytest.fixture(scope="module")
def folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A local archive with one archive for each set."""
    path = tmp_path_factory.mktemp("corpus") / "archive"
    with Store(path, create=True) as store:
        for name in SETS:
            keeping_archive(Local(store, str), name)
    yield path
    shutil.rmtree(path)


def archive_of(store: Store, name: str) -> ArchiveRecord:
    return next(archive for archive in store.archives() if archive.name == name)


def days_with_mail(store: Store, archive: ArchiveRecord) -> list[int]:
    """Each day on which a message was received, in days since 1970."""
    first = keys.first_key(archive.number, 0)
    sql = "SELECT DISTINCT json_extract(api_row, '$.ReceivedTimestamp') / 86400 FROM message WHERE id BETWEEN ? AND ?"
    with store.reading() as db:
        return [row[0] for row in db.execute(sql, (first, keys.last_key(archive.number, 1 << 40)))]


@pytest.mark.parametrize("name", SETS)
async def test_a_set_is_imported_and_read_without_a_crash(corpus: Path, folder: Path, name: str) -> None:
    with Store(folder) as store:
        archive = archive_of(store, name)
        tally = import_mail(store, archive, [corpus / name])
        skipped = {Path(each.origin).name for each in tally.skipped if not each.origin.endswith((".json", ".md"))}
        days = days_with_mail(store, archive)
    assert tally.added
    if name != "quotes":  # most of that set are bodies without a header
        assert skipped == NO_MAIL.get(name, set())
    access = open_access(Settings(local=folder, search_seconds=0))
    read: set[str] = set()
    # All of it is of one archive, so that one worker may read many; one for each message is tried elsewhere.
    with access.reader.sandbox.batch(archive.archive_id):
        async with Client(build_server(lambda: access), mode=ERAS[len(name) % 2]) as client:
            for row in await all_rows(client, archive.archive_id, min(days), max(days)):
                message_id = row["ArchivedMessageId"]
                # What the service notes of a message is much the same for all: one in five will do.
                noted = ("get_archive_message",) if len(read) % 5 == 0 else ()
                for tool in (*noted, "get_archive_message_content", "read_archive_message"):
                    answer = await client.call_tool(tool, {"archived_message_id": message_id})
                    assert not answer.is_error, (message_id, text_of(answer))
                    assert len(text_of(answer).encode()) < TOOL_ANSWER_BYTES
                assert len(json.dumps(answer.structured_content, ensure_ascii=False).encode()) < 24_000
                await read_attachments(client, message_id, answer.structured_content or {})
                read.add(message_id)
    assert len(read) == tally.added
    READ_OF_CORPUS[name] = len(read)


async def read_attachments(client: Client, message_id: str, message: dict[str, Any]) -> None:
    for attachment in message.get("Attachments", [])[:1]:
        wanted = {"archived_message_id": message_id, "attachment_id": attachment["AttachmentId"]}
        answer = await client.call_tool("read_archive_attachment", wanted)
        assert not answer.is_error, (wanted, text_of(answer))
        shown = answer.structured_content or {}
        assert shown["Attachment"]["Sha256"] == attachment["Sha256"]
        assert "Text" in shown or shown["Notes"]


async def all_rows(client: Client, archive_id: str, first: int, last: int) -> list[dict[str, Any]]:
    """Every row of the archive, whatever the years its mail is of."""
    begin, end = (datetime.fromtimestamp(day * DAY, UTC).isoformat() for day in (first, last + 1))
    words = {"archive_id": archive_id, "from_timestamp": begin, "to_timestamp": end, "deduplicate": False}
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.call_tool("search_archive", {**words, "limit": 50, **cursor})
        assert not answer.is_error, text_of(answer)
        page = answer.structured_content or {}
        rows += page["Rows"]
        if "NextCursor" not in page:
            assert page["Complete"] and page["RowsSoFar"] == len(rows)
            return rows
        cursor = {"cursor": page["NextCursor"]}
