"""Facts that survive a restart: for whoever read them, and nobody else."""

import dataclasses
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.backends import accessor, open_access
from mail_archive_server.settings import SettingError, Settings
from mail_archive_tools.access import Access
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.models.facts.facts import Facts, usable
from mail_archive_tools.reading.links import no_link
from mail_archive_tools.search import search_archive
from mail_archive_tools.storage.kept_facts import FactsFolder
from tests.conftest import Sample

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(sample: Sample, tmp_path: Path) -> Settings:
    return Settings(local=sample.folder, search_seconds=0, facts=tmp_path / "facts")


@pytest.fixture
async def a_message(sample: Sample, access: Access) -> str:
    begin, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    page = await search_archive(sample.archive_id, begin, end, limit=1, access=access)
    return page.rows[0].archived_message_id or ""


async def facts_without_fetching(settings: Settings, message_id: str) -> Facts:
    access = open_access(settings)
    access.reader.may_download = no_link
    return await access.reader.facts_of(message_id)


async def test_they_survive_a_restart_and_nothing_is_fetched(settings: Settings, a_message: str) -> None:
    with pytest.raises(ArchiveError):
        await facts_without_fetching(settings, a_message)
    facts = await open_access(settings).reader.facts_of(a_message)
    assert await facts_without_fetching(settings, a_message) == facts


@pytest.mark.parametrize(
    "other", [{"known": ("here.example",)}, {"trusted_authserv_id": ("mx.example",)}, {"role_session_name": "else"}]
)
async def test_what_was_read_by_another_or_knowing_other_things_is_not_used(
    settings: Settings, a_message: str, other: dict[str, Any]
) -> None:
    await open_access(settings).reader.facts_of(a_message)
    with pytest.raises(ArchiveError):
        await facts_without_fetching(Settings(**{**vars(settings), **other}), a_message)


async def test_only_its_user_may_read_the_folder(settings: Settings, a_message: str) -> None:
    before = os.umask(0)
    try:
        await open_access(settings).reader.facts_of(a_message)
    finally:
        os.umask(before)
    assert settings.facts is not None
    assert settings.facts.stat().st_mode & 0o777 == 0o700
    files = list(settings.facts.iterdir())
    assert files and all(each.stat().st_mode & 0o777 == 0o600 for each in files)


async def test_without_the_setting_nothing_is_written(settings: Settings, a_message: str, tmp_path: Path) -> None:
    await open_access(Settings(local=settings.local, search_seconds=0)).reader.facts_of(a_message)
    assert not (tmp_path / "facts").exists()


def damaged(folder: Path) -> None:
    folder.mkdir()
    (folder / "facts.sqlite3").write_bytes(b"no database at all" * 1_000)


def a_file(folder: Path) -> None:
    folder.write_text("x")


def nowhere(folder: Path) -> None:
    (folder / "facts.sqlite3").mkdir(parents=True)


@pytest.mark.parametrize("make", [damaged, a_file, nowhere])
def test_a_folder_that_cannot_be_used_is_told_at_the_start(settings: Settings, make: Callable[[Path], None]) -> None:
    assert settings.facts is not None
    make(settings.facts)
    with pytest.raises(SettingError, match=r"^--facts .*facts: .+\.$"):
        accessor(settings)


async def test_what_was_changed_on_the_disk_is_read_anew(settings: Settings, a_message: str) -> None:
    facts = await open_access(settings).reader.facts_of(a_message)
    assert settings.facts is not None
    with closing(sqlite3.connect(settings.facts / "facts.sqlite3")) as file, file:
        assert file.execute("UPDATE facts SET packed = ?", (b"\x00rubbish",)).rowcount == 1
    assert await open_access(settings).reader.facts_of(a_message) == facts
    no_number: Any = {"size_bytes": "x"}
    changed = (dataclasses.replace(facts, minhash="?"), dataclasses.replace(facts, **no_number))
    for wrong in (17, *(each.packed() for each in changed)):
        with closing(sqlite3.connect(settings.facts / "facts.sqlite3")) as file, file:
            file.execute("UPDATE facts SET packed = ?", (wrong,))
        assert await open_access(settings).reader.facts_of(a_message) == facts
    assert await open_access(settings).reader.facts_of(a_message) == facts


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path) -> None:
    folder = FactsFolder(tmp_path / "facts", ["me"], most=500)
    for number in range(1_001):
        folder.put(f"m{number}", b"x")
    assert folder.get("m500") is None and folder.get("m501") == folder.get("m1000") == b"x"
    assert FactsFolder(tmp_path / "facts", ["you"]).get("m1000") is None


def test_a_full_or_broken_disk_is_no_error(tmp_path: Path) -> None:
    folder = FactsFolder(tmp_path / "facts", ["me"])
    folder.put("m1", b"x")
    (tmp_path / "facts" / "facts.sqlite3").write_bytes(b"broken" * 1_000)
    folder.put("m2", b"x")
    assert folder.get("m2") in (None, b"x")


async def test_facts_of_an_earlier_form_are_read_anew(settings: Settings, a_message: str) -> None:
    facts = await open_access(settings).reader.facts_of(a_message)
    named = dataclasses.replace(facts, findings=("no-date: There is no Date field.",))
    assert usable(named.packed()) == named
    # Findings had no names then, but a word for what they are about.
    earlier = dataclasses.replace(facts, findings=("date: There is no Date field.",))
    assert usable(earlier.packed()) is None
