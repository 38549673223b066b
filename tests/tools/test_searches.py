"""The operations on searches as functions, over a real local archive whose searches take time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.answers.budget import TOOL_ANSWER_BYTES
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.errors import InvalidArgument, NotReady, SearchEnded
from mail_archive_tools.models import ArchiveFilters
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import (
    get_archive_search,
    get_archive_search_results,
    start_archive_search,
    stop_archive_search,
)
from mail_archive_tools.searching.cursors import RowPlace, fingerprint
from mail_archive_tools.searching.job import SearchRequest
from tests.conftest import Sample
from tests.pace import HANGS

pytestmark = pytest.mark.anyio

APRIL = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))


def slow(sample: Sample, seconds: float) -> Access:
    """Access to an archive whose searches take that long."""
    return open_access(Settings(local=sample.folder, search_seconds=seconds))


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
    with anyio.fail_after(HANGS):
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


async def test_a_search_by_hand_is_of_exactly_the_moments_asked_for(own_sample: Sample) -> None:
    """As far as the protocol carries them; it is found again by whole seconds, should its answer be lost."""
    begin, end = APRIL[0] + timedelta(milliseconds=250), APRIL[1] + timedelta(milliseconds=750)
    request = SearchRequest.between(begin, end, own_sample.archive_id, None, 5)
    assert (request.arguments["from_timestamp"], request.arguments["to_timestamp"]) == (begin, end)
    assert request.key != SearchRequest.between(*APRIL, own_sample.archive_id, None, 5).key
    access = slow(own_sample, 0)
    search_id = (await access.searcher.start(request)).search_id
    assert request.is_answered_by(await access.client.get_archive_search(search_id))
    later = SearchRequest.between(begin + timedelta(seconds=1), end, own_sample.archive_id, None, 5)
    assert not later.is_answered_by(await access.client.get_archive_search(search_id))


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
    results = await get_archive_search_results(page.search_id or "", detail="full", access=access)
    row = next(row for row in results.rows if row.subject == "Invoice BO-2025-04")
    present = {name for name, value in row if value is not None}
    assert present >= {"received_headers", "envelope", "sender_hostname", "ingress_point_id", "source_arn", "x_mailer"}
    assert row.envelope and row.envelope.helo == "mail.brightwell-optics.example"


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
    assert len(text.encode()) < TOOL_ANSWER_BYTES
    assert "\u202e" not in text


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
    with pytest.raises(InvalidArgument, match=words):
        await start_archive_search(sample.archive_id, begin, end, access=access)


async def test_a_cursor_leads_into_its_own_results_only(sample: Sample, access: Access) -> None:
    page = await search_archive(sample.archive_id, *APRIL, limit=5, access=access)
    assert page.search_id
    with pytest.raises(InvalidArgument, match="other arguments"):
        await get_archive_search_results(page.search_id, cursor=page.next_cursor, access=access)
    with pytest.raises(InvalidArgument, match="rows"):
        far = access.cursors.write(RowPlace(page.search_id, 10_000), fingerprint("results", page.search_id))
        await get_archive_search_results(page.search_id, cursor=far, access=access)
