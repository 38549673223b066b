"""The operations on searches, as the API has them. `search_archive` does what a caller means."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.answers.fitting import fitted
from mail_archive_tools.answers.rows import Detail, fit_rows
from mail_archive_tools.errors import InvalidArgument, Late, ServiceFailed, Unreachable
from mail_archive_tools.models import (
    ArchiveFilters,
    ArchiveSearch,
    ArchiveSearchList,
    SearchResultRow,
    SearchResults,
    StartedSearch,
    StoppedSearch,
)
from mail_archive_tools.models.base import ArchiveId, Cursor, NextToken, PageSize, SearchId
from mail_archive_tools.models.moments import FromMoment, ToMoment, iso, read_range
from mail_archive_tools.searching.cursors import RowPlace, fingerprint
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.results import left_out_notes, state_notes
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.service.filters import request_filters

MAX_RANGE = timedelta(seconds=Limits().seconds)
"""The longest range that Mail Manager searches at once."""
MOST_FOUND = Limits().rows
"""The most rows that Mail Manager finds in one search."""

_STARTED_BEFORE = (
    "A call before with the same arguments asked for this search, and its id came when that call had ended: none was "
    "started now."
)

SearchFilters = Annotated[
    ArchiveFilters,
    Field(description="Which messages; search_archive takes words instead. Leave it out for all."),
]
MaxFound = Annotated[int, Field(ge=0, le=MOST_FOUND, description="How many rows the search may find.")]
DetailLevel = Annotated[
    Detail, Field(description="summary: id, time, From, To, Subject, attachments. full: every member, at length.")
]


async def start_archive_search(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    filters: SearchFilters | None = None,
    max_results: MaxFound = MOST_FOUND,
    *,
    access: Access,
) -> StartedSearch:
    """Start a search of up to 30 days without waiting for it; one may run at a time. search_archive is easier.
    Next: get_archive_search until it is COMPLETED, then get_archive_search_results."""
    begin, end, notes = read_range(from_timestamp, to_timestamp)
    if end - begin > MAX_RANGE:
        raise InvalidArgument(
            f"The range from {iso(begin)} to {iso(end)} is longer than the {MAX_RANGE.days} days that one search "
            f"covers. Search it in pieces, the first one up to {iso(begin + MAX_RANGE)}, or call search_archive."
        )

    request = SearchRequest.between(begin, end, archive_id, request_filters(filters), max_results)
    try:
        started = await access.searcher.start(request)
    except Late:
        # Its search is not lost: the next call has it.
        raise
    except (Unreachable, ServiceFailed) as error:
        raise type(error)(f"{error} It may have started all the same: look at list_archive_searches first.") from error
    if not started.by_this_call:
        notes = [*notes, _STARTED_BEFORE]
    return StartedSearch(search_id=started.search_id, notes=notes or None)


async def get_archive_search(search_id: SearchId, *, access: Access) -> ArchiveSearch:
    """See what a search looks for and how far it is."""
    response = await access.client.get_archive_search(search_id)
    notes = state_notes(response) or None
    return fitted(ArchiveSearch.of(**{**response, "SearchId": search_id, "Notes": notes}))


async def get_archive_search_results(
    search_id: SearchId,
    page_size: PageSize = 20,
    cursor: Cursor | None = None,
    detail: DetailLevel = "summary",
    *,
    access: Access,
) -> SearchResults:
    """See what a completed search found, a page at a time. detail=full shows all that is known of each message."""
    query = fingerprint("results", search_id)
    place = RowPlace(search_id, 0)
    if cursor is not None:
        place = access.cursors.read(cursor, RowPlace, query)
    if place.search_id != search_id:
        raise InvalidArgument("This cursor leads into another search. Leave cursor out to begin anew.")

    found = await access.searcher.results_of(search_id)
    if place.offset > len(found.rows):
        raise InvalidArgument(f"Search {search_id} has only {len(found.rows)} rows. Leave cursor out.")
    page = found.rows[place.offset : place.offset + page_size]
    rows, shortened = fit_rows(page, detail, SearchResultRow)

    next_cursor = None
    following = RowPlace(search_id, place.offset + len(rows))
    if following.offset < len(found.rows):
        next_cursor = access.cursors.write(following, query)
    notes = [*left_out_notes(found.left_out), *found.notes, *shortened]
    return SearchResults(
        search_id=search_id,
        rows=rows,
        total_rows=len(found.rows),
        truncated=found.truncated or None,
        complete=False if found.left_out else None,
        next_cursor=next_cursor,
        notes=notes or None,
    )


async def list_archive_searches(
    archive_id: ArchiveId, page_size: PageSize = 20, next_token: NextToken | None = None, *, access: Access
) -> ArchiveSearchList:
    """List an archive's searches and their states, newest first: also those that other programs started."""
    response = await access.client.list_archive_searches(archive_id, page_size, next_token)
    return ArchiveSearchList.of(**{"Searches": [], **response})


async def stop_archive_search(search_id: SearchId, *, access: Access) -> StoppedSearch:
    """Stop a running search. It may be somebody else's: ask before you stop one that you did not start."""
    await access.client.stop_archive_search(search_id)
    return StoppedSearch(search_id=search_id)
