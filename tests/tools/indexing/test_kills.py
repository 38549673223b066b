"""An indexer that is killed at any moment, two at once, a full disk: nothing twice, nothing missing, and no stretch is
called whole that is not."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from mail_archive_local.importing.record import describe
from mail_archive_tools.errors import IndexUnusable
from mail_archive_tools.index.question import Question
from mail_archive_tools.indexing.indexer import Indexer
from mail_archive_tools.storage.index_file.index_file import IndexFile
from tests.conftest import eml
from tests.tools.indexing.scene import Scene, page
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

START = 1_700_000_000
MAILS = 60
FIRST, LAST = moment(START - 1_000), moment(START + 3_000 * MAILS)
_INDEXER = """
import sys
from contextlib import closing
from pathlib import Path
import anyio
from mail_archive_server.backends import open_access
from mail_archive_server.indexes import made_of
from mail_archive_server.settings import Settings
from mail_archive_tools.indexing import indexer
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.storage.index_file.index_file import IndexFile
from tests.tools.indexing.test_kills import FIRST, LAST

indexer.PUT_AT_ONCE = 4
folder, archive_id = Path(sys.argv[1]), sys.argv[2]
access = open_access(Settings(local=folder, search_seconds=0, index="none"))
access.searcher.limits = Limits(rows=12)
with closing(IndexFile(folder / "index.sqlite3", made_of(Settings(), {}), writes=True)) as index:
    def report(tally):
        print(tally.put, flush=True)
    anyio.run(indexer.Indexer(access, index, report).complete, archive_id, FIRST, LAST)
print("done", flush=True)
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Timeline(tmp_path / "archive")
    raws = [eml(From="a@b.example", Subject=f"no {number}", body="a needle\r\n") for number in range(MAILS)]
    made.add([describe(raw, made.archive_id, START + 3_000 * number) for number, raw in enumerate(raws)])
    return Scene.of(made.folder, made.archive_id)


def in_index(scene: Scene) -> list[tuple[int, str]]:
    """All messages, with the seconds that they were received in."""
    with closing(IndexFile(scene.place, None)) as index:
        found = index.find(Question(scene.archive_id, 0, 4_000_000_000), 10_000).entries
    return [(int(each.row["ReceivedTimestamp"].timestamp()), each.row["ArchivedMessageId"]) for each in found]


def refuse_holes(scene: Scene) -> None:
    """In what is called whole there is each message, once."""
    found = in_index(scene)
    assert len(set(found)) == len(found)
    seconds = [second for second, _ in found]
    with closing(IndexFile(scene.place, None)) as index:
        stretches = index.stretches(scene.archive_id)
    for stretch in stretches:
        there = [START + 3_000 * number for number in range(MAILS)]
        of_stretch = [second for second in there if stretch.first <= second <= stretch.last]
        assert sorted(second for second in seconds if stretch.first <= second <= stretch.last) == of_stretch


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.soak)])
def test_one_that_is_killed_goes_on(scene: Scene, kills: int) -> None:
    command = [sys.executable, "-c", _INDEXER, str(scene.folder), scene.archive_id]
    for number in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as indexer:
            assert indexer.stdout is not None
            # Killed after as many transactions as the kills before, so that some of them come in each part of the work.
            for _ in range(1 + number % 5):
                said = indexer.stdout.readline()
                if said in ("done\n", ""):
                    break
            indexer.kill()
        refuse_holes(scene)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    refuse_holes(scene)
    assert len(in_index(scene)) == MAILS


async def test_two_at_once_and_a_server_that_reads_meanwhile(scene: Scene) -> None:
    await scene.fill(FIRST, FIRST)
    answers: list[Any] = []
    question = {"filter_here": {"body": ["needle"]}}

    async def ask() -> None:
        for _ in range(6):
            answers.append(await page(scene, scene.indexed, question, FIRST, LAST, limit=50))

    async with anyio.create_task_group() as together:
        together.start_soon(scene.fill, FIRST, LAST)
        together.start_soon(scene.fill, FIRST, LAST)
        together.start_soon(ask)
    refuse_holes(scene)
    assert len(in_index(scene)) == MAILS
    assert all(len(each.rows) == 50 for each in answers)


async def test_a_full_disk_ends_with_a_sentence_and_leaves_no_hole(scene: Scene) -> None:
    with closing(IndexFile(scene.place, writes=True)) as index:
        pages = index._file.execute("PRAGMA page_count").fetchone()[0]
        index._file.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(IndexUnusable, match="disk is full"):
            await Indexer(scene.reading, index).complete(scene.archive_id, FIRST, LAST)
    refuse_holes(scene)
    assert len(in_index(scene)) < MAILS
