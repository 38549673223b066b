"""Walking an archive into an index: resumable and exact, and no stretch is called whole that is not."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mail_archive_local.importing.record import describe
from mail_archive_tools.errors import DownloadFailed, Unreachable, Unreadable
from mail_archive_tools.index.stretches import Stretch, holding
from mail_archive_tools.indexing.indexer import NEWEST_SECONDS, by_link
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.indexed.answering import GIVEN_UP_SECONDS
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.storage.index_file.index_file import IndexFile
from tests.conftest import eml
from tests.tools.indexing.scene import Scene, page, summary
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

START = 1_700_000_000


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    made = Timeline(tmp_path / "archive")
    made.put([START + 100 * number for number in range(6)], body="a needle\r\n")
    return made


@pytest.fixture
def scene(timeline: Timeline) -> Scene:
    return Scene.of(timeline.folder, timeline.archive_id)


def held(scene: Scene) -> list[Stretch]:
    with closing(IndexFile(scene.place, None)) as index:
        return index.stretches(scene.archive_id)


def known(scene: Scene) -> int:
    with closing(IndexFile(scene.place, None)) as index:
        return sum(each.messages for each in index.held())


async def test_all_of_a_range_is_put_and_held_whole(scene: Scene) -> None:
    tally = await scene.fill(moment(START), moment(START + 1_000))
    assert (tally.found, tally.put, tally.known) == (6, 6, 0)
    assert held(scene) == [Stretch(START, START + 1_000)]


async def test_the_same_again_asks_nothing_and_takes_what_is_new(scene: Scene, timeline: Timeline) -> None:
    await scene.fill(moment(START), moment(START + 1_000))
    tally = await scene.fill(moment(START), moment(START + 1_000))
    assert (tally.found, tally.put) == (0, 0)
    timeline.put([START + 1_500])
    tally = await scene.fill(moment(START), moment(START + 2_000))
    assert (tally.found, tally.put) == (1, 1)
    assert held(scene) == [Stretch(START, START + 2_000)]


async def test_a_range_within_others_fills_the_gap_alone(scene: Scene) -> None:
    await scene.fill(moment(START), moment(START + 150))
    await scene.fill(moment(START + 450), moment(START + 1_000))
    tally = await scene.fill(moment(START), moment(START + 1_000))
    assert (tally.found, tally.put, known(scene)) == (3, 3, 6)
    assert held(scene) == [Stretch(START, START + 1_000)]


async def test_the_newest_hour_is_put_and_never_held_whole(scene: Scene, timeline: Timeline) -> None:
    now = int(time.time())
    timeline.put([now - 60, now - 2 * NEWEST_SECONDS])
    before = int(time.time())
    tally = await scene.fill(end=moment(now + 10))
    assert tally.put == 8
    (whole,) = held(scene)
    assert before - NEWEST_SECONDS <= whole.last <= time.time() - NEWEST_SECONDS
    answer = await page(scene, scene.indexed, {}, end=moment(now + 10))
    assert len(answer.rows) == 8 and answer.searches_so_far


async def test_one_that_is_stopped_goes_on_where_it_was(scene: Scene) -> None:
    asked = 0

    def after_three() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    tally = await scene.fill(stopped=after_three)
    assert tally.is_stopped and 0 < tally.put < 6
    # The time before its first message was whole already; not the one that it was stopped in.
    assert holding(held(scene), START) is None
    again = await scene.fill()
    assert again.known == tally.put and again.put == 6 - tally.put
    assert holding(held(scene), START) is not None


async def test_a_message_that_cannot_be_had_leaves_its_window_to_the_next_run(scene: Scene) -> None:
    tries: dict[str, int] = {}

    async def failing_once(reader: Reader, row: Row) -> Any:
        key = row["ArchivedMessageId"]
        tries[key] = tries.get(key, 0) + 1
        if row["ReceivedTimestamp"] == moment(START + 200) and tries[key] == 1:
            raise Unreachable(f"Message {key} did not come.")
        return await by_link(reader, row)

    tally = await scene.fill(moment(START), moment(START + 1_000), fetch=failing_once)
    assert (tally.put, tally.failures) == (5, 1)
    assert tally.reasons == ["1: Message did not come."]
    assert held(scene) == []
    answer = await page(scene, scene.indexed, {"filter_here": {"body": ["needle"]}})
    assert len(answer.rows) == 6 and answer.complete

    again = await scene.fill(moment(START), moment(START + 1_000), fetch=failing_once)
    assert (again.put, again.known, again.failures) == (1, 5, 0)
    assert held(scene) == [Stretch(START, START + 1_000)]


async def test_what_cannot_be_read_is_counted_as_not_read(scene: Scene) -> None:
    async def unreadable(reader: Reader, row: Row) -> Any:
        if row["ReceivedTimestamp"] == moment(START + 200):
            raise Unreadable("It is too much.")
        return await by_link(reader, row)

    tally = await scene.fill(fetch=unreadable)
    assert (tally.put, tally.unread, tally.failures) == (6, 1, 0)
    for question in ({"filter_here": {"body": ["needle"]}}, {"filter_here": {"larger_than": 1}}):
        answer = await page(scene, scene.indexed, question)
        assert len(answer.rows) == 5 and not answer.complete
        assert answer.filtered_here is not None and answer.filtered_here.not_read == 1
    assert len((await page(scene, scene.indexed, {})).rows) == 6


async def test_a_second_that_had_too_many_messages_is_not_held(scene: Scene, timeline: Timeline) -> None:
    timeline.put([START + 250] * 7)
    limited = scene.reading
    limited.searcher.limits = Limits(rows=5)
    tally = await scene.fill(moment(START), moment(START + 1_000), access=limited)
    assert START + 250 in tally.overflowed
    assert holding(held(scene), START + 250) is None
    assert holding(held(scene), START + 100) is not None and holding(held(scene), START + 400) is not None


async def test_a_search_that_does_not_come_ends_with_a_sentence_and_keeps_what_was_put(scene: Scene) -> None:
    async def away(reader: Reader, row: Row) -> Any:
        raise DownloadFailed("The host of messages is away.")

    tally = await scene.fill(fetch=away)
    assert (tally.put, tally.failures, tally.reasons) == (0, 6, ["6: The host of messages is away."])


async def test_retention_is_not_shown_whatever_the_index_has(scene: Scene, timeline: Timeline) -> None:
    """What the archive keeps no longer is before its beginning, where no search begins."""
    await scene.fill()
    begins = moment(START + 250)

    async def later(archive_id: str) -> Any:
        return begins

    scene.indexed.searcher.lifetimes.begins = later  # type: ignore[method-assign]
    answer = await page(scene, scene.indexed, {"filter_here": {"body": ["needle"]}})
    assert len(answer.rows) == 3
    assert answer.complete


async def test_hostile_mail_is_found_and_costs_no_more_than_its_size(tmp_path: Path) -> None:
    made = Timeline(tmp_path / "hostile")
    words = " ".join(f"w{number}" for number in range(60_000))
    mails = {
        "a term of 40 KB": "needle " + "x" * 40_000,
        "padding": "needle" + "\u3164" * 30_000 + " hay",
        "distinct words": f"{words} needle",
        "like a query": 'needle" OR own : * NEAR(a b) -- \'; DROP TABLE words; {"query": {"match_all": {}}}',
        "NULs and surrogates": "needle \x00 \ud800 hay",
    }
    raws = []
    for subject, body in mails.items():
        text = body.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        headers = {"Content_Type": "text/plain; charset=utf-8", "Content_Transfer_Encoding": "8bit"}
        raws.append(eml(From="a@b.example", Subject=subject, body=text + "\r\n", **headers))
    made.add([describe(raw, made.archive_id, START + number) for number, raw in enumerate(raws)])
    scene = Scene.of(made.folder, made.archive_id)
    tally = await scene.fill()
    assert (tally.put, tally.unread) == (5, 0)

    answer = await page(scene, scene.indexed, {"filter_here": {"body": ["needle"]}})
    assert {row.subject for row in answer.rows} == set(mails)
    assert answer.searches_so_far == 0
    size = sum(map(len, raws))
    assert scene.place.stat().st_size < 12 * size
    for asked in ('needle" OR own', "xxxxxxxxxx*", "w59999", "match_all"):
        told = await page(scene, scene.indexed, {"filter_here": {"body": [asked]}})
        read = await page(scene, scene.reading, {"filter_here": {"body": [asked]}})
        assert [row.subject for row in told.rows] == [row.subject for row in read.rows] != []


async def test_damage_that_is_found_on_the_way_is_named_and_messages_are_read(scene: Scene) -> None:
    await scene.fill()
    question = {"filter_here": {"body": ["needle"]}}
    now = [1_000.0]
    scene.indexed.indexes.clock = lambda: now[0]
    assert (await page(scene, scene.indexed, question)).searches_so_far == 0

    with closing(sqlite3.connect(scene.place, isolation_level=None)) as file:
        file.execute("DROP TABLE shown")
    answer = await page(scene, scene.indexed, question)
    assert len(answer.rows) == 6 and answer.complete and answer.searches_so_far
    assert any("cannot be used (no such table: shown)" in note for note in answer.notes or [])
    counted = await summary(scene, scene.indexed, question, ["sender", "size"])
    assert counted.rows == 6 and any("cannot be used" in note for note in counted.notes or [])

    # Made anew, it answers again after a while.
    scene.place.unlink()
    await scene.fill()
    now[0] += GIVEN_UP_SECONDS
    again = await page(scene, scene.indexed, question)
    assert len(again.rows) == 6 and again.searches_so_far == 0
