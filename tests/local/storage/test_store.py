"""The folder: what is none, cannot be used, or is used by several processes at once."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mail_archive_local.context import Local
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.failures import StoreBusy, StoreError, StoreUnwritable
from mail_archive_local.storage.opening import DATABASE, SCHEMA_VERSION
from mail_archive_local.storage.store import Store
from tests.conftest import eml
from tests.folder import keeping_archive
from tests.pace import HANGS


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, whom no file mode stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local archive with one message, closed."""
    path = tmp_path / "archive"
    with Store(path, create=True) as store:
        archive_id = keeping_archive(Local(store, str), "mail")
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(archive, [describe(eml(Subject="one"), archive_id, 0)])
    return path


def count(folder: Path) -> int:
    with Store(folder) as store:
        return store.count_messages(store.archives()[0])


def test_a_folder_that_does_not_exist_or_is_no_archive_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    for name, problem in (("nowhere", "does not exist"), ("photos", "is not a local archive")):
        with pytest.raises(StoreError, match=rf"{name} {problem}.*import"):
            Store(tmp_path / name)


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    with pytest.raises(StoreError, match="not empty"):
        Store(tmp_path, create=True)
    assert [each.name for each in tmp_path.iterdir()] == ["cat.png"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "file", create=True)


def test_what_is_not_a_database_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database at all " * 100)
    with pytest.raises(StoreError, match="not a database of a local archive"):
        Store(tmp_path)
    assert (tmp_path / DATABASE).read_bytes().startswith(b"not a database")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("CREATE TABLE cats (name)")
    db.close()
    for create in (False, True):
        with pytest.raises(StoreError, match="belongs to something else"):
            Store(tmp_path, create=create)


def test_a_newer_version_is_refused_and_kept(folder: Path) -> None:
    db = sqlite3.connect(folder / DATABASE)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.commit()
    with pytest.raises(StoreError, match=r"newer mail-archive-mcp.*Upgrade"):
        Store(folder)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.close()
    assert count(folder) == 1


def test_a_read_only_folder_is_read_and_says_so_where_it_would_have_to_be_written(folder: Path) -> None:
    for path in (folder.parent, folder):
        path.chmod(0o755)
    for parent in folder.parents[1:-1]:
        parent.chmod(parent.stat().st_mode | 0o055)
    (folder / DATABASE).chmod(0o444)
    folder.chmod(0o555)
    with as_nobody(), Store(folder) as store:
        assert store.count_messages(store.archives()[0]) == 1 and "cannot be written" in store.why_not_written
        with pytest.raises(StoreUnwritable, match=r"cannot be written.*not changed"), store.writing() as db:
            store.change_archive(db, 1, {"name": "other"})
    with as_nobody(), pytest.raises(StoreUnwritable, match=r"cannot be written.*write access"):
        Store(folder, create=True)
    folder.chmod(0o755)
    (folder / DATABASE).chmod(0o644)
    assert count(folder) == 1


def test_a_locked_folder_is_said_and_nothing_is_lost(folder: Path) -> None:
    with Store(folder) as store:
        other = sqlite3.connect(folder / DATABASE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        # Opening and reading go on while somebody writes.
        with Store(folder, busy_seconds=0.1) as second:
            assert len(second.archives()) == 1
            with pytest.raises(StoreBusy, match=r"locked by another process.*try again"), second.writing():
                pass
        other.execute("ROLLBACK")
        other.close()
        with store.writing():
            pass
    assert count(folder) == 1


WRITER = """
import sys
from pathlib import Path
from mail_archive_local.storage.store import Store
from mail_archive_local.importing.record import describe
with Store(Path(sys.argv[1])) as store:
    archive = store.archives()[0]
    for number in range(100):
        raw = f"Subject: {sys.argv[2]} {number}\\r\\n\\r\\n".encode()
        store.add_messages(archive, [describe(raw, archive.archive_id, number)])
"""


def test_two_processes_write_at_a_time(folder: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name]) for name in ("first", "second")]
    assert [writer.wait(HANGS) for writer in writers] == [0, 0]
    assert count(folder) == 201


def test_two_processes_make_a_folder_at_a_time(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from mail_archive_local.storage.store import Store\n"
    script += "Store(Path(sys.argv[1]), create=True)"
    makers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "new")]) for _ in range(4)]
    assert [maker.wait(HANGS) for maker in makers] == [0] * 4


def test_a_removed_archive_takes_everything_along(folder: Path) -> None:
    with Store(folder) as store:
        archive = store.archives()[0]
        with store.writing() as db:
            store.remove_archive(db, archive.number)
        with store.reading() as db:
            left = {
                table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("archive", "message", "raw", "searchable", "search")
            }
            db.execute("INSERT INTO trigram (trigram) VALUES ('integrity-check')")
        assert left == dict.fromkeys(left, 0)


def test_messages_of_one_second_keep_their_own_keys(folder: Path) -> None:
    with Store(folder) as store:
        archive = store.archives()[0]
        raws = [eml(Subject=str(number)) for number in range(50)]
        assert store.add_messages(archive, [describe(raw, archive.archive_id, 7.0) for raw in raws]) == 50
        assert store.add_messages(archive, [describe(raw, archive.archive_id, 7.0) for raw in raws]) == 0
        assert store.count_messages(archive) == 51


def test_a_database_that_is_gone_is_not_made_anew(folder: Path) -> None:
    with Store(folder) as store:
        store.close()
        for path in folder.iterdir():
            path.unlink()
        with pytest.raises(StoreError, match=r"cannot be"):
            store.archives()
    assert list(folder.iterdir()) == []
