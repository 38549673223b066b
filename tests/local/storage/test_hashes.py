"""The hashes of records: made when a message is put in; of archives of a version before, by the next import."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from tests.conftest import eml
from tests.local.storage.test_damage import change, verified
from tests.warm import run

SINCE_VERSION_3 = ("message_hash", "row_hash")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with mail, and an archive of it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "mail").mkdir()
    for number in range(5):
        raw = eml(From="a@b.example", Subject=f"number {number}", Date=f"Mon, {number + 2} Jun 2025 10:00:00 +0000")
        (folder / "mail" / f"{number}.eml").write_bytes(raw)
    assert run("import", "--no-index", str(folder / "archive"), str(folder / "mail")).returncode == 0
    return folder


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "archive", tmp_path / "archive")
    return tmp_path / "archive"


def of_version_2(archive: Path) -> None:
    for table in SINCE_VERSION_3:
        change(archive, f"DROP TABLE {table}")
    change(archive, "PRAGMA user_version = 2")


def test_an_archive_of_a_version_before_says_what_was_not_checked(archive: Path) -> None:
    of_version_2(archive)
    found = verified(archive)
    assert found["Whole"] is True and (found["WithoutHash"], found["HashedLater"]) == (5, 0)
    said = run("verify", str(archive)).stdout
    assert "5 records without a hash" in said and "not what searches show" in said and "next import" in said


def test_serving_it_does_not_claim_more(archive: Path) -> None:
    of_version_2(archive)
    Store(archive).close()
    found = verified(archive)
    assert found["Whole"] is True and (found["WithoutHash"], found["HashedLater"]) == (5, 0)


def test_the_next_import_makes_its_hashes_and_verify_says_that_they_are_younger(made: Path, archive: Path) -> None:
    of_version_2(archive)
    assert (
        "5 messages of a version before got a hash"
        in run("import", "--no-index", str(archive), str(made / "mail")).stderr
    )
    found = verified(archive)
    assert found["Whole"] is True and (found["WithoutHash"], found["HashedLater"]) == (0, 5)
    assert "that they were whole until then is not known" in run("verify", str(archive)).stdout
    change(archive, "UPDATE message SET api_row = replace(api_row, 'number 3', 'forged 3')")
    assert len(list(verified(archive)["Damaged"])) == 1  # type: ignore[call-overload]


def test_a_message_that_is_damaged_already_gets_no_hash_but_is_put_in_anew(made: Path, archive: Path) -> None:
    of_version_2(archive)
    change(archive, "UPDATE raw SET bytes = bytes || 'forged' WHERE id = (SELECT min(id) FROM raw)")
    assert run("import", "--no-index", str(archive), str(made / "mail")).returncode == 0
    found = verified(archive)
    assert found["Whole"] is True and (found["WithoutHash"], found["HashedLater"]) == (0, 4)


def test_a_hash_that_is_gone_is_damage(archive: Path) -> None:
    change(archive, "DELETE FROM message_hash WHERE id = (SELECT min(id) FROM message_hash)")
    assert verified(archive)["OtherRows"] == ["The hashes of 1 records are gone."]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("UPDATE archive SET name = 'other'", "archive 1 is not what was written"),
        ("UPDATE archive SET retention = 'ONE_YEAR'", "archive 1 is not what was written"),
        ("UPDATE archive SET tags = '[]  '", "archive 1 is not what was written"),
        ("UPDATE setting SET value = 'x' WHERE name = 'secret_access_key'", "The settings are not what was written"),
        ("DELETE FROM row_hash WHERE \"table\" = 'archive'", "archive 1 is not what was written"),
        ("INSERT INTO row_hash VALUES ('search', 7, x'00')", "search 7 is gone, though the hash is there"),
    ],
)
def test_what_else_was_changed_by_another_program_is_named(archive: Path, changed: str, said: str) -> None:
    change(archive, changed)
    assert said in str(verified(archive)["OtherRows"])
    assert "changed by another program" in run("verify", str(archive)).stderr


@pytest.mark.parametrize(
    "changed",
    ["DROP INDEX archive_active_name", "CREATE INDEX planted ON message (metadata)", "CREATE TABLE planted (x)"],
)
def test_tables_that_are_not_as_they_were_made_are_named(archive: Path, changed: str) -> None:
    change(archive, changed)
    assert "is not defined as it was made" in str(verified(archive)["Database"])


def test_a_record_that_todays_reader_makes_otherwise_is_information_and_no_damage(archive: Path) -> None:
    with Store(archive) as store:
        (record,) = store.archives()
        db = sqlite3.connect(archive / DATABASE)
        rows = db.execute("SELECT archived_message_id FROM message WHERE api_row LIKE '%number 4%'").fetchall()
        db.close()
        message = store.message(rows[0][0])
        assert message is not None
        _put_in_as_an_older_reader(store, record.archive_id, rows[0][0])
    found = verified(archive)
    assert found["Whole"] is True and found["ReadOtherwise"] == [rows[0][0]]
    assert "That says nothing of damage." in run("verify", str(archive)).stdout


def _put_in_as_an_older_reader(store: Store, archive_id: str, message_id: str) -> None:
    """Put a message in anew as a reader saw it that left the folding of a subject in."""
    from mail_archive_local.importing.record import describe

    archive = store.archive(archive_id)
    message = store.message(message_id)
    assert archive is not None and message is not None
    raw = store.raw_message(message.id) or b""
    described = describe(raw, archive_id, 0)
    older = described._replace(
        api_row=described.api_row.replace("number 4", "number  4"),
        searchable=(*described.searchable[:3], "number  4", *described.searchable[4:]),
        instead_of=message_id,
    )
    assert store.add_messages(archive, [older]) == 1
