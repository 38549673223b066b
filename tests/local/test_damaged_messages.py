"""A message whose bytes are not those that were put in is handed out by no door; the refusal names `verify`."""

import re
from pathlib import Path

import httpx
import pytest

from mail_archive_local.evidence.comparing import compare_with_archive
from mail_archive_local.evidence.exporting import export_to
from mail_archive_local.evidence.forms import EXPORT_MANIFEST, ExportForm
from mail_archive_local.evidence.listing import EVERYTHING
from mail_archive_local.exporting.delivery import FolderDelivery
from mail_archive_local.importing.record import Known, describe
from mail_archive_local.storage.failures import MessageDamaged
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.read import read_archive_message, read_archive_messages
from tests.buckets import ended
from tests.conftest import LocalApi, Sample, eml
from tests.local.storage.test_read_only import older
from tests.local.test_exports import Exporting
from tests.local.test_searches import NOON, RANGE, add
from tests.tools.test_messages import put
from tests.warm import run

RAW = eml(Subject="Whole", Date="Sun, 1 Jun 2025 12:00:00 +0000", body="The sum is twelve.\r\n")
VERIFY = "`mail-archive-mcp verify "


def flip(api: LocalApi, archived_message_id: str) -> None:
    """Change one bit of a message."""
    with api.store.writing() as db:
        flipped = RAW.replace(b"twelve", b"twemve")
        these = "SELECT id FROM message WHERE archived_message_id = ?"
        db.execute(f"UPDATE raw SET bytes = ? WHERE id = ({these})", (flipped, archived_message_id))


@pytest.fixture(params=["", "given-by-aws-0001"])
def message_id(api: LocalApi, request: pytest.FixtureRequest) -> str:
    """A message with an id of its bytes, or with another archive's."""
    archive = api.store.archive(add(api, RAW + b"\n"))
    assert archive is not None
    known = Known(request.param, NOON.timestamp(), {}, {}) if request.param else None
    new = describe(RAW, archive.archive_id, NOON.timestamp(), known=known)
    api.store.add_messages(archive, [new])
    return new.archived_message_id


def test_it_is_refused_as_a_link_as_content_and_by_a_link_of_before(api: LocalApi, message_id: str) -> None:
    link = api.client.get_archive_message(ArchivedMessageId=message_id)["MessageDownloadLink"]
    assert httpx.get(link).content == RAW
    flip(api, message_id)
    for operation in (api.client.get_archive_message, api.client.get_archive_message_content):
        with pytest.raises(api.client.exceptions.ClientError, match=VERIFY) as caught:
            operation(ArchivedMessageId=message_id)
        assert caught.value.response["Error"]["Code"] == "LocalArchiveUnavailable"
    reply = httpx.get(link)
    assert reply.status_code == 500 and VERIFY in reply.text and "twemve" not in reply.text


def test_what_searches_show_of_it_and_the_others_stay(api: LocalApi, message_id: str) -> None:
    flip(api, message_id)
    search_id = api.client.start_archive_search(ArchiveId=add(api, RAW + b"\n"), **RANGE, MaxResults=5)["SearchId"]
    api.clock.now += 10
    rows = api.client.get_archive_search_results(SearchId=search_id)["Rows"]
    assert len(rows) == 2 and {row["Subject"] for row in rows} == {"Whole"}
    (other,) = [row["ArchivedMessageId"] for row in rows if row["ArchivedMessageId"] != message_id]
    assert api.client.get_archive_message(ArchivedMessageId=other)["MessageDownloadLink"]


def test_it_is_written_by_no_export_and_called_changed_beside_its_manifest(
    api: LocalApi, message_id: str, tmp_path: Path
) -> None:
    (archive,) = api.store.archives()
    out = tmp_path / "before"
    export_to(out, api.store, archive, EVERYTHING, ExportForm())
    flip(api, message_id)
    compared = compare_with_archive(out / EXPORT_MANIFEST, api.store)
    assert compared.changed == [message_id] and compared.same == 1 and not compared.missing
    with pytest.raises(MessageDamaged, match=VERIFY):
        export_to(tmp_path / "out", api.store, archive, EVERYTHING, ExportForm())
    assert not (tmp_path / "out" / EXPORT_MANIFEST).exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE message SET api_row = json_replace(api_row, '$.Subject', 'Whale')",
        "UPDATE message SET metadata = metadata || ' '",
        "UPDATE message SET api_row = CAST(x'7bff' AS TEXT)",
        "UPDATE searchable SET subject = 'whale'",
        "DELETE FROM raw",
    ],
)
def test_a_changed_record_is_written_by_no_local_export(own_sample: Sample, tmp_path: Path, change: str) -> None:
    with Store(own_sample.folder) as store, store.writing() as db:
        db.execute(f"{change} WHERE id = (SELECT max(id) FROM message)")
    done = run("export-local", str(own_sample.folder), str(tmp_path / "out"))
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert "The record of message" in done.stderr and VERIFY in done.stderr, done.stderr


def test_a_record_without_a_hash_of_a_version_before_is_exported(own_sample: Sample, tmp_path: Path) -> None:
    older(own_sample.folder)
    done = run("export-local", str(own_sample.folder), str(tmp_path / "out"))
    assert done.returncode == 0 and "300 messages" in done.stdout, done.stderr


def test_an_export_with_it_fails_and_says_why(own_sample: Sample, tmp_path: Path) -> None:
    put(own_sample, RAW)
    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    exporting = Exporting(own_sample.folder, own_sample.archive_id, FolderDelivery(tmp_path / "buckets"))
    with exporting.store as store:
        with store.writing() as db:
            db.execute("UPDATE raw SET bytes = 'x' WHERE id = (SELECT max(id) FROM message)")
        status = ended(exporting.client, exporting.start())["Status"]
    assert status["State"] == "FAILED" and VERIFY in status["ErrorMessage"]
    assert re.fullmatch(r".*[^.]\.", status["ErrorMessage"])


@pytest.mark.anyio
async def test_tools_say_the_sentence_and_read_the_others(own_sample: Sample) -> None:
    whole, damaged = put(own_sample, RAW + b"\n"), put(own_sample, RAW)
    access = open_access(Settings(local=own_sample.folder, search_seconds=0))
    with Store(own_sample.folder) as store, store.writing() as db:
        found = db.execute("SELECT id FROM message WHERE archived_message_id = ?", (damaged,)).fetchone()
        db.execute("UPDATE raw SET bytes = ? WHERE id = ?", (RAW[:-9], *found))
    with pytest.raises(ArchiveError, match=VERIFY) as refused:
        await read_archive_message(damaged, access=access)
    said = str(refused.value)
    assert said.startswith(f"Message {damaged} of the local archive at {own_sample.folder} is not what was put in")
    assert "Mail Manager" not in said and re.fullmatch(r".*[^.]\.", said)
    several = await read_archive_messages([whole, damaged], access=access)
    assert [each.archived_message_id for each in several.messages] == [whole]
    assert several.not_shown and VERIFY in several.not_shown[0].why
