"""What this process holds of a database in SQLite is not given up where its files are looked at as files."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mail_archive_local.storage.integrity.checking import Reader, check
from mail_archive_local.storage.log import has_log
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from mail_archive_tools import system

COME_AND_GO = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM message").fetchone()
db.close()
"""


def verify(store: Store) -> None:
    check(store, Reader(lambda raw, archive_id: ""))


def keep_from_others(store: Store) -> None:
    for each in (store.folder, *store.folder.iterdir()):
        each.chmod(0o755)
    assert len(store.exposed()) > 1
    store.keep_from_others()
    assert store.exposed() == []


@pytest.mark.skipif(not system.HAS_FILE_MODES, reason="locks are a process's own where there are modes")
@pytest.mark.parametrize("look", [verify, keep_from_others])
def test_another_process_that_comes_and_goes_leaves_the_log_of_one_that_is_in_use(
    tmp_path: Path, look: Callable[[Store], None]
) -> None:
    """The last one to close a database clears its log away, which it takes from the locks that others hold."""
    with Store(tmp_path / "archive", create=True) as store:
        assert has_log(store.path)
        look(store)
        words = [sys.executable, "-I", "-S", "-c", COME_AND_GO, os.fspath(tmp_path / "archive" / DATABASE)]
        subprocess.run(words, check=True)
        assert has_log(store.path)


def test_the_file_of_a_closed_database_is_closed_too(tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        verify(store)
        kept_open = store.file
    assert kept_open.is_closed
