"""Damage of all kinds, and kills at any moment: nothing is lost, doubled or silently wrong; a sentence says what is."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client

from mail_archive_local.storage.failures import StoreDamaged
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from tests.conftest import eml, text_of
from tests.warm import run

COUNT = 600


def verified(folder: Path) -> dict[str, object]:
    done = run("verify", str(folder), "--json")
    assert "Traceback" not in done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert done.returncode == (0 if found["Whole"] else 1)
    return found


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of messages, each of some kilobytes."""
    folder = tmp_path_factory.mktemp("mail")
    chance = random.Random(7)
    for number in range(COUNT):
        body = "".join(chance.choice("abcdefgh \n") for _ in range(chance.randrange(500, 6_000)))
        date = f"Mon, {1 + number % 28} Jan 2024 10:00:{number % 60:02} +0000"
        message = eml(Subject=f"number {number}", Message_ID=f"<{number}@a.example>", Date=date, body=body)
        (folder / f"{number}.eml").write_bytes(message)
    return folder


@pytest.fixture(scope="module")
def imported(mail: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imported") / "archive"
    assert run("import", "--no-index", str(folder), str(mail), "--archive", "archive").returncode == 0
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return folder


@pytest.fixture
def archive(imported: Path, tmp_path: Path) -> Path:
    shutil.copytree(imported, tmp_path / "archive")
    return tmp_path / "archive"


def contents(folder: Path) -> dict[str, bytes]:
    """Each message's bytes by its id, and that the index and rows say the same."""
    with Store(folder) as store, store.reading() as db:
        return dict(db.execute("SELECT m.archived_message_id, r.bytes FROM message m JOIN raw r USING (id)"))


def change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute(statement)
    db.close()


def test_a_whole_archive_is_called_whole(archive: Path) -> None:
    assert verified(archive) == {
        "Whole": True, "Messages": COUNT, "Damaged": [], "IndexWhole": True, "StrayRows": 0, "OtherRows": [],
        "Database": [], "Log": "", "WithoutHash": 0, "HashedLater": 0, "ReadOtherwise": [], "NotChecked": [],
        "Manifests": [], "Signatures": [],
    }  # fmt: skip
    assert f"{COUNT} messages looked at, 0 damaged." in run("verify", str(archive)).stdout


FIRST_RAW, FIRST_ROW = "(SELECT min(id) FROM raw)", "(SELECT min(id) FROM message)"
FIRST_WORDS = "(SELECT min(id) FROM searchable)"
MENDABLE = {
    "a raw message changed": f"UPDATE raw SET bytes = replace(bytes, 'a', 'b') WHERE id = {FIRST_RAW}",
    "a raw message lost": f"DELETE FROM raw WHERE id = {FIRST_RAW}",
    "what searches show changed": (
        "UPDATE message SET api_row = json_replace(api_row, '$.Subject', 'forged') WHERE id = " + FIRST_ROW
    ),
    "metadata changed": (
        "UPDATE message SET metadata = json_insert(metadata, '$.Metadata.SourceArn', 'forged') WHERE id = " + FIRST_ROW
    ),
    "an attachment that it has not": f"UPDATE message SET has_attachments = 1 WHERE id = {FIRST_ROW}",
    "a row that is no JSON": f"UPDATE message SET api_row = '{{' WHERE id = {FIRST_ROW}",
    "a row that is no text": f"UPDATE message SET api_row = CAST(x'7bff' AS TEXT) WHERE id = {FIRST_ROW}",
    "words of the index lost": f"DELETE FROM searchable WHERE id = {FIRST_WORDS}",
    "words of the index changed": f"UPDATE searchable SET subject = 'zzzzzz' WHERE id = {FIRST_WORDS}",
}  # fmt: skip


@pytest.mark.parametrize("kind", MENDABLE)
def test_what_can_be_made_again_is_said_and_mended(archive: Path, mail: Path, kind: str) -> None:
    before = contents(archive)
    change(archive, MENDABLE[kind])
    found = verified(archive)
    assert found["Whole"] is False and (found["Damaged"] or found.get("IndexWhole") is False)
    said = run("verify", str(archive)).stderr
    assert "Import the mail that it was made of once more" in said
    again = run("import", "--no-index", str(archive), str(mail))
    assert again.returncode == 0, again.stderr
    assert verified(archive)["Whole"] is True
    assert contents(archive) == before


@pytest.fixture
def listed(archive: Path, tmp_path: Path) -> Path:
    """The archive with a manifest beside it."""
    done = run("export-local", str(archive), str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "out" / "export.manifest.jsonl").read_bytes()
    (archive / "some.manifest.jsonl").write_bytes(manifest)
    return archive


def test_what_could_not_be_checked_is_not_called_whole(listed: Path) -> None:
    path = listed / DATABASE
    data = bytearray(path.read_bytes())
    half = len(data) // 2 // 4_096 * 4_096
    data[half:] = bytes(len(data) - half)
    path.write_bytes(data)
    found = verified(listed)
    assert found["Whole"] is False and found["Database"] and "IndexWhole" not in found and found["Manifests"] == []
    unchecked = [
        "messages behind these, if there are any",
        "what is kept beside messages",
        "the index",
        f"manifest some.manifest.jsonl, which lists {COUNT} messages",
    ]
    assert found["NotChecked"] == unchecked
    told = run("verify", str(listed))
    assert "Then the database could not be read on." in told.stdout
    assert all(f"Not checked: {each}\n" in told.stdout for each in unchecked)
    assert "as far as it goes" not in told.stderr and "refused where they meet the damage" in told.stderr


@pytest.mark.parametrize("state", ["is empty", "is not there"])
def test_a_database_that_is_gone_beside_its_manifest_is_told_from_one_that_was_never_made(
    listed: Path, mail: Path, state: str
) -> None:
    for path in listed.glob(f"{DATABASE}*"):
        path.unlink()
    if state == "is empty":
        (listed / DATABASE).touch()
    commands = (
        ["verify", str(listed)],
        ["verify", str(listed), "--json"],
        ["doctor", "--local", str(listed)],
        ["import", "--no-index", str(listed), str(mail)],
    )
    for words in commands:
        done = run(*words)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        assert f"{DATABASE} {state}" in done.stderr and f"some.manifest.jsonl lists {COUNT}" in done.stderr
        assert "makes one" not in done.stderr


def flipped(folder: Path, seed: int, count: int = 300) -> None:
    chance, path = random.Random(seed), folder / DATABASE
    data = bytearray(path.read_bytes())
    for _ in range(count):
        data[chance.randrange(4_096, len(data))] ^= chance.randrange(1, 255)
    path.write_bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_are_never_silently_wrong(archive: Path, mail: Path, imported: Path, seed: int) -> None:
    """A count is right, or a sentence says that the archive is damaged."""
    flipped(archive, seed)
    assert verified(archive)["Whole"] is False

    async def summarize() -> tuple[bool, dict[str, object], str]:
        access = open_access(Settings(local=archive, search_seconds=0))
        async with Client(build_server(lambda: access)) as client:
            listed = (await client.call_tool("list_archives", {})).structured_content or {"Archives": []}
            if not listed["Archives"]:
                return True, {}, "damaged: no archive can be listed"
            years = {"from_timestamp": "2024-01-01", "to_timestamp": "2024-02-28"}
            done = await client.call_tool(
                "summarize_archive_search", {"archive_id": listed["Archives"][0]["ArchiveId"], **years}
            )
            return done.is_error, done.structured_content or {}, text_of(done)

    try:
        failed, summary, text = anyio.run(summarize)
    except StoreDamaged as error:
        failed, summary, text = True, {}, str(error)
    right = not failed and summary["Complete"] is True and summary["Rows"] == COUNT
    assert right or "damaged" in text, text
    # From the same mail all of it is made again.
    assert run("import", "--no-index", str(archive.parent / "new"), str(mail), "--archive", "archive").returncode == 0
    assert len(contents(archive.parent / "new")) == COUNT


def test_a_truncated_log_loses_no_more_than_its_transactions(archive: Path, mail: Path, tmp_path: Path) -> None:
    """What was written behind the last checkpoint may be gone, which is said as often as it is asked; the rest is
    whole, and an import adds the others."""
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "x.eml").write_bytes(eml(Subject="extra", Message_ID="<x@a.example>"))
    holding = sqlite3.connect(archive / DATABASE)
    holding.execute("SELECT count(*) FROM message").fetchone()
    assert run("import", "--no-index", str(archive), str(extra)).returncode == 0
    log = archive / f"{DATABASE}-wal"
    data = log.read_bytes()
    holding.close()
    log.write_bytes(data[: len(data) // 2])
    for _ in range(2):
        found = verified(archive)
        assert found["Database"] == [] and found["Damaged"] == [] and "write-ahead log" in str(found["Log"])
    assert "has lost what was written last" in run("verify", str(archive)).stderr
    assert run("import", "--no-index", str(archive), str(extra), str(mail)).returncode == 0
    assert verified(archive)["Whole"] is True and len(contents(archive)) == COUNT + 1


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be made here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remounted(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(disk: Path, mail: Path) -> None:
    full = run("import", "--no-index", str(disk / "archive"), str(mail), "--archive", "archive")
    assert full.returncode == 1 and "Traceback" not in full.stderr
    assert "The disk of the local archive" in full.stderr and "is full" in full.stderr
    remounted(disk, "size=64m")
    assert run("import", "--no-index", str(disk / "archive"), str(mail), "--archive", "archive").returncode == 0
    assert verified(disk / "archive")["Whole"] is True
    assert len(contents(disk / "archive")) == COUNT


def test_a_disk_that_can_only_be_read_is_verified_and_takes_no_mail(disk: Path, mail: Path, imported: Path) -> None:
    remounted(disk, "size=64m")
    shutil.copytree(imported, disk / "archive")
    remounted(disk, "ro")
    done = run("import", "--no-index", str(disk / "archive"), str(mail))
    assert done.returncode == 1 and "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert verified(disk / "archive")["Whole"] is True
    remounted(disk, "rw")
    assert verified(disk / "archive")["Whole"] is True


def kill_while_importing(folder: Path, mail: Path, kills: int) -> None:
    """Import again and again, killed at a random moment each time; another import and a search run beside it."""
    chance = random.Random(kills)
    words = [
        sys.executable,
        "-m",
        "mail_archive_server",
        "import",
        "--no-index",
        str(folder),
        str(mail),
        "--archive",
        "archive",
    ]
    quiet: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for number in range(kills):
        running = [subprocess.Popen(words, **quiet) for _ in range(1 + number % 2)]  # type: ignore[call-overload]
        time.sleep(chance.uniform(0.15, 1.0))
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if (folder / DATABASE).exists():
            kept = sqlite3.connect(folder / DATABASE)
            assert kept.execute("PRAGMA quick_check").fetchone() == ("ok",)
            kept.close()


@pytest.mark.slow
@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.soak)])
def test_kills_at_any_moment_lose_and_double_nothing(tmp_path: Path, mail: Path, imported: Path, kills: int) -> None:
    folder = tmp_path / "archive"
    kill_while_importing(folder, mail, kills)
    assert run("import", "--no-index", str(folder), str(mail), "--archive", "archive").returncode == 0
    assert verified(folder)["Whole"] is True
    assert sorted(contents(folder).values()) == sorted(contents(imported).values())


@pytest.mark.slow
def test_two_imports_and_a_server_at_once(tmp_path: Path, mail: Path, imported: Path) -> None:
    folder = tmp_path / "archive"
    Store(folder, create=True).close()
    words = [
        sys.executable,
        "-m",
        "mail_archive_server",
        "import",
        "--no-index",
        str(folder),
        str(mail),
        "--archive",
        "archive",
    ]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    counts: list[int] = []

    async def watch(running: Callable[[], bool]) -> None:
        access = open_access(Settings(local=folder, search_seconds=0))
        async with Client(build_server(lambda: access)) as client:
            while running():
                listed = (await client.call_tool("list_archives", {})).structured_content or {}
                for each in listed["Archives"]:
                    years = {"from_timestamp": "2024-01-01", "to_timestamp": "2024-02-28"}
                    done = await client.call_tool(
                        "summarize_archive_search", {"archive_id": each["ArchiveId"], **years}
                    )
                    assert not done.is_error, text_of(done)
                    counts.append((done.structured_content or {})["Rows"])
                await anyio.sleep(0.1)

    anyio.run(watch, lambda: any(process.poll() is None for process in both))
    for process in both:
        assert process.wait() == 0, process.communicate()[1]
        process.communicate()
    assert counts == sorted(counts)
    assert verified(folder)["Whole"] is True
    assert sorted(contents(folder).values()) == sorted(contents(imported).values())
