"""A local archive made from an export answers as the original did, field by field, to a real client."""

import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.cli import main
from mail_archive_server.hosting.published import published_tools
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from tests.buckets import Bucket, export_access, s3_server
from tests.conftest import ERAS, READ_OF_CORPUS, Sample, text_of
from tests.folder import keeping_archive
from tests.server.test_exports import agree

pytestmark = pytest.mark.anyio

ALWAYS = {"from_timestamp": "1990-01-01", "to_timestamp": "2030-01-01"}
"""All of these archives' mail: that nothing is outside is looked at."""
OWN = {"MessageDownloadLink", "SearchId", "NextCursor", "ArchiveId"}
"""What two archives cannot say alike: links expire, searches and archives have ids of their own."""


async def export(access: Access, archive_id: str, location: str, era: Any) -> None:
    """All of an archive, with what is known beside its messages, by the tools."""
    server = build_server(lambda: access, tools=published_tools())
    async with Client(server, mode=era, elicitation_callback=agree) as client:
        asked = {
            "archive_id": archive_id,
            **ALWAYS,
            "include_metadata": True,
            "export_destination_configuration": {"s3": {"s3_location": location}},
        }
        started = await client.call_tool("start_archive_export", asked)
        assert not started.is_error, text_of(started)
        export_id = (started.structured_content or {})["ExportId"]
        waited = await client.call_tool("get_archive_export", {"export_id": export_id, "wait_seconds": 45})
        assert (waited.structured_content or {})["Status"]["State"] == "COMPLETED", text_of(waited)


async def export_to_folder(folder: Path, archive_id: str, buckets: Path, era: Any) -> Path:
    """The same, into a folder that stands for a bucket; returns where the objects are."""
    (buckets / "case").mkdir(parents=True)
    await export(export_access(folder, buckets), archive_id, "s3://case/all", era)
    return buckets / "case" / "all"


class Told:
    """What an archive answers: the pages of a search over all of it, and a call for each message, by its id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with Store(folder) as store:
            (archive,) = store.archives()
        self.archive_id = archive.archive_id

    async def rows(self, client: Client, **words: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        asked = {"archive_id": self.archive_id, "limit": 50, **words}
        while True:
            page = await client.call_tool("search_archive", asked)
            assert not page.is_error, text_of(page)
            members = page.structured_content or {}
            found += members["Rows"]
            if "NextCursor" not in members:
                return found
            asked["cursor"] = members["NextCursor"]

    async def message(self, client: Client, message_id: str) -> tuple[dict[str, Any], str]:
        answer = await client.call_tool("get_archive_message", {"archived_message_id": message_id})
        assert not answer.is_error, text_of(answer)
        members = {name: value for name, value in (answer.structured_content or {}).items() if name not in OWN}
        return members, re.sub(r"[0-9a-f]{16}(?=\]\])|http\S+", "", text_of(answer))


async def assert_same_answers(original: Path, copy: Path, era: Any, every: int = 1) -> int:
    """Ask both for all rows, and for every message or so many of them; returns how many messages there are."""
    one, other = Told(original), Told(copy)
    first, second = (open_access(Settings(local=each.folder, search_seconds=0)) for each in (one, other))
    async with Client(build_server(lambda: first), mode=era) as a, Client(build_server(lambda: second), mode=era) as b:
        rows = await one.rows(a, **ALWAYS)
        assert rows == await other.rows(b, **ALWAYS)
        days = sorted(row["ReceivedTimestamp"][:10] for row in rows)
        # The middle half: a few come from years in which there is nothing else.
        within = {"from_timestamp": days[len(days) // 4], "to_timestamp": days[len(days) * 3 // 4]}
        for words in ({"subject": ["re"]}, {"has_attachments": True}, {"exclude": {"subject": ["re"]}}):
            found = await one.rows(a, **within, **words)
            assert found == await other.rows(b, **within, **words) != []
        for row in rows[::every]:
            message_id = row["ArchivedMessageId"]
            said = await one.message(a, message_id)
            assert said == await other.message(b, message_id)
            assert said[0].get("Metadata")
    return sum(row.get("Copies", 1) for row in rows)


@pytest.mark.parametrize("era", ERAS)
async def test_an_archive_made_from_an_export_answers_as_the_original_did(
    own_sample: Sample, tmp_path: Path, era: Any
) -> None:
    objects = await export_to_folder(own_sample.folder, own_sample.archive_id, tmp_path / "buckets", era)
    main(["import", "--no-index", str(tmp_path / "copy"), str(objects)])
    assert await assert_same_answers(own_sample.folder, tmp_path / "copy", era) == 300


async def test_one_that_went_through_s3_answers_as_well(
    own_sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as url:
        bucket = Bucket(url, "round-trip")
        of_user = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "ENDPOINT_URL_S3": url, "REGION": "us-east-1"}
        for name, value in of_user.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        places = (f"s3://{bucket.name}",)
        settings = Settings(local=own_sample.folder, s3_endpoint_url=url, search_seconds=0, export_to=places)
        access = open_access(settings)
        await export(access, own_sample.archive_id, f"s3://{bucket.name}/all", "auto")
        main(["import", "--no-index", str(tmp_path / "copy"), f"s3://{bucket.name}/all"])
    assert await assert_same_answers(own_sample.folder, tmp_path / "copy", "auto") == 300


@pytest.mark.slow
@pytest.mark.parametrize(("name", "era"), [("notmuch", "auto"), ("rspamd", "legacy")])
async def test_real_mail_comes_back_as_it_was(corpus: Path, tmp_path: Path, name: str, era: Any) -> None:
    original = tmp_path / "original"
    with Store(original, create=True) as store:
        archive = store.archive(keeping_archive(Local(store, str), name))
        assert archive is not None
        import_mail(store, archive, [corpus / name])
    objects = await export_to_folder(original, archive.archive_id, tmp_path / "buckets", era)
    main(["import", "--no-index", str(tmp_path / "copy"), str(objects)])
    count = await assert_same_answers(original, tmp_path / "copy", era, every=4)
    with Store(original) as store:
        assert count == store.count_messages(archive) > 0
    READ_OF_CORPUS[f"{name}, exported and imported"] = count
