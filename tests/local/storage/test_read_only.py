"""A folder that cannot be written: on read-only media, of another user, on a full disk. It is evidence all the same:
served, listed, searched, read, verified, exported; and nothing in it changes."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from mail_archive_local.storage import reading
from mail_archive_local.storage.failures import StoreError, StoreUnwritable
from mail_archive_local.storage.log import log_of
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.cli import main
from mail_archive_server.settings import Settings
from tests.conftest import Sample, text_of
from tests.local.storage.test_store import as_nobody

YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A disk in memory."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be made here: nothing was tried on read-only media")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def with_a_log(folder: Path, copy: Path) -> None:
    """A copy that has a search in its log which is not in its database yet, as a killed process leaves it."""
    with Store(folder) as store, store.writing() as db:
        db.execute("UPDATE setting SET value = value")
        db.execute("PRAGMA user_version = 3")
    with Store(folder) as store:
        with store.writing() as db:
            store.change_archive(db, 1, {"name": "renamed-in-the-log"})
        shutil.copytree(folder, copy)
    (copy / f"{DATABASE}-shm").unlink(missing_ok=True)
    assert log_of(copy / DATABASE).stat().st_size


KINDS = ("read-only media", "read-only media with a log", "another user", "another user with a log", "a full disk")


@pytest.fixture(params=KINDS)
def unwritable(request: pytest.FixtureRequest, public: Path, own_sample: Sample, tmp_path: Path) -> Iterator[Path]:
    """A folder with the sample in it that cannot be written."""
    kind: str = request.param
    made = public / "made"
    if "with a log" in kind:
        with_a_log(own_sample.folder, made)
    else:
        shutil.copytree(own_sample.folder, made)
    if kind.startswith("another user"):
        yield from _of_another_user(made)
        return

    size = sum(path.stat().st_size for path in made.iterdir())
    with mounted(tmp_path / "disk", f"size={size + 100_000}") as disk:
        shutil.copytree(made, disk / "archive")
        if kind == "a full disk":
            fill_up(disk / "rest")
        else:
            remount(disk, "ro")
        yield disk / "archive"


def _of_another_user(made: Path) -> Iterator[Path]:
    for path in made.iterdir():
        path.chmod(0o444)
    made.chmod(0o555)
    with as_nobody():
        yield made
    made.chmod(0o755)


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


def contents(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
    return {name: content for name, content in found.items() if content}


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    try:
        main(list(words))
    except SystemExit as ended:
        # Another user may not start what reads mail, which doctor says, too.
        assert words[0] == "doctor" or ended.code in (0, None), capsys.readouterr().err
    return capsys.readouterr().out


def test_it_is_served_searched_and_read_and_nothing_in_it_changes(unwritable: Path) -> None:
    before, started_as = contents(unwritable), os.getuid()

    async def ask() -> dict[str, Any]:
        access = open_access(Settings(local=unwritable, search_seconds=0))
        async with Client(build_server(lambda: access)) as client:

            async def answer(tool: str, **arguments: Any) -> dict[str, Any]:
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, text_of(result)
                return result.structured_content or {}

            archive_id = (await answer("list_archives"))["Archives"][0]["ArchiveId"]
            found = await answer("search_archive", archive_id=archive_id, **YEAR, subject=["invoice"])
            message_id = found["Rows"][0]["ArchivedMessageId"]
            counted = await answer("summarize_archive_search", archive_id=archive_id, **YEAR, group_by=["month"])
            content = await answer("get_archive_message_content", archived_message_id=message_id)
            if os.geteuid() == started_as:
                # Who has not the rights that the tests were started with may not start what reads mail.
                assert (await answer("read_archive_message", archived_message_id=message_id))["Text"]
            listed = await answer("list_archive_searches", archive_id=archive_id)
            return {"counted": counted, "content": content, "searches": listed["Searches"]}

    said = anyio.run(ask)
    assert said["counted"]["Complete"] is True and said["counted"]["Rows"] == 300
    assert said["content"]["Body"]
    assert len(said["searches"]) >= 12
    assert contents(unwritable) == before


def test_it_is_verified_exported_and_doctor_says_that_searches_are_in_memory(
    unwritable: Path, public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(unwritable)
    assert json.loads(printed(capsys, "verify", str(unwritable), "--json"))["Whole"] is True
    assert "300 messages of archive" in printed(capsys, "export-local", str(unwritable), str(public / "here"))
    said = printed(capsys, "doctor", "--local", str(unwritable))
    assert "Searches are kept in memory" in said
    assert contents(unwritable) == before


def test_what_stands_in_the_log_counts(own_sample: Sample, tmp_path: Path) -> None:
    with_a_log(own_sample.folder, tmp_path / "copy")
    with mounted(tmp_path / "disk", "size=64m") as disk:
        shutil.copytree(tmp_path / "copy", disk / "archive")
        remount(disk, "ro")
        with Store(disk / "archive") as store:
            assert [each.name for each in store.archives()] == ["renamed-in-the-log"]


def test_one_too_large_to_be_copied_is_refused_in_a_sentence(
    own_sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_log(own_sample.folder, tmp_path / "copy")
    with mounted(tmp_path / "disk", "size=64m") as disk:
        shutil.copytree(tmp_path / "copy", disk / "archive")
        remount(disk, "ro")
        monkeypatch.setattr(reading, "COPIED_BYTES", 100_000)
        with pytest.raises(StoreError, match=r"It has \d MB|it has \d MB.*Copy the folder"):
            Store(disk / "archive")


def test_a_disk_that_gets_full_while_it_is_served_keeps_searches_in_memory(own_sample: Sample, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=8m") as disk:
        shutil.copytree(own_sample.folder, disk / "archive")
        access = open_access(Settings(local=disk / "archive", search_seconds=0))

        async def ask() -> list[dict[str, Any]]:
            async with Client(build_server(lambda: access)) as client:
                arguments = {"archive_id": own_sample.archive_id, **YEAR}
                answers = [await client.call_tool("search_archive", {**arguments, "subject": ["invoice"]})]
                fill_up(disk / "rest")
                for word in ("mara", "nora", "priya"):
                    answers.append(await client.call_tool("search_archive", {**arguments, "participant": [word]}))
                assert not any(each.is_error for each in answers), list(map(text_of, answers))
                return [each.structured_content or {} for each in answers]

        assert [each["RowsSoFar"] > 0 for each in anyio.run(ask)] == [True] * 4


def test_what_changes_an_archive_is_refused_and_says_why(unwritable: Path) -> None:
    with Store(unwritable) as store:
        before = store.archives()
        assert "local archive at" in store.why_not_written and not store.can_be_written
        with pytest.raises(StoreUnwritable) as refused, store.writing() as db:
            store.change_archive(db, 1, {"name": "other"})
        assert store.archives() == before
    assert "searched, read, verified" in str(refused.value)


def test_an_archive_of_the_first_version_is_read_where_it_cannot_be_upgraded(
    own_sample: Sample, tmp_path: Path
) -> None:
    older(own_sample.folder)
    with mounted(tmp_path / "disk", "size=64m") as disk:
        shutil.copytree(own_sample.folder, disk / "archive")
        remount(disk, "ro")
        done = subprocess.run(
            [sys.executable, "-m", "mail_archive_server", "verify", str(disk / "archive")],
            capture_output=True,
            text=True,
            check=False,
        )
        with Store(disk / "archive") as store:
            assert store.count_messages(store.archives()[0]) == 300
    assert done.returncode == 0 and "300 records without a hash" in done.stdout, done.stderr


def older(folder: Path) -> None:
    """Make it what the first version made."""
    db = sqlite3.connect(folder / DATABASE)
    tables = ("export", "export_message", "given_id", "imported_object", "message_hash", "row_hash")
    db.executescript("".join(f"DROP TABLE {table};" for table in tables) + "PRAGMA user_version = 1;")
    db.close()
