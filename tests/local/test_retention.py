"""Retention deletes: what is older than its archive keeps mail is gone, from the disk too; and nothing else is."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.importing.record import describe
from mail_archive_local.operations.archives import create_archive
from mail_archive_local.operations.retention import delete_what_is_older, first_second_kept, keep_deleting
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from tests.conftest import Clock, LocalApi, eml
from tests.pace import wait_until

DAY = 86_400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("retention", "now", "first"),
    [
        ("THREE_MONTHS", "2026-01-31T12:00:00", "2025-10-31T12:00:00"),
        ("SIX_MONTHS", "2025-08-31T00:00:00", "2025-02-28T00:00:00"),
        ("SIX_MONTHS", "2024-08-31T00:00:00", "2024-02-29T00:00:00"),
        ("ONE_YEAR", "2024-02-29T01:02:03", "2023-02-28T01:02:03"),
        ("TEN_YEARS", "2026-01-01T00:00:00", "2016-01-01T00:00:00"),
    ],
)
def test_months_are_those_of_the_calendar(retention: str, now: str, first: str) -> None:
    assert first_second_kept(retention, at(now)) == at(first)


def test_for_ever_is_for_ever() -> None:
    assert first_second_kept("PERMANENT", at("2026-01-01T00:00:00")) is None


def put(api: LocalApi, archive_id: str, *days_ago: float) -> None:
    archive = api.store.archive(archive_id)
    assert archive is not None
    messages = [
        describe(
            eml(From="a@b.example", Subject=f"{days} days ago", body=f"secret-{days}\r\n"),
            archive_id,
            api.clock.now - days * DAY,
        )
        for days in days_ago
    ]
    api.store.add_messages(archive, messages)


def subjects(api: LocalApi) -> set[str]:
    with api.store.reading() as db:
        return {subject for (subject,) in db.execute("SELECT subject FROM searchable")}


def test_what_is_older_is_deleted_and_the_rest_is_found(api: LocalApi) -> None:
    kept = api.client.create_archive(ArchiveName="kept", Retention={"RetentionPeriod": "PERMANENT"})["ArchiveId"]
    short = api.client.create_archive(ArchiveName="short", Retention={"RetentionPeriod": "THREE_MONTHS"})["ArchiveId"]
    put(api, kept, 1, 4_000)
    put(api, short, 2, 91, 93, 5_000)
    assert delete_what_is_older(api.local) == 2
    assert subjects(api) == {"1 days ago", "4000 days ago", "2 days ago", "91 days ago"}
    assert delete_what_is_older(api.local) == 0
    api.clock.now += 2 * DAY
    assert delete_what_is_older(api.local) == 1
    # The index is still that of the messages.
    with api.store.writing() as db:
        db.execute("INSERT INTO trigram (trigram, rank) VALUES ('integrity-check', 1)")


def test_what_was_deleted_is_not_on_the_disk(api: LocalApi) -> None:
    archive_id = api.client.create_archive(ArchiveName="short")["ArchiveId"]
    put(api, archive_id, 3, 300)
    everything = b"".join(path.read_bytes() for path in api.store.folder.iterdir())
    assert b"secret-300" in everything
    delete_what_is_older(api.local)
    everything = b"".join(path.read_bytes() for path in api.store.folder.iterdir())
    assert b"secret-300" not in everything and b"300 days ago" not in everything and b"secret-3" in everything


def test_a_shorter_retention_deletes_at_the_next_look(api: LocalApi, clock: Clock) -> None:
    archive_id = api.client.create_archive(ArchiveName="kept", Retention={"RetentionPeriod": "PERMANENT"})["ArchiveId"]
    put(api, archive_id, 1, 400)
    api.client.update_archive(ArchiveId=archive_id, Retention={"RetentionPeriod": "ONE_YEAR"})
    assert subjects(api) == {"1 days ago", "400 days ago"}
    delete_what_is_older(api.local)
    assert subjects(api) == {"1 days ago"}


def test_a_served_archive_deletes_as_time_passes(api: LocalApi, clock: Clock, waits: Callable[..., None]) -> None:
    archive_id = api.client.create_archive(ArchiveName="short")["ArchiveId"]
    put(api, archive_id, 3)
    ended = keep_deleting(api.local, sweep_seconds=0.01)
    try:
        clock.now += 365 * DAY
        waits(lambda: subjects(api) == set())
    finally:
        ended.set()


@pytest.fixture
def waits() -> Callable[..., None]:
    return wait_until


def old_mail(folder: Path) -> Path:
    folder.mkdir()
    (folder / "old.eml").write_bytes(eml(From="a@b.example", Subject="old", Date="Mon, 2 Jun 2014 10:00:00 +0000"))
    return folder


def test_opening_deletes_before_the_first_answer(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with Store(folder, create=True) as store:
        archive_id = create_archive(Local(store, str), {"ArchiveName": "short"})["ArchiveId"]
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(archive, [describe(eml(Subject="old"), archive_id, at("2014-06-02T10:00:00"))])
    open_access(Settings(local=folder))
    with Store(folder) as store:
        assert store.count_messages(archive) == 0


def test_mail_that_is_too_old_is_not_put_in_and_that_is_said(tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = create_archive(Local(store, str), {"ArchiveName": "short"})["ArchiveId"]
        archive = store.archive(archive_id)
        assert archive is not None
        tally = import_mail(store, archive, [old_mail(tmp_path / "mail")])
        assert (tally.added, tally.skips) == (0, 1)
        assert "older than the archive keeps mail (SIX_MONTHS)" in tally.skipped[0].reason


def test_a_folder_of_the_first_version_loses_nothing(tmp_path: Path) -> None:
    """That version deleted nothing for its age: its archives with mail keep it for ever from now on."""
    folder = tmp_path / "archive"
    with Store(folder, create=True) as store:
        local = Local(store, str)
        ids = [create_archive(local, {"ArchiveName": name})["ArchiveId"] for name in ("with-mail", "empty")]
        archive = store.archive(ids[0])
        assert archive is not None
        store.add_messages(archive, [describe(eml(Subject="old"), ids[0], at("2014-06-02T10:00:00"))])
    with sqlite3.connect(folder / DATABASE) as db:
        for table in ("export", "export_message", "given_id", "imported_object", "message_hash", "row_hash"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    db.close()

    open_access(Settings(local=folder))
    with Store(folder) as store:
        assert store.count_messages(archive) == 1
        assert [each.retention for each in store.archives()] == ["PERMANENT", "SIX_MONTHS"]
        assert store.archives_of_messages([]) == {}
