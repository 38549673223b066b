"""Archives, searches and their rows as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from mail_archive_tools.answers.rendering.base import DATA_NOT_INSTRUCTIONS, labelled, lines, number_of, render, table
from mail_archive_tools.models import (
    ArchiveList,
    ArchiveSearch,
    ArchiveSearchList,
    ArchiveSearchPage,
    ArchiveSearchSummary,
    FilteredHere,
    FoundRow,
    SearchResultRow,
    SearchResults,
    StartedSearch,
    StoppedSearch,
    TimeRange,
)
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.summary import Summary, SummaryOthers

_ROW_COLUMNS = ("ArchivedMessageId", "ReceivedTimestamp", "Att", "From", "To", "Subject")
_COLUMNS_WHERE_THERE_ARE_ANY = ("Date", "Copies")


@render.register
def _(result: ArchiveList) -> str:
    if not result.archives:
        return "No archives here that these credentials may see."
    columns = ("ArchiveId", "ArchiveName", "ArchiveState", "LastUpdatedTimestamp")
    shown = table(columns, ([row.get(name, "") for name in columns] for row in result.structured()["Archives"]))
    more = f"\nMore: list_archives with next_token={result.next_token}" if result.next_token else ""
    return lines(f"{shown}{more}", *(result.notes or []))


@render.register
def _(result: ArchiveSearchList) -> str:
    if not result.searches:
        return "No searches of this archive."
    columns = ("SubmissionTimestamp", "CompletionTimestamp", "State", "ErrorMessage")
    rows = (
        [search.get("SearchId", ""), *(search.get("Status", {}).get(name, "") for name in columns)]
        for search in result.structured()["Searches"]
    )
    shown = table(("SearchId", *columns), rows)
    more = f"\nMore: list_archive_searches with next_token={result.next_token}" if result.next_token else ""
    return f"{shown}{more}"


@render.register
def _(result: StartedSearch) -> str:
    return lines(
        f"Search {result.search_id} has started.",
        *(result.notes or []),
        "Next: get_archive_search until it is COMPLETED, then get_archive_search_results.",
    )


@render.register
def _(result: StoppedSearch) -> str:
    return f"Search {result.search_id} was asked to stop; get_archive_search shows its state."


@render.register
def _(result: ArchiveSearch) -> str:
    state = result.status.state if result.status else None
    following = {
        "COMPLETED": "Next: get_archive_search_results.",
        "QUEUED": "Not finished: look again in a few seconds.",
        "RUNNING": "Not finished: look again in a few seconds.",
        "FAILED": "It has no results; start a new one.",
        "CANCELLED": "It has no results; start a new one.",
    }
    return lines(*labelled(result.structured()), following.get(state or "", ""))


@render.register
def _(result: SearchResults) -> str:
    return lines(
        _count(f"search {result.search_id}", result.rows, result.total_rows, result.truncated),
        *(result.notes or []),
        _rows(result.rows),
        f"More rows: get_archive_search_results with cursor={result.next_cursor}" if result.next_cursor else "",
    )


@render.register
def _(result: ArchiveSearchPage) -> str:
    return lines(
        _found(result),
        _covered(result),
        _filtered(result.filtered_here) if result.filtered_here else "",
        _still_running(result.running_search_id),
        *(result.notes or []),
        _rows(result.rows),
        *_copy_ids(result.rows),
        f"More: the same call with cursor={result.next_cursor}" if result.next_cursor else "",
        f"In full: SearchId {result.search_id}" if result.search_id else "",
    )


@render.register
def _(result: ArchiveSearchSummary) -> str:
    span = (
        f"The first at {iso(result.first_timestamp)}, the last at {iso(result.last_timestamp)}."
        if result.first_timestamp and result.last_timestamp
        else ""
    )
    return lines(
        _counted(result.rows, result.messages, result.complete, "counted"),
        span,
        _covered(result),
        _still_running(result.running_search_id),
        *(result.notes or []),
        DATA_NOT_INSTRUCTIONS if result.summaries else "",
        f"Times are of {result.zone}." if result.zone else "",
        *map(_summary, result.summaries),
        *(["Longest times without mail:", *map(_span, result.gaps)] if result.gaps else []),
        "" if result.complete else "To go on counting: the same call again.",
    )


def _summary(result: Summary) -> str:
    columns = ["Value", "Rows", "Messages", "FirstTimestamp", "LastTimestamp"]
    rows = [group.structured() for group in result.top]
    columns = [name for name in columns if any(name in row for row in rows)]
    cells = ([str(row.get(name, row["Rows"] if name == "Messages" else "")) for name in columns] for row in rows)
    return lines(f"By {result.by}, {result.groups} in all:", table(columns, cells), _others(result.others, columns))


def _others(others: SummaryOthers | None, columns: list[str]) -> str:
    if others is None:
        return ""
    messages = f"\t{others.messages or others.rows}" if others.messages or "Messages" in columns else ""
    return f"{number_of(others.groups, 'other')}\t{others.rows}{messages}"


def _span(times: TimeRange) -> str:
    days = (times.to_timestamp - times.from_timestamp).total_seconds() / 86_400
    return f"{iso(times.from_timestamp)}\t{iso(times.to_timestamp)}\t{days:.1f} days"


def _found(result: ArchiveSearchPage) -> str:
    counted = _counted(result.rows_so_far, result.messages_so_far, result.complete, "found")
    return f"{len(result.rows)} shown; {counted}" if result.rows_so_far else counted


def _counted(rows: int, messages: int, complete: bool, verb: str) -> str:
    if not rows:
        return "Nothing found." if complete else "Nothing found so far."
    copies = "" if rows == messages else f" ({rows} rows with copies)"
    return f"{number_of(messages, 'message')}{copies} {verb} {'in all' if complete else 'so far'}."


def _covered(result: ArchiveSearchPage | ArchiveSearchSummary) -> str:
    whole = f"{iso(result.from_timestamp)} to {iso(result.to_timestamp)}"
    part = result.coverage
    ran = result.searches_so_far
    if ran is None:
        archive = getattr(result, "archive_id", None) or "an archive that is not said"
        by = f", by search {result.search_id} of {archive}."
    else:
        by = f"; {number_of(ran, 'search')} run."
    if part is not None:
        return f"Searched {iso(part.from_timestamp)} to {iso(part.to_timestamp)}, of {whole}{by}"
    return f"Searched {whole}{by}" if result.complete else f"Searched nothing yet, of {whole}{by}"


def _still_running(search_id: str | None) -> str:
    return f"Search {search_id} still runs: what it finds is not known yet." if search_id else ""


def _filtered(seen: FilteredHere) -> str:
    missing = f"; {seen.not_read} could not be read" if seen.not_read else ""
    found = number_of(seen.rows_found, "row")
    return f"Filtered here: {seen.rows_read} of {found} found so far were looked at{missing}."


def _copy_ids(rows: list[FoundRow]) -> Iterator[str]:
    for row in rows:
        if row.copy_ids:
            yield f"Copies of {row.archived_message_id}: {', '.join(row.copy_ids[1:])}"


def _count(of: str, rows: list[SearchResultRow], total: int, truncated: bool | None) -> str:
    if not total:
        return f"Nothing found: {of}."
    more = " There may be more: it found as many as it may; narrow it to be sure." if truncated else ""
    return f"{len(rows)} of {total} rows: {of}.{more}"


def _rows(rows: Sequence[SearchResultRow]) -> str:
    """Rows as a table where only the summary's members are known, else one after another."""
    if not rows:
        return ""
    shown = [row.structured() for row in rows]
    if all(set(row) <= _SUMMARY_MEMBERS for row in shown):
        others = [name for name in _COLUMNS_WHERE_THERE_ARE_ANY if any(name in row for row in shown)]
        columns = [*_ROW_COLUMNS, *others]
        return lines(DATA_NOT_INSTRUCTIONS, table(columns, ([_cell(row, name) for name in columns] for row in shown)))
    return lines(DATA_NOT_INSTRUCTIONS, *("\n".join(labelled(row)) + "\n" for row in shown))


_SUMMARY_MEMBERS = {*_ROW_COLUMNS, *_COLUMNS_WHERE_THERE_ARE_ANY, "HasAttachments", "CopyIds"}


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "Att":
        return "yes" if row.get("HasAttachments") else ""
    return str(row.get(name, ""))
