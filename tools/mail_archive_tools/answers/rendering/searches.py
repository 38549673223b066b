"""Archives, searches and their rows as text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mail_archive_tools.answers.rendering.base import (
    bar,
    from_mail,
    labelled,
    line_by_line,
    number_of,
    table,
)
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
_SUMMARY_MEMBERS = {
    *_ROW_COLUMNS, *_COLUMNS_WHERE_THERE_ARE_ANY, "HasAttachments", "CopyIds", "SimilarIds", "Facts",
}  # fmt: skip

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

    columns = ("ArchiveId", "ArchiveName", "ArchiveState", "LastUpdatedTimestamp")
    archives = result.structured()["Archives"]
    yield table(columns, ([row.get(name, "") for name in columns] for row in archives))
    if result.next_token:
        yield f"More: list_archives with next_token={result.next_token}"
    yield from result.notes or ()


@line_by_line
def _searches(result: ArchiveSearchList) -> Iterator[str]:
    yield from result.notes or ()
    if not result.searches:
        yield "No searches of this archive."
        return

    columns = ("SubmissionTimestamp", "CompletionTimestamp", "State", "ErrorMessage")
    rows = []
    for search in result.structured()["Searches"]:
        status = search.get("Status", {})
        rows.append([search.get("SearchId", ""), *(status.get(name, "") for name in columns)])

    yield table(("SearchId", *columns), rows)
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
    yield _count(result)
    yield from result.notes or ()
    yield from _rows(result.rows)
    if result.next_cursor:
        yield f"More rows: get_archive_search_results with cursor={result.next_cursor}"


@line_by_line
def _page(result: ArchiveSearchPage) -> Iterator[str]:
    if result.rows:
        yield result.warning
    counted = _counted(result.rows_so_far, result.messages_so_far, result.complete, "found")
    yield f"{len(result.rows)} shown; {counted}" if result.rows_so_far else counted
    yield _covered(result, f"; {number_of(result.searches_so_far, 'search')} run.")
    if result.filtered_here:
        yield _filtered(result.filtered_here)
    yield from _still_running(result.running_search_id)
    yield from result.notes or ()
    yield from _rows(result.rows)
    yield from _copy_ids(result.rows)
    for each in result.folded or ():
        yield f"Left out: {each.archived_message_id}, like {each.like} of an earlier answer"
    if result.next_cursor:
        yield f"More: the same call with cursor={result.next_cursor}"
    if result.search_id:
        yield f"In full: SearchId {result.search_id}"


@line_by_line
def _counts(result: ArchiveSearchSummary) -> Iterator[str]:
    if result.summaries:
        yield result.warning
    yield _counted(result.rows, result.messages, result.complete, "counted")
    if result.first_timestamp and result.last_timestamp:
        yield f"The first at {iso(result.first_timestamp)}, the last at {iso(result.last_timestamp)}."
    yield _covered(result, _by(result))
    if result.filtered_here:
        yield _looked_at(result.filtered_here)
    for each in result.exceptions or ():
        ids = ", ".join(each.archived_message_ids)
        yield f"Not counted: {number_of(each.messages, 'message')} ({ids}). {each.why}"
    yield from _still_running(result.running_search_id)
    yield from result.notes or ()
    if result.terms is not None:
        yield from _terms(result)
    if result.zone:
        yield f"Times are of {result.zone}."
    if result.summaries:
        yield from_mail(line for summary in result.summaries for line in _summary(summary))
    if result.gaps:
        yield "Longest times without mail:"
        yield from map(_span, result.gaps)
    if not result.complete:
        yield from _how_to_go_on(result)


def _how_to_go_on(result: ArchiveSearchSummary) -> Iterator[str]:
    """What to do for the rest, where there is a rest that can be had."""
    seen = result.filtered_here
    unread = seen.not_read or 0 if seen else 0
    is_read = seen is None or seen.rows_read + unread == seen.rows_found
    whole = (result.from_timestamp, result.to_timestamp)
    covered = result.coverage and (result.coverage.from_timestamp, result.coverage.to_timestamp)
    is_searched = result.search_id is not None or covered == whole
    if not (is_read and is_searched):
        yield "To go on counting: the same call again."
    elif unread:
        yield (
            f"Not counted, since their messages cannot be read: {number_of(unread, 'row')}. The same call again does "
            "not change that while the reasons stay."
        )


def _terms(result: ArchiveSearchSummary) -> Iterator[str]:
    columns = ("Term", "Messages", "Alone", "Conversations")
    yield f"{number_of(result.hit_by_terms or 0, 'message')} with any of the terms in From, To, Cc or Subject:"
    rows = [each.structured() for each in result.terms or ()]
    yield table(columns, ([str(row[name]) for name in columns] for row in rows))


def _summary(result: Summary) -> Iterator[str]:
    rows = [group.structured() for group in result.top]
    most = max((group.rows for group in result.top), default=1)
    for row, group in zip(rows, result.top, strict=True):
        row["Bar"] = bar(group.rows, most)
    names = ("Value", "Rows", "Messages", "Bar", "First", "Last")
    present = {name for row in rows for name in row}
    if result.others and result.others.messages:
        present.add("Messages")
    columns = [name for name in names if name in present]
    for row in rows:
        # Where a group has as many messages as rows, that is not said twice.
        row.setdefault("Messages", row["Rows"])

    yield f"By {result.by}, {result.groups} in all:"
    yield table(columns, ([str(row.get(name, "")) for name in columns] for row in rows))
    if result.others:
        yield _others(result.others, "Messages" in columns)


def _others(others: SummaryOthers, with_messages: bool) -> str:
    line = f"{number_of(others.groups, 'other')}\t{others.rows}"
    return f"{line}\t{others.messages or others.rows}" if with_messages else line


def _span(times: TimeRange) -> str:
    days = (times.to_timestamp - times.from_timestamp).total_seconds() / 86_400
    return f"{iso(times.from_timestamp)}\t{iso(times.to_timestamp)}\t{days:.1f} days"


def _counted(rows: int, messages: int, complete: bool, verb: str) -> str:
    if not rows:
        return "Nothing found." if complete else "Nothing found so far."
    line = number_of(messages, "message")
    if rows != messages:
        line += f" ({rows} rows with copies)"
    return f"{line} {verb} {'in all' if complete else 'so far'}."


def _by(result: ArchiveSearchSummary) -> str:
    """Who searched: so many searches, or the one that was named."""
    if result.searches_so_far is not None:
        return f"; {number_of(result.searches_so_far, 'search')} run."
    archive = result.archive_id or "an archive that is not said"
    return f", by search {result.search_id} of {archive}."


def _covered(result: ArchiveSearchPage | ArchiveSearchSummary, by: str) -> str:
    whole = f"{iso(result.from_timestamp)} to {iso(result.to_timestamp)}"
    part = result.coverage
    if part is not None and (part.from_timestamp, part.to_timestamp) != (result.from_timestamp, result.to_timestamp):
        return f"Searched {iso(part.from_timestamp)} to {iso(part.to_timestamp)}, of {whole}{by}"
    if result.complete or part is not None:
        return f"Searched {whole}{by}"
    return f"Searched nothing yet, of {whole}{by}"


def _still_running(search_id: str | None) -> Iterator[str]:
    if search_id:
        yield f"Search {search_id} still runs: what it finds is not known yet."


def _filtered(seen: FilteredHere) -> str:
    return f"Filtered here: {_looked_at(seen)}"


def _looked_at(seen: FilteredHere) -> str:
    found = number_of(seen.rows_found, "row")
    line = f"{seen.rows_read} of {found} found so far were looked at"
    if seen.not_read:
        line += f"; {seen.not_read} could not be read"
    return f"{line}."


def _copy_ids(rows: list[FoundRow]) -> Iterator[str]:
    for row in rows:
        if row.copy_ids:
            yield f"Copies of {row.archived_message_id}: {', '.join(row.copy_ids[1:])}"
        if row.similar_ids:
            yield f"Like {row.archived_message_id}: {', '.join(row.similar_ids)}"


def _count(result: SearchResults) -> str:
    if not result.total_rows:
        return f"Nothing found: search {result.search_id}."
    line = f"{len(result.rows)} of {result.total_rows} rows: search {result.search_id}."
    if result.truncated:
        line += " There may be more: it found as many as it may; narrow it to be sure."
    if result.complete is False:
        line += " These are not all."
    return line


def _rows(rows: Sequence[SearchResultRow]) -> Iterator[str]:
    """Rows as a table where only the summary's members are known, else one after another."""
    if not rows:
        return
    shown = [row.structured() for row in rows]
    if not all(set(row) <= _SUMMARY_MEMBERS for row in shown):
        yield from_mail("\n".join([*labelled(row), ""]) for row in shown)
        return

    others = [name for name in _COLUMNS_WHERE_THERE_ARE_ANY if any(name in row for row in shown)]
    facts = dict.fromkeys(name for row in shown for name in row.get("Facts", ()))
    columns = [*_ROW_COLUMNS, *others]
    cells = ([*(_cell(row, name) for name in columns), *_fact_cells(row, facts)] for row in shown)
    yield from_mail([table([*columns, *facts], cells)])


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "Att":
        return "yes" if row.get("HasAttachments") else ""
    return str(row.get(name, ""))


def _fact_cells(row: dict[str, Any], names: Iterable[str]) -> Iterator[str]:
    """What a row shows of its message; that there is nothing is another thing than that it was not read."""
    for name in names:
        value = row["Facts"].get(name, "") if "Facts" in row else "(not read)"
        yield "; ".join(value) if isinstance(value, list) else str(value)
