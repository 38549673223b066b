"""The tools that search: the five operations as they are, and `search_archive`, which does what a caller means."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from mail_archive_tools import filters as filter_words
from mail_archive_tools.access import Access, Progress, silent
from mail_archive_tools.cursors import Place, fingerprint, read_cursor, write_cursor
from mail_archive_tools.errors import InvalidArgument, NotReady, SearchEnded
from mail_archive_tools.fitting import VALUE_BYTES, fitted
from mail_archive_tools.models import (
    ArchiveFilters,
    ArchiveSearch,
    ArchiveSearchList,
    ArchiveSearchPage,
    SearchResults,
    SearchWords,
    StartedSearch,
    StoppedSearch,
)
from mail_archive_tools.models.base import (
    ArchiveId,
    Cursor,
    FromMoment,
    NextToken,
    PageSize,
    SearchId,
    ToMoment,
    in_utc,
    iso,
)
from mail_archive_tools.models.filters import Words
from mail_archive_tools.polling import (
    Patience,
    is_unfinished,
    start_when_free,
    state_of,
    stopping_when_cancelled,
    wait_for_search,
)
from mail_archive_tools.results import Results
from mail_archive_tools.rows import Detail, fit_rows
from mail_archive_tools.untrusted import clean_line, shorten

MAX_RANGE = timedelta(days=30)
"""The longest range that Mail Manager searches at once."""
MAX_RESULTS = 1000
"""The most rows that Mail Manager finds in one search."""

_NAIVE = "A timestamp without a zone was taken as UTC."

Filters = Annotated[
    ArchiveFilters,
    Field(description="The API's ArchiveFilters: conditions under include must all hold, none under unless may."),
]
MaxResults = Annotated[int, Field(ge=0, le=MAX_RESULTS, description="How many rows the search may find.")]
DetailLevel = Annotated[
    Detail, Field(description="summary: id, time, From, To, Subject, attachments. full: every member, at length.")
]
Limit = Annotated[int, Field(ge=1, le=50, description="Rows in this answer; NextCursor leads to the rest.")]
WaitSeconds = Annotated[
    float, Field(ge=0, le=50, description="How long to wait for the search. Hosts give up after 60 s.")
]


async def search_archive(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    sender: Annotated[Words, Field(description="Parts of the From header (name or address).")] | None = None,
    recipient: Annotated[Words, Field(description="Parts of the To header.")] | None = None,
    cc: Annotated[Words, Field(description="Parts of the Cc header.")] | None = None,
    subject: Annotated[Words, Field(description="Parts of the subject.")] | None = None,
    envelope_sender: Annotated[Words, Field(description="Parts of the SMTP sender's address.")] | None = None,
    envelope_recipient: Annotated[Words, Field(description="Parts of an SMTP recipient's address.")] | None = None,
    has_attachments: bool | None = None,
    exclude: Annotated[SearchWords, Field(description="The same words: messages that match any are left out.")]
    | None = None,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
) -> ArchiveSearchPage:
    """Find messages received in a range of up to 30 days. Waits for the search and shows the first rows; repeat the
    call with cursor for more. Words are parts of headers, upper or lower case; any of a list may match, all lists
    must. Bodies and Message-IDs cannot be searched. Next: read_archive_message."""
    words = SearchWords(
        sender=sender,
        recipient=recipient,
        cc=cc,
        subject=subject,
        envelope_sender=envelope_sender,
        envelope_recipient=envelope_recipient,
        has_attachments=has_attachments,
    )
    begin, end, notes = _range(from_timestamp, to_timestamp)
    query = fingerprint(archive_id, begin, end, words.model_dump(), exclude and exclude.model_dump())
    patience = Patience(wait_seconds, progress)
    if cursor is not None:
        place = read_cursor(cursor, query)
    else:
        request = _request(begin, end, filter_words.archive_filters(words, exclude), MAX_RESULTS)
        place = Place(await start_when_free(access.client, archive_id, request, patience), 0)
    async with stopping_when_cancelled(access.client, place.search_id):
        search = await wait_for_search(access.client, place.search_id, patience)
    page = {
        "ArchiveId": archive_id,
        "FromTimestamp": begin,
        "ToTimestamp": end,
        "SearchId": place.search_id,
        "State": state_of(search),
    }
    if is_unfinished(search):
        return ArchiveSearchPage.of(**page, NextCursor=write_cursor(place, query), Notes=notes or None)
    found = await _results(access, place.search_id, search)
    rows = _page_of(found, place, query, limit, "summary", notes)
    return ArchiveSearchPage.of(**page, **rows)


async def start_archive_search(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    filters: Filters | None = None,
    max_results: MaxResults = MAX_RESULTS,
    *,
    access: Access,
) -> StartedSearch:
    """Start a search of up to 30 days without waiting for it; one may run at a time. search_archive is easier.
    Next: get_archive_search until it is COMPLETED, then get_archive_search_results."""
    begin, end, notes = _range(from_timestamp, to_timestamp)
    request = _request(begin, end, filters, max_results)
    search_id = await access.client.start_archive_search(archive_id, **request)
    return StartedSearch(search_id=search_id, notes=notes or None)


async def get_archive_search(search_id: SearchId, *, access: Access) -> ArchiveSearch:
    """See what a search looks for and how far it is."""
    response = await access.client.get_archive_search(search_id)
    return fitted(ArchiveSearch.of(**response, SearchId=search_id))


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
    place = read_cursor(cursor, query) if cursor is not None else Place(search_id, 0)
    found = await _results(access, search_id)
    rows = _page_of(found, place, query, page_size, detail, [])
    return SearchResults.of(SearchId=search_id, **rows)


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


def _range(from_timestamp: datetime, to_timestamp: datetime) -> tuple[datetime, datetime, list[str]]:
    """Both ends in UTC, and what has to be said about them.

    Raises:
        InvalidArgument: Mail Manager does not search such a range.
    """
    begin, end = in_utc(from_timestamp), in_utc(to_timestamp)
    if end < begin:
        raise InvalidArgument(
            f"to_timestamp ({iso(end)}) is before from_timestamp ({iso(begin)}). Exchange them, or correct one."
        )
    if end - begin > MAX_RANGE:
        raise InvalidArgument(
            f"The range from {iso(begin)} to {iso(end)} is longer than the {MAX_RANGE.days} days that one search "
            f"covers. Search it in pieces, the first one up to {iso(begin + MAX_RANGE)}."
        )
    naive = from_timestamp.tzinfo is None or to_timestamp.tzinfo is None
    return begin, end, [_NAIVE] if naive else []


def _request(begin: datetime, end: datetime, filters: ArchiveFilters | None, max_results: int) -> dict[str, Any]:
    return {
        "from_timestamp": begin,
        "to_timestamp": end,
        "filters": filter_words.request_filters(filters),
        "max_results": max_results,
    }


async def _results(access: Access, search_id: str, search: dict[str, Any] | None = None) -> Results:
    """What a completed search found. `search` is its GetArchiveSearch response, where it is known already.

    Raises:
        NotReady, SearchEnded: it has no results.
    """

    async def fetch() -> Results:
        known = search or await access.client.get_archive_search(search_id)
        _refuse_without_results(search_id, known)
        rows = await access.client.get_archive_search_results(search_id)
        return Results(rows, known.get("MaxResults", MAX_RESULTS))

    if search is not None:
        _refuse_without_results(search_id, search)
    return await access.results.get(search_id, fetch)


def _refuse_without_results(search_id: str, search: dict[str, Any]) -> None:
    state = state_of(search)
    if is_unfinished(search):
        raise NotReady(
            f"Search {search_id} is still {state}: its results are not known yet. Ask again in a few seconds; "
            "get_archive_search shows when it is COMPLETED."
        )
    if state == "FAILED":
        said = search["Status"].get("ErrorMessage", "Mail Manager does not say why")
        reason = shorten(clean_line(said), VALUE_BYTES).rstrip(".")
        raise SearchEnded(f"Search {search_id} failed: {reason}. It has no results; start a new one.")
    if state == "CANCELLED":
        raise SearchEnded(f"Search {search_id} was cancelled. It has no results; start a new one.")


def _page_of(
    found: Results, place: Place, query: str, size: int, detail: Detail, notes: Sequence[str]
) -> dict[str, Any]:
    """The members of an answer that shows rows from `place` on."""
    if place.offset > len(found.rows):
        raise InvalidArgument(f"Search {place.search_id} has only {len(found.rows)} rows. Leave cursor out.")
    rows, shortened = fit_rows(found.rows[place.offset : place.offset + size], detail)
    end = place.offset + len(rows)
    return {
        "Rows": rows,
        "TotalRows": len(found.rows),
        "Truncated": found.truncated or None,
        "NextCursor": write_cursor(Place(place.search_id, end), query) if end < len(found.rows) else None,
        "Notes": [*notes, *shortened] or None,
    }
