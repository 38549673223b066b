"""One process at a time, among those that agree on a file."""

import shutil
from pathlib import Path

import pytest

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.storage.alone import alone


def test_one_at_a_time_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with alone(lock) as first, alone(lock) as second:
        assert first and not second
    with alone(lock) as again:
        assert again


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.rmtree(folder)
    gone = pytest.raises(LocalArchiveError, match=r"folder cannot be written \(unable to open database file\)")
    with gone, alone(folder / "lock"):
        pass
