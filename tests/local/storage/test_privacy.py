"""A local archive is its owner's alone: other people's mail is in it, and the keys that open it."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from tests.conftest import Sample, eml
from tests.warm import run


def modes(folder: Path) -> set[int]:
    return {each.stat().st_mode & 0o777 for each in folder.iterdir()}


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mail" / "one.eml").write_bytes(eml(Subject="one"))
    return tmp_path / "Mail"


@pytest.mark.parametrize("umask", [0o022, 0o000])
@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "an empty one"])
def test_nobody_else_can_read_what_import_makes(tmp_path: Path, mail: Path, umask: int, there: bool) -> None:
    folder = tmp_path / "archive"
    if there:
        folder.mkdir(mode=0o755)
    assert run("import", "--no-index", str(folder), str(mail), umask=umask).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700 and modes(folder) == {0o600}
    with Store(folder):
        assert modes(folder) == {0o600}


def test_one_that_others_can_read_is_said_and_mended(
    tmp_path: Path, mail: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "archive"
    run("import", "--no-index", str(folder), str(mail))
    folder.chmod(0o755)
    (folder / DATABASE).chmod(0o644)
    with caplog.at_level(logging.WARNING):
        open_access(Settings(local=folder))
    assert "Other users of this machine can read the local archive" in caplog.text
    assert folder.stat().st_mode & 0o777 == 0o755
    mended = run("import", "--no-index", str(folder), str(mail))
    assert mended.returncode == 0 and "now only its owner can" in mended.stderr
    assert folder.stat().st_mode & 0o777 == 0o700 and modes(folder) == {0o600}


def test_each_folder_has_its_own_keys_and_keeps_them(tmp_path: Path, sample: Sample) -> None:
    with Store(tmp_path / "one", create=True) as one, Store(tmp_path / "other", create=True) as other:
        assert one.credentials != other.credentials and one.link_key != other.link_key
        kept = one.credentials
    with Store(tmp_path / "one") as again:
        assert again.credentials == kept
    shown = run("local", str(tmp_path / "one"), "--show-credentials")
    assert shown.stdout.startswith(f"export AWS_ACCESS_KEY_ID={kept.access_key_id} AWS_SECRET_ACCESS_KEY=")
    missing = run("local", str(tmp_path / "none"), "--show-credentials")
    assert missing.returncode == 1 and not (tmp_path / "none").exists()


def test_a_folder_of_an_older_version_gets_keys(tmp_path: Path) -> None:
    Store(tmp_path / "one", create=True).close()
    with sqlite3.connect(tmp_path / "one" / DATABASE) as db:
        db.execute("DELETE FROM setting WHERE name != 'link_key'")
    db.close()
    with Store(tmp_path / "one") as store:
        assert len(store.credentials.secret_access_key) == 40


def test_a_copy_under_another_name_is_asked_about(tmp_path: Path, mail: Path) -> None:
    folder, copy = tmp_path / "case-12", tmp_path / "case-13"
    run("import", "--no-index", str(folder), str(mail))
    shutil.copytree(folder, copy)
    asked = run("import", "--no-index", str(copy), str(mail))
    assert asked.returncode == 1
    assert "case-13 holds the archive case-12, and none named case-13. Say --archive case-12 to add" in asked.stderr
    with Store(copy) as store:
        assert [archive.name for archive in store.archives()] == ["case-12"]
    added = run("import", "--no-index", str(copy), str(mail), "--archive", "case-12")
    assert "0 messages added, 1 was there already" in added.stdout
    assert run("import", "--no-index", str(copy), str(mail), "--archive", "case-13").returncode == 0


def test_a_file_name_does_not_act_on_the_terminal(tmp_path: Path, mail: Path) -> None:
    (mail / "\x1b]0;title\x07.eml").write_bytes(b"\0\1\2")
    done = run("import", "--no-index", str(tmp_path / "archive"), str(mail))
    assert done.returncode == 0 and "Skipped" in done.stderr
    alone = run("import", "--no-index", str(tmp_path / "other"), str(mail / "\x1b]0;title\x07.eml"))
    assert alone.returncode == 1
    for said in (done.stderr, alone.stderr, run("import", "--no-index", str(tmp_path / "x"), "no\x1b]0;x").stderr):
        assert "\x1b" not in said and "\\x1b" in said


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are of POSIX")
def test_a_limit_of_file_sizes_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "Mail").mkdir()
    for number in range(300):
        (tmp_path / "Mail" / f"{number}.eml").write_bytes(eml(Subject=str(number), body="x" * 20_000))
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_097_152, 2_097_152))\n"
        "from mail_archive_server.cli import main\n"
        "main(['import', sys.argv[1], sys.argv[2]])"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "archive"), str(tmp_path / "Mail")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "could not read or write the local archive" in done.stderr
    again = run("import", "--no-index", str(tmp_path / "archive"), str(tmp_path / "Mail"))
    assert "300 messages added, 0 were there already" in again.stdout
