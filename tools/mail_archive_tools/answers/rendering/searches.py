"""Archives, searches and what one of them found as text: the answers of the operations that the API has."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import labelled, line_by_line, table
from mail_archive_tools.answers.rendering.rows import row_lines
from mail_archive_tools.models import (
    ArchiveList,
    ArchiveSearch,
    ArchiveSearchList,
    SearchResults,
    StartedSearch,
    StoppedSearch,
)

_ARCHIVE = ("ArchiveId", "ArchiveName", "ArchiveState", "LastUpdatedTimestamp")
_SEARCH_STATUS = ("SubmissionTimestamp", "CompletionTimestamp", "State", "ErrorMessage")
_AFTER_A_SEARCH = {
    "COMPLETED": "Next: get_archive_search_results.",
    "QUEUED": "Not finished: look again in a few seconds.",
    "RUNNING": "Not finished: look again in a few seconds.",
    "FAILED": "It has no results; start a new one.",
    "CANCELLED": "It has no results; start a new one.",
}


@line_by_line
def _archives(result: ArchiveList) -> Iterator[str]:
    if not result.archives:
        yield "No archives here that these credentials may see."
        yield from result.notes or ()
        return

    rows = result.structured()["Archives"]
    yield table(_ARCHIVE, ([row.get(name, "") for name in _ARCHIVE] for row in rows))
    if result.next_token:
        yield f"More: list_archives with next_token={result.next_token}"
    yield from result.notes or ()


@line_by_line
def _searches(result: ArchiveSearchList) -> Iterator[str]:
    yield from result.notes or ()
    if not result.searches:
        yield "No searches of this archive."
        return

    rows = []
    for search in result.structured()["Searches"]:
        status = search.get("Status", {})
        cells = [status.get(name, "") for name in _SEARCH_STATUS]
        rows.append([search.get("SearchId", ""), *cells])

    yield table(("SearchId", *_SEARCH_STATUS), rows)
    if result.next_token:
        yield f"More: list_archive_searches with next_token={result.next_token}"


@line_by_line
def _started(result: StartedSearch) -> Iterator[str]:
    yield f"Search {result.search_id} has started."
    yield from result.notes or ()
    yield "Next: get_archive_search until it is COMPLETED, then get_archive_search_results."


@line_by_line
def _stopped(result: StoppedSearch) -> Iterator[str]:
    yield f"Search {result.search_id} was asked to stop; get_archive_search shows its state."


@line_by_line
def _search(result: ArchiveSearch) -> Iterator[str]:
    members = result.structured()
    members.pop("Notes", None)
    yield from labelled(members)
    yield from result.notes or ()
    state = result.status.state if result.status else None
    if state in _AFTER_A_SEARCH:
        yield _AFTER_A_SEARCH[state]


@line_by_line
def _results(result: SearchResults) -> Iterator[str]:
    if result.rows:
        yield result.warning
    yield _rows_of_all(result)
    yield from result.notes or ()
    yield from row_lines(result.rows)
    if result.next_cursor:
        yield f"More rows: get_archive_search_results with cursor={result.next_cursor}"


def _rows_of_all(result: SearchResults) -> str:
    if not result.total_rows:
        return f"Nothing found: search {result.search_id}."
    line = f"{len(result.rows)} of {result.total_rows} rows: search {result.search_id}."
    if result.truncated:
        line += " There may be more: it found as many as it may; narrow it to be sure."
    if result.complete is False:
        line += " These are not all."
    return line
