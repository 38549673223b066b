"""The search tools as functions, over a real local archive whose searches take time."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.local.store import Store
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.cursors import Place, fingerprint, read_cursor, write_cursor
from mail_archive_tools.errors import InvalidArgument, NotReady, SearchEnded, SlotTaken
from mail_archive_tools.models import ArchiveFilters, SearchWords
from mail_archive_tools.rendering import render
from mail_archive_tools.search import (
    get_archive_search,
    get_archive_search_results,
    list_archive_searches,
    search_archive,
    start_archive_search,
    stop_archive_search,
)
from tests.conftest import Sample

pytestmark = pytest.mark.anyio

APRIL = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))


def slow(sample: Sample, seconds: float) -> Access:
    """Access to an archive whose searches take that long."""
    return open_access(Settings(local=sample.folder, search_seconds=seconds))


async def running_search(sample: Sample) -> None:
    """Wait until a search runs in that archive."""
    with Store(sample.folder) as store, anyio.fail_after(20):
        while True:
            with store.reading() as db:
                if store.unfinished_searches(db, time.time()):
                    return
            await anyio.sleep(0.02)


async def test_it_waits_and_shows_the_first_rows(own_sample: Sample) -> None:
    heard: list[tuple[float, str]] = []

    async def listen(done: float, total: float | None, sentence: str) -> None:
        heard.append((done, sentence))

    page = await search_archive(own_sample.archive_id, *APRIL, limit=5, access=slow(own_sample, 2), progress=listen)
    assert page.state == "COMPLETED"
    assert page.rows and len(page.rows) == 5 and page.total_rows and page.total_rows > 20
    assert page.truncated is None
    assert [done for done, _ in heard] == sorted({done for done, _ in heard})
    assert "QUEUED" in heard[0][1] and "RUNNING" in heard[-1][1]


async def test_pages_give_every_row_once_newest_first(sample: Sample, access: Access) -> None:
    rows, cursor = [], None
    while True:
        page = await search_archive(sample.archive_id, *APRIL, limit=7, cursor=cursor, access=access)
        rows += page.rows or []
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(rows) == page.total_rows
    assert len({row.archived_message_id for row in rows}) == len(rows)
    times = [row.received_timestamp for row in rows]
    assert times == sorted(times, reverse=True)  # type: ignore[type-var]  # none is absent here


async def test_words_and_exclusions(sample: Sample, access: Access) -> None:
    async def subjects(**words: Any) -> set[str | None]:
        page = await search_archive(sample.archive_id, *APRIL, limit=50, access=access, **words)
        return {row.subject for row in page.rows or []}

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
    everything = await subjects()
    assert with_files | await subjects(has_attachments=False) == everything


async def test_running_and_empty_look_different(own_sample: Sample) -> None:
    access = slow(own_sample, 2)
    running = await search_archive(
        own_sample.archive_id, *APRIL, subject=["nothing like it"], wait_seconds=0, access=access
    )
    assert running.state in ("QUEUED", "RUNNING")
    assert running.rows is None and running.total_rows is None
    empty = await search_archive(
        own_sample.archive_id, *APRIL, subject=["nothing like it"], cursor=running.next_cursor, access=access
    )
    assert (empty.state, empty.rows, empty.total_rows, empty.next_cursor) == ("COMPLETED", [], 0, None)
    assert empty.search_id == running.search_id


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


async def test_it_waits_for_another_search_to_end(own_sample: Sample) -> None:
    access = slow(own_sample, 0.6)
    other = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    page = await search_archive(own_sample.archive_id, *APRIL, access=access)
    assert page.state == "COMPLETED" and page.search_id != other.search_id


async def test_a_slot_that_stays_taken_is_said_with_the_next_step(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    other = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    with pytest.raises(SlotTaken, match=rf"{other.search_id}.*list_archive_searches"):
        await search_archive(own_sample.archive_id, *APRIL, wait_seconds=0.2, access=access)


async def test_the_operations_one_by_one(own_sample: Sample) -> None:
    access = slow(own_sample, 4)
    filters = ArchiveFilters.model_validate(
        {
            "include": [
                {"string_expression": {"evaluate": {"attribute": "FROM"}, "operator": "CONTAINS", "values": ["ann"]}}
            ]
        }
    )
    started = await start_archive_search(own_sample.archive_id, *APRIL, filters, 5, access=access)
    with pytest.raises(NotReady, match=f"{started.search_id} is still QUEUED"):
        await get_archive_search_results(started.search_id, access=access)
    search = await get_archive_search(started.search_id, access=access)
    with anyio.fail_after(20):
        while search.status and search.status.state != "COMPLETED":
            await anyio.sleep(0.2)
            search = await get_archive_search(started.search_id, access=access)
    assert search.filters == filters
    assert (search.from_timestamp, search.to_timestamp, search.max_results) == (*APRIL, 5)
    results = await get_archive_search_results(started.search_id, access=access)
    assert results.total_rows == 0 and results.truncated is None


async def test_as_many_rows_as_were_asked_for_may_not_be_all(sample: Sample, access: Access) -> None:
    started = await start_archive_search(sample.archive_id, *APRIL, max_results=5, access=access)
    results = await get_archive_search_results(started.search_id, access=access)
    assert (results.total_rows, results.truncated) == (5, True)


async def test_a_stopped_search_has_no_results(own_sample: Sample) -> None:
    access = slow(own_sample, 60)
    started = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    await stop_archive_search(started.search_id, access=access)
    with pytest.raises(SearchEnded, match=r"was cancelled.*start a new one"):
        await get_archive_search_results(started.search_id, access=access)


async def test_rows_are_fetched_once(own_sample: Sample) -> None:
    access = slow(own_sample, 0)
    started = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    first = await get_archive_search_results(started.search_id, 10, access=access)
    # Whatever the archive says from now on, the pages stay those of the finished search.
    (own_sample.folder / "archive.sqlite3").rename(own_sample.folder / "moved")
    second = await get_archive_search_results(started.search_id, 10, first.next_cursor, access=access)
    assert len(second.rows) == 10 and second.rows[0] != first.rows[0]


async def test_full_rows_have_every_member_that_the_message_has(sample: Sample, access: Access) -> None:
    page = await search_archive(sample.archive_id, *APRIL, sender=["accounts@brightwell-optics"], access=access)
    results = await get_archive_search_results(page.search_id, detail="full", access=access)
    row = next(row for row in results.rows if row.subject == "Invoice BO-2025-04")
    present = {name for name, value in row if value is not None}
    assert present >= {"received_headers", "envelope", "sender_hostname", "ingress_point_id", "source_arn", "x_mailer"}
    assert row.envelope and row.envelope.helo == "mail.brightwell-optics.example"


async def test_a_timestamp_without_a_zone_is_utc_and_that_is_said(sample: Sample, access: Access) -> None:
    naive = await search_archive(sample.archive_id, datetime(2025, 4, 1), APRIL[1], access=access)  # noqa: DTZ001
    aware = await search_archive(sample.archive_id, *APRIL, access=access)
    assert naive.from_timestamp == aware.from_timestamp == APRIL[0]
    assert any("taken as UTC" in note for note in naive.notes or [])
    assert not any("UTC" in note for note in aware.notes or [])


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (APRIL[1], APRIL[0], "before from_timestamp.*Exchange"),
        (APRIL[0], APRIL[0] + timedelta(days=31), "longer than the 30 days.*first one up to 2025-05-01T00:00:00Z"),
    ],
)
async def test_ranges_that_cannot_be_searched(
    sample: Sample, access: Access, begin: datetime, end: datetime, words: str
) -> None:
    for search in (search_archive, start_archive_search):
        with pytest.raises(InvalidArgument, match=words):
            await search(sample.archive_id, begin, end, access=access)


async def test_a_cursor_serves_its_own_query_only(sample: Sample, access: Access) -> None:
    page = await search_archive(sample.archive_id, *APRIL, limit=5, access=access)
    with pytest.raises(InvalidArgument, match="other arguments"):
        await search_archive(sample.archive_id, *APRIL, subject=["x"], cursor=page.next_cursor, access=access)
    with pytest.raises(InvalidArgument, match="other arguments"):
        await get_archive_search_results(page.search_id, cursor=page.next_cursor, access=access)
    with pytest.raises(InvalidArgument, match="rows"):
        far = write_cursor(Place(page.search_id, 10_000), fingerprint("results", page.search_id))
        await get_archive_search_results(page.search_id, cursor=far, access=access)


@pytest.mark.parametrize(
    "cursor", ["x", "é", "W10", "WzFd", "bnVsbA", "WzIsInEiLCJzIiwwXQ", "W1tbW1tb" * 200, "eyJhIjoxfQ"]
)
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        read_cursor(cursor, "q")


def test_a_cursor_leads_back_to_its_place() -> None:
    place = Place("s" * 64, 999)
    cursor = write_cursor(place, fingerprint("any", "query"))
    assert read_cursor(cursor, fingerprint("any", "query")) == place
    assert len(cursor) < 200


async def test_conditions_have_exactly_one_expression(sample: Sample, access: Access) -> None:
    for condition in ({}, {"string_expression": None}):
        filters = ArchiveFilters.model_validate({"include": [condition]})
        with pytest.raises(InvalidArgument, match="exactly one"):
            await start_archive_search(sample.archive_id, *APRIL, filters, access=access)


async def test_two_processes_share_one_archive(own_sample: Sample, tmp_path: Path) -> None:
    first, second = slow(own_sample, 0), slow(own_sample, 0)
    started = await start_archive_search(own_sample.archive_id, *APRIL, access=first)
    results = await get_archive_search_results(started.search_id, access=second)
    assert results.total_rows > 20


async def test_the_largest_filters_still_fit(own_sample: Sample) -> None:
    condition = {
        "string_expression": {
            "evaluate": {"attribute": "SUBJECT"},
            "operator": "CONTAINS",
            "values": [f"{number}\u202e" + "z" * 2000 for number in range(10)],
        }
    }
    filters = ArchiveFilters.model_validate({"include": [condition] * 10, "unless": [condition] * 10})
    access = slow(own_sample, 0)
    started = await start_archive_search(own_sample.archive_id, *APRIL, filters, access=access)
    search = await get_archive_search(started.search_id, access=access)
    text = render(search)
    assert len(text.encode()) < 40_000
    assert "\u202e" not in text
