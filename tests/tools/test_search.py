"""`search_archive` as a function, over a real local archive whose searches take time."""

import re
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer

from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.errors import InvalidArgument, SearchEnded, SlotTaken
from mail_archive_tools.models import ArchiveSearchPage, SearchWords
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import list_archive_searches, start_archive_search, stop_archive_search
from mail_archive_tools.searching.job import Recent
from mail_archive_tools.searching.slot import Slot
from mail_archive_tools.searching.windows import Limits
from tests.conftest import Sample
from tests.pace import HANGS
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

APRIL = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))
YEARS = (datetime(2021, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def slow(sample: Sample, seconds: float) -> Access:
    """Access to an archive whose searches take that long."""
    return open_access(Settings(local=sample.folder, search_seconds=seconds))


async def running_search(sample: Sample) -> None:
    """Wait until a search runs in that archive."""
    with Store(sample.folder) as store, anyio.fail_after(HANGS):
        while True:
            with store.reading() as db:
                if store.unfinished_searches(db, time.time()):
                    return
            await anyio.sleep(0.02)


class Listener:
    """Hears the progress of a call."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.sentences: list[str] = []

    async def __call__(self, done: float, total: float | None, sentence: str) -> None:
        self.times.append(done)
        self.sentences.append(sentence)


async def test_it_waits_and_shows_the_first_rows(own_sample: Sample) -> None:
    listener = Listener()
    page = await search_archive(own_sample.archive_id, *APRIL, limit=5, access=slow(own_sample, 2), progress=listener)
    assert len(page.rows) == 5 and page.rows_so_far > 20
    assert (page.complete, page.running_search_id) == (True, None)
    assert listener.times == sorted(listener.times)
    heard = " ".join(listener.sentences)
    assert heard.index("QUEUED") < heard.index("RUNNING")


async def test_a_page_runs_only_the_searches_that_it_needs(sample: Sample, access: Access) -> None:
    first = await search_archive(sample.archive_id, *YEARS, limit=3, access=access)
    assert (first.searches_so_far, first.complete) == (1, False)
    assert first.coverage and first.coverage.to_timestamp == YEARS[1] > first.coverage.from_timestamp > YEARS[0]
    second = await search_archive(sample.archive_id, *YEARS, limit=3, cursor=first.next_cursor, access=access)
    assert second.searches_so_far == 1
    assert not {row.archived_message_id for row in first.rows} & {row.archived_message_id for row in second.rows}


async def test_the_oldest_first(sample: Sample, access: Access) -> None:
    newest = await search_archive(sample.archive_id, *YEARS, subject=["bank"], limit=50, access=access)
    oldest = await search_archive(
        sample.archive_id, *YEARS, subject=["bank"], limit=50, order="oldest_first", access=access
    )
    assert newest.complete and oldest.complete and len(newest.rows) == newest.messages_so_far > 3
    assert [row.archived_message_id for row in oldest.rows] == [row.archived_message_id for row in newest.rows][::-1]


async def test_words_and_exclusions(sample: Sample, access: Access) -> None:
    async def subjects(**words: Any) -> set[str | None]:
        page = await search_archive(sample.archive_id, *APRIL, limit=50, access=access, **words)
        return {row.subject for row in page.rows}

    bank = await subjects(subject=["BANK"])
    assert len(bank) == 3
    assert await subjects(subject=["bank"], exclude=SearchWords(sender=["brightwel1"])) < bank
    assert await subjects(sender=["luc@"], recipient=["jonas"], cc=["mara"]) == {
        "Brightwell's bank details have not changed"
    }
    assert await subjects(envelope_sender=["brightwell-optics"]) == {
        "Invoice BO-2025-04",
        "Delivery of lenses in April",
    }
    assert await subjects(envelope_recipient=["nobody@"]) == set()
    with_files = await subjects(has_attachments=True)
    assert "Invoice BO-2025-04" in with_files
    assert "Delivery of lenses in April" not in with_files
    assert await subjects(exclude=SearchWords(has_attachments=True)) == await subjects(has_attachments=False)
    everything = await subjects()
    assert with_files | await subjects(has_attachments=False) == everything


# What is running, empty, or out of time


async def test_running_and_empty_look_different(own_sample: Sample) -> None:
    access = slow(own_sample, 2)
    search = partial(search_archive, own_sample.archive_id, *APRIL, subject=["nothing like it"], access=access)
    running = await search(wait_seconds=0)
    assert running.running_search_id and running.next_cursor and not running.complete and running.coverage is None
    assert "still runs" in render(running) and "Nothing found." not in render(running)
    empty = await search(cursor=running.next_cursor)
    assert (empty.rows, empty.rows_so_far, empty.next_cursor, empty.complete) == ([], 0, None, True)
    assert empty.searches_so_far == 1
    assert "Nothing found." in render(empty)


async def test_time_is_up_in_the_middle_of_a_long_range(own_sample: Sample) -> None:
    year = (datetime(2025, 1, 1, tzinfo=UTC), YEARS[1])
    search = partial(search_archive, own_sample.archive_id, *year, subject=["bank"], access=slow(own_sample, 0.2))
    page = await search(wait_seconds=0.5)
    assert not page.complete and page.next_cursor
    assert 1 <= page.searches_so_far <= 4
    assert f"cursor={page.next_cursor}" in render(page)
    pages = [page]
    while pages[-1].next_cursor:
        pages.append(await search(cursor=pages[-1].next_cursor, wait_seconds=10))
    assert pages[-1].complete and sum(len(each.rows) for each in pages) == 4
    # No search was run twice, though some were still running when time was up.
    assert pages[-1].searches_so_far == 13


async def test_a_search_that_was_left_running_is_gone_on_with_by_another_process(own_sample: Sample) -> None:
    left = await search_archive(own_sample.archive_id, *APRIL, wait_seconds=0, access=slow(own_sample, 1))
    page = await search_archive(own_sample.archive_id, *APRIL, cursor=left.next_cursor, access=slow(own_sample, 1))
    assert page.complete and page.searches_so_far == 1 and page.search_id == left.running_search_id


async def test_a_search_that_somebody_stopped(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    left = await search_archive(own_sample.archive_id, *APRIL, wait_seconds=0, access=access)
    assert left.running_search_id
    await stop_archive_search(left.running_search_id, access=access)
    again = slow(own_sample, 0)
    page = await search_archive(own_sample.archive_id, *APRIL, cursor=left.next_cursor, access=again)
    assert page.complete and page.searches_so_far == 2

    async def stop_the_next() -> None:
        await running_search(own_sample)
        listed = await list_archive_searches(own_sample.archive_id, access=access)
        await stop_archive_search(listed.searches[0].search_id or "", access=access)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_the_next)
        with pytest.raises(SearchEnded, match="was cancelled"):
            await search_archive(own_sample.archive_id, *APRIL, access=access)


# Callers that go away


async def test_a_cancelled_caller_takes_its_search_along(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    async with anyio.create_task_group() as caller:
        caller.start_soon(partial(search_archive, own_sample.archive_id, *APRIL, access=access))
        await running_search(own_sample)
        caller.cancel_scope.cancel()
    newest = (await list_archive_searches(own_sample.archive_id, access=access)).searches[0]
    assert newest.status and newest.status.state == "CANCELLED"


async def test_a_caller_that_goes_while_its_search_is_being_started_leaves_none_behind(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    await list_archive_searches(own_sample.archive_id, access=access)
    with Store(own_sample.folder) as store:
        # Somebody writes, so that starting the search takes a while; the caller goes in the middle of it.
        async with anyio.create_task_group() as caller:
            with store.writing():
                caller.start_soon(partial(search_archive, own_sample.archive_id, *APRIL, access=access))
                await anyio.sleep(0.5)
                caller.cancel_scope.cancel()
        newest = store.searches(1, None, 1)[0]
    assert newest.cancelled is not None


async def test_a_caller_that_can_be_told_nothing_takes_its_search_along(own_sample: Sample) -> None:
    access = slow(own_sample, 60)

    async def gone(done: float, total: float | None, sentence: str) -> None:
        if "started" in sentence:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await search_archive(own_sample.archive_id, *APRIL, access=access, progress=gone)
    newest = (await list_archive_searches(own_sample.archive_id, access=access)).searches[0]
    assert newest.status and newest.status.state == "CANCELLED"


# The slot


async def test_it_waits_for_another_search_to_end(own_sample: Sample) -> None:
    access = slow(own_sample, 0.6)
    other = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    page = await search_archive(own_sample.archive_id, *APRIL, access=access)
    assert page.complete and page.search_id != other.search_id


async def test_a_slot_that_stays_taken_is_said_with_the_search_in_the_way(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    other = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    said = rf"Search {other.search_id} holds the only slot .*(QUEUED|RUNNING) since 20.*list_archive_searches"
    with pytest.raises(SlotTaken, match=said):
        await search_archive(own_sample.archive_id, *APRIL, wait_seconds=0.2, access=access)


async def test_calls_of_one_process_queue_in_order(own_sample: Sample) -> None:
    access = slow(own_sample, 0.4)
    # Whoever is next is told, and does not have to look.
    access.searcher.slot = Slot(tick_seconds=60)
    listeners = [Listener() for _ in range(4)]
    ended: list[int] = []

    async def search(number: int) -> None:
        words = [f"number {number}"]
        await search_archive(own_sample.archive_id, *APRIL, subject=words, access=access, progress=listeners[number])
        ended.append(number)

    with anyio.fail_after(HANGS):
        async with anyio.create_task_group() as calls:
            for number in range(4):
                calls.start_soon(search, number)
                await anyio.sleep(0.05)
    assert ended == [0, 1, 2, 3]
    assert not any("ahead" in sentence for sentence in listeners[0].sentences)
    assert any(sentence.startswith("3 searches ahead") for sentence in listeners[3].sentences)
    assert not any("Another search" in sentence for listener in listeners for sentence in listener.sentences)


async def test_one_in_the_line_who_goes_lets_the_others_go_on(own_sample: Sample) -> None:
    access = slow(own_sample, 0.5)
    search = partial(search_archive, own_sample.archive_id, *APRIL, access=access)
    before = await searches_in(own_sample)
    async with anyio.create_task_group() as calls:
        calls.start_soon(partial(search, subject=["first"]))
        while await searches_in(own_sample) == before:
            await anyio.sleep(0.01)
        with anyio.move_on_after(0.1):
            await search(subject=["gone"])
        page = await search(subject=["bank"])
    assert page.complete and page.messages_so_far == 4


async def test_a_line_that_is_too_long_is_said(own_sample: Sample) -> None:
    access = slow(own_sample, 2)
    before = await searches_in(own_sample)
    async with anyio.create_task_group() as calls:
        calls.start_soon(partial(search_archive, own_sample.archive_id, *APRIL, access=access))
        while await searches_in(own_sample) == before:
            await anyio.sleep(0.01)
        with pytest.raises(SlotTaken, match=r"1 search of this server .*Call again"):
            await search_archive(own_sample.archive_id, *APRIL, subject=["x"], wait_seconds=0.3, access=access)


async def searches_in(sample: Sample) -> int:
    with Store(sample.folder) as store:
        return len(store.searches(1, None, 1_000_000))


async def test_the_same_search_is_run_once(own_sample: Sample) -> None:
    access = slow(own_sample, 0.3)
    before = await searches_in(own_sample)
    search = partial(search_archive, own_sample.archive_id, *APRIL, subject=["bank"], access=access)
    async with anyio.create_task_group() as calls:
        for _ in range(3):
            calls.start_soon(search)
    again = await search()
    assert again.messages_so_far == 4 and again.searches_so_far == 0
    assert await searches_in(own_sample) == before + 1


async def test_mail_of_the_present_is_searched_anew(tmp_path: Any) -> None:
    timeline = Timeline(tmp_path / "archive")
    access = timeline.access()
    access.searcher.recent = Recent(live_seconds=0.2)
    now = int(time.time())
    search = partial(search_archive, timeline.archive_id, moment(now - 3600), moment(now + 60), access=access)
    assert (await search()).messages_so_far == 0
    timeline.put([now])
    await anyio.sleep(0.3)
    assert (await search()).messages_so_far == 1


# Copies


async def test_copies_are_one_row_with_all_ids(tmp_path: Any) -> None:
    timeline = Timeline(tmp_path / "archive")
    headers = {"Message_ID": "<one@here.example>", "Date": "Tue, 1 Apr 2025 10:00:00 +0000"}
    copies = timeline.put(range(1_000_000, 1_000_010), Subject="offer", **headers)
    copies += timeline.put([1_000_020], Subject="[list] Re: offer", **headers)
    forged = timeline.put([1_000_005], Subject="offer", **(headers | {"From": "eve@evil.example"}))
    (other,) = timeline.put([1_000_006], Subject="offer")
    search = partial(
        search_archive, timeline.archive_id, moment(0), moment(2_000_000), subject=["offer"], access=timeline.access()
    )
    page = await search()
    assert (page.messages_so_far, page.rows_so_far, len(page.rows)) == (3, 13, 3)
    whole = page.rows[0]
    assert whole.copies == 11 and set(whole.copy_ids or ()) == set(copies)
    assert whole.archived_message_id == (whole.copy_ids or [""])[0] == copies[-1]
    assert {row.archived_message_id for row in page.rows[1:]} == {*forged, other}
    assert all(copy in render(page) for copy in copies)
    assert "3 messages (13 rows with copies) found in all" in render(page)
    every = await search(deduplicate="no")
    assert (len(every.rows), every.messages_so_far, every.rows_so_far) == (13, 3, 13)
    assert all(row.copies is None for row in every.rows)


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
async def test_copies_on_both_sides_of_an_edge_are_one_row(tmp_path: Any, order: Any) -> None:
    """A window that would end between the copies of a message ends before or behind them."""
    timeline = Timeline(tmp_path / "archive")
    day = 86_400
    begin, edge = 100 * day, 130 * day
    headers = {"Message_ID": "<one@here.example>", "Subject": "copied"}
    copies = timeline.put([edge - 30, edge - 1, edge, edge + 1, edge + 30], **headers)
    timeline.put([edge - 3 * day, edge + 3 * day], Subject="copied")
    page = await search_archive(
        timeline.archive_id,
        moment(begin),
        moment(begin + 60 * day),
        subject=["copied"],
        order=order,
        access=timeline.access(),
    )
    assert (page.rows_so_far, page.messages_so_far, page.complete) == (7, 3, True)
    assert [set(row.copy_ids) for row in page.rows if row.copy_ids] == [set(copies)]


# What this server matches itself


async def matched(sample: Sample, access: Access, **wanted: Any) -> ArchiveSearchPage:
    return await search_archive(sample.archive_id, *APRIL, filter_here=FilterHere(**wanted), limit=50, access=access)


async def test_patterns_and_ids_are_matched_here(sample: Sample, access: Access) -> None:
    everything = await search_archive(sample.archive_id, *APRIL, limit=50, access=access)
    page = await matched(sample, access, subject=["re: invoice ??-2025-*"], sender=["*<*@brightwel1-optics.example>"])
    assert {row.subject for row in page.rows} == {
        "Re: Invoice BO-2025-04: new bank details (urgent)",
        "Re: Invoice BO-2025-04: new bank details",
    }
    seen = page.filtered_here
    assert seen and (seen.rows_found, seen.rows_read, page.rows_so_far) == (everything.rows_so_far,) * 2 + (2,)
    assert f"Filtered here: {seen.rows_read} of {seen.rows_found} rows found so far were looked at." in render(page)
    found = await search_archive(sample.archive_id, *APRIL, subject=["bank"], limit=1, access=access)
    results = access.searcher.results._kept[found.search_id or ""].rows
    wanted = results[0]["MessageId"]
    for spelling in (wanted, wanted.strip("<>"), wanted[:12].upper() + "*", "*" + wanted[3:]):
        (row,) = (await matched(sample, access, message_id=[spelling])).rows
        assert row.archived_message_id == results[0]["ArchivedMessageId"]


async def test_words_of_bodies_are_matched_here(sample: Sample, access: Access) -> None:
    page = await matched(sample, access, body=["OUR  new\naccount"])
    assert page.rows and page.filtered_here
    assert page.filtered_here.rows_read == page.filtered_here.rows_found and page.filtered_here.not_read is None
    none = await matched(sample, access, body=["no mail says that"])
    assert none.rows == [] and none.complete and none.filtered_here


async def test_bodies_are_read_until_the_page_is_full(tmp_path: Any) -> None:
    timeline = Timeline(tmp_path / "archive")
    wanted = timeline.put(range(1_000, 1_000 + 9 * 60, 60), Subject="a", body="the word\r\n")
    timeline.put(range(5_000, 5_000 + 240 * 60, 60), Subject="a")
    heard: list[str] = []

    async def listen(done: float, total: float | None, sentence: str) -> None:
        heard.append(sentence)

    search = partial(
        search_archive,
        timeline.archive_id,
        moment(0),
        moment(100_000),
        filter_here=FilterHere(body=["word"]),
        limit=7,
        access=timeline.access(),
        progress=listen,
    )
    first = await search()
    assert [row.archived_message_id for row in first.rows] == wanted[::-1][:7]
    assert first.filtered_here and (first.filtered_here.rows_found, first.filtered_here.rows_read) == (249, 247)
    # What is covered ends with the last that was looked at: the next one was received a minute before.
    assert not first.complete and first.coverage and first.coverage.from_timestamp > moment(1_060)
    assert (first.rows_so_far, first.messages_so_far) == (7, 7)
    read = [int(found[1]) for sentence in heard if (found := re.match(r"(\d+) of 249 messages read", sentence))]
    assert len(read) > 50 and read == sorted(read) and read[-1] == 247
    second = await search(cursor=first.next_cursor)
    assert [row.archived_message_id for row in second.rows] == wanted[::-1][7:] and second.next_cursor is None
    assert second.filtered_here and second.filtered_here.rows_read == 249 and second.rows_so_far == 9
    assert second.complete and second.coverage and second.coverage.from_timestamp == moment(1_000)


async def test_bodies_that_there_was_no_time_for_are_not_covered(tmp_path: Any) -> None:
    """A filter that has read a part of the bodies says which part, and never that there is nothing."""
    timeline = Timeline(tmp_path / "archive")
    seconds = range(1_000, 1_000 + 400 * 60, 60)
    (wanted,) = timeline.put([1_000], Subject="a", body="the word\r\n")
    timeline.put(seconds[1:], Subject="a", body="x" * 20_000 + "\r\n")
    search = partial(
        search_archive,
        timeline.archive_id,
        moment(0),
        moment(100_000),
        filter_here=FilterHere(body=["word"]),
        access=timeline.access(),
    )
    page = await search(wait_seconds=0.4)
    calls = 1
    while page.next_cursor:
        seen, covered = page.filtered_here, page.coverage
        assert seen and not page.complete and page.rows == [] and seen.rows_read < 400
        if covered:
            looked_at = [second for second in seconds if moment(second) >= covered.from_timestamp]
            assert len(looked_at) <= seen.rows_read
        else:
            assert seen.rows_read == 0
        page = await search(cursor=page.next_cursor, wait_seconds=0.4 if calls < 5 else 45)
        calls += 1
    assert calls > 1 and page.complete and [row.archived_message_id for row in page.rows] == [wanted]


async def test_a_body_that_cannot_be_read_is_no_body_without_the_word(sample: Sample) -> None:
    access = open_access(Settings(local=sample.folder, search_seconds=0))
    access.reader.may_download = lambda link: False
    page = await matched(sample, access, subject=["*bank*"], body=["account"])
    assert page.rows == [] and page.filtered_here and page.filtered_here.not_read == 4
    assert not page.complete and page.next_cursor is None and "Nothing found so far" in render(page)
    notes = [note for note in page.notes or [] if "could not be read: " in note]
    assert (len(notes) == 3 and "another host" in notes[0]) or "link" in notes[0], notes


@pytest.mark.parametrize("wanted", [{"body": [" "]}, {"message_id": ["<>"]}, {"subject": ["\u200b"]}])
async def test_a_word_of_nothing_is_refused(sample: Sample, access: Access, wanted: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidArgument, match=f"filter_here.{next(iter(wanted))} has a value with nothing"):
        await matched(sample, access, **wanted)


# Arguments


async def test_a_timestamp_without_a_zone_is_utc_and_that_is_said(sample: Sample, access: Access) -> None:
    naive = await search_archive(sample.archive_id, datetime(2025, 4, 1), APRIL[1], access=access)  # noqa: DTZ001
    aware = await search_archive(sample.archive_id, *APRIL, access=access)
    assert naive.from_timestamp == aware.from_timestamp == APRIL[0]
    assert any("taken as UTC" in note for note in naive.notes or [])
    assert naive.next_cursor
    rest = await search_archive(
        sample.archive_id,
        datetime(2025, 4, 1),  # noqa: DTZ001
        APRIL[1],
        cursor=naive.next_cursor,
        access=access,
    )
    assert not any("UTC" in note for note in rest.notes or [])
    assert not any("UTC" in note for note in aware.notes or [])


@pytest.mark.parametrize("written", ["2025-04-01", "20250401", " 2025-04-01 ", "2025-04-01T00:00:00Z"])
async def test_a_date_alone_needs_no_note(server: MCPServer[Any], sample: Sample, written: str) -> None:
    arguments = {"archive_id": sample.archive_id, "from_timestamp": written, "to_timestamp": "2025-04-30", "limit": 1}
    async with Client(server) as client:
        structured = (await client.call_tool("search_archive", arguments)).structured_content or {}
    assert structured["FromTimestamp"] == "2025-04-01T00:00:00Z"
    assert structured["ToTimestamp"] == "2025-04-30T23:59:59.999Z"
    assert "zone" not in " ".join(structured.get("Notes", []))


async def test_a_range_that_ends_before_it_begins(sample: Sample, access: Access) -> None:
    with pytest.raises(InvalidArgument, match=r"before from_timestamp.*Exchange"):
        await search_archive(sample.archive_id, *APRIL[::-1], access=access)


async def test_a_cursor_serves_its_own_query_only(sample: Sample, access: Access) -> None:
    page = await search_archive(sample.archive_id, *APRIL, limit=5, access=access)
    others: list[dict[str, Any]] = [{"subject": ["x"]}, {"order": "oldest_first"}, {"deduplicate": False}]
    for other in others:
        with pytest.raises(InvalidArgument, match="other arguments"):
            await search_archive(sample.archive_id, *APRIL, cursor=page.next_cursor, access=access, **other)
    # How many rows a page has is no part of the query.
    assert (await search_archive(sample.archive_id, *APRIL, limit=7, cursor=page.next_cursor, access=access)).rows


async def test_a_full_second_stays_said_on_every_later_page(tmp_path: Any) -> None:
    timeline = Timeline(tmp_path / "archive")
    timeline.put([500] * 8 + [100, 200])
    search = partial(
        search_archive, timeline.archive_id, moment(0), moment(1_000), limit=3, access=timeline.access(Limits(rows=5))
    )
    pages = [await search()]
    while pages[-1].next_cursor:
        pages.append(await search(cursor=pages[-1].next_cursor))
    assert not any(page.complete for page in pages)
    assert "1970-01-01T00:08:20Z: some are missing here" in render(pages[-1])


async def test_the_future_is_not_searched(sample: Sample, access: Access) -> None:
    """Models ask for ranges up to 2099; nothing can have been received by then."""
    begin, far = datetime(2025, 12, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
    page = await search_archive(sample.archive_id, begin, far, limit=50, access=access)
    months = (time.time() - begin.timestamp()) / (30 * 86_400)
    assert page.complete and page.rows_so_far > 5 and page.searches_so_far <= months + 3
    assert (page.coverage, page.from_timestamp, page.to_timestamp) == (None, begin, far)
    nothing = await search_archive(sample.archive_id, far.replace(year=9000), far, access=access)
    assert nothing.complete and nothing.rows == [] and nothing.searches_so_far == 1
