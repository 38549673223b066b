"""A folder that somebody else has made: it may look like an archive, and answer what its maker likes."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mail_archive_local.storage.failures import StoreDamaged, StoreError
from mail_archive_local.storage.given.definitions import harden
from mail_archive_local.storage.given.files import leave_to_owner
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_tools import system
from tests.conftest import eml
from tests.warm import run

HIDING = (
    "CREATE TRIGGER {name} AFTER INSERT ON search BEGIN UPDATE search SET found = '[]' WHERE number = new.number; END"
)
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {columns} FROM c WHERE x < 0"
COLUMNS = {
    "message": "1 id, 'x' archived_message_id, 0 has_attachments, '{}' api_row, '{}' metadata",
    "row_hash": "'x' \"table\", 1 number, x'00' sha256",
    "setting": "'a' || x name, 'b' value",
    "archive": "1 number, 'a' archive_id",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    (folder / "one.eml").write_bytes(eml(Subject="An invoice"))
    assert run("import", "--no-index", str(folder / "archive"), str(folder / "one.eml")).returncode == 0
    return folder / "archive"


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "archive")
    return tmp_path / "archive"


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def plant(folder: Path, kind: str, name: str, table: str, sql: str) -> None:
    """Put a row into the schema that SQLite takes in no other way."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, 0, ?)", (kind, name, table, sql))
        (version,) = db.execute("PRAGMA schema_version").fetchone()
        db.execute(f"PRAGMA schema_version = {version + 1}")


def assert_is_refused(folder: Path, named: str) -> None:
    """Neither verify nor serving goes on, and both name why."""
    verified = run("verify", "--json", str(folder))
    found = json.loads(verified.stdout)
    assert verified.returncode == 1 and found["Whole"] is False
    (complaint,) = found["Database"]
    assert complaint.startswith(named) and "nothing else was looked at" in complaint
    for how in ({}, {"looking": True}, {"create": True}):
        with pytest.raises(StoreDamaged, match="leave mail out, or never end") as refused:
            Store(folder, **how)
        assert named in str(refused.value)


@pytest.mark.parametrize("name", ["sqlite_stat9", "sqlite_stat1", "sqlite_stat", "sqlite_sequence", "planted"])
def test_a_trigger_that_leaves_mail_out_of_searches_is_refused_by_whatever_name(archive: Path, name: str) -> None:
    plant(archive, "trigger", name, "search", HIDING.format(name=name))
    with closing(sqlite3.connect(archive / DATABASE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert_is_refused(archive, f"trigger {name} is not defined as it was made")


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_that_is_an_endless_view_is_refused_before_it_is_read(archive: Path, table: str) -> None:
    change(archive, f"DROP TABLE {table}", f"CREATE VIEW {table} AS {ENDLESS.format(columns=COLUMNS[table])}")
    assert_is_refused(archive, f"view {table} is not defined as it was made")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE VIEW planted AS SELECT 1", "view planted"),
        ("CREATE VIRTUAL TABLE planted USING rtree (id, a, b)", "table planted"),
        ("CREATE TABLE planted (x)", "table planted"),
        ("ALTER TABLE message ADD COLUMN x AS (1)", "table message"),
        ("ALTER TABLE message ADD COLUMN x TEXT DEFAULT '-- x'", "table message"),
    ],
)
def test_whatever_else_is_defined_otherwise_is_refused(archive: Path, statement: str, named: str) -> None:
    change(archive, statement)
    with pytest.raises(StoreDamaged, match=named):
        Store(archive)


def test_many_of_them_are_said_in_one_sentence_that_does_not_act_on_the_terminal(archive: Path) -> None:
    change(archive, *(f'CREATE VIEW "{number}\x1b[2J{"x" * 500}" AS SELECT 1' for number in range(9)))
    with pytest.raises(StoreDamaged, match="and 6 more are not defined as they were made") as refused:
        Store(archive)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 1_000


def test_an_archive_that_sqlite_has_analyzed_is_whole(archive: Path) -> None:
    change(archive, "ANALYZE")
    assert run("verify", str(archive)).returncode == 0


def test_what_could_be_planted_does_not_run_where_python_can_have_it_so(archive: Path) -> None:
    change(archive, "CREATE VIEW planted AS SELECT 1", HIDING.format(name="hiding"))
    with closing(sqlite3.connect(archive / DATABASE)) as db:
        harden(db)
        assert db.execute("PRAGMA trusted_schema").fetchone() == (0,)
        if not hasattr(db, "setconfig"):
            # Before Python 3.12.
            return
        with pytest.raises(sqlite3.OperationalError, match="planted"):
            db.execute("SELECT * FROM planted")
        values = (99, "s", 1, "{}", 0.0, 0.0, 0.0, None, "[1]")
        db.execute("INSERT INTO search VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        assert db.execute("SELECT found FROM search WHERE number = 99").fetchone() == ("[1]",)


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_a_link_in_place_of_a_file_of_the_archive_is_refused_and_not_followed(
    archive: Path, tmp_path: Path, end: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes((archive / DATABASE).read_bytes() if not end else b"precious")
    before = victim.read_bytes()
    link = archive / f"{DATABASE}{end}"
    link.unlink(missing_ok=True)
    link.symlink_to(victim)
    for how in ({}, {"looking": True}, {"create": True}):
        with pytest.raises(StoreError, match="is a symbolic link"):
            Store(archive, **how)
    assert victim.read_bytes() == before


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
@pytest.mark.parametrize("of_what", ["a folder", "a file"])
def test_import_leaves_alone_what_a_link_in_the_folder_leads_to(made: Path, archive: Path, of_what: str) -> None:
    victim = archive.parent / "victim"
    if of_what == "a folder":
        victim.mkdir()
    else:
        victim.write_bytes(b"")
    victim.chmod(0o755)
    (archive / f"{DATABASE}-a").symlink_to(victim)
    (archive / DATABASE).chmod(0o644)

    assert run("import", "--no-index", str(archive), str(made.parent / "one.eml")).returncode == 0
    assert victim.stat().st_mode & 0o777 == 0o755
    assert (archive / DATABASE).stat().st_mode & 0o777 == 0o600

    # Also where it became one after it was looked at.
    with pytest.raises(OSError, match="symbolic link"):
        leave_to_owner(archive / f"{DATABASE}-a", 0o600)
    assert victim.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="there are no modes")
def test_a_folder_that_the_user_named_by_a_link_is_left_to_its_owner(made: Path, archive: Path) -> None:
    (archive.parent / "named").symlink_to(archive)
    archive.chmod(0o755)
    assert run("import", "--no-index", str(archive.parent / "named"), str(made.parent / "one.eml")).returncode == 0
    assert archive.stat().st_mode & 0o777 == 0o700


def test_mail_of_a_given_folder_in_a_new_one_has_keys_that_the_giver_does_not_know(archive: Path) -> None:
    out, own = archive.parent / "out", archive.parent / "own"
    assert run("export-local", str(archive), str(out)).returncode == 0
    assert run("import", "--no-index", str(own), str(out)).returncode == 0
    with Store(archive) as known, Store(own) as new:
        assert new.credentials != known.credentials and new.link_key != known.link_key
        assert [len(list(store.archives())) for store in (known, new)] == [1, 1]
    assert "1 message looked at" in run("verify", str(own)).stdout
