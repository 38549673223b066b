"""What searches over a range found as text: a page of rows, or a summary."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import bar, from_mail, line_by_line, number_of, table
from mail_archive_tools.answers.rendering.rows import row_lines
from mail_archive_tools.models import ArchiveSearchPage, ArchiveSearchSummary, FilteredHere, FoundRow, TimeRange
from mail_archive_tools.models.moments import iso
from mail_archive_tools.models.summary import Summary, SummaryOthers

_DAY_SECONDS = 86_400
_TERM_COLUMNS = ("Term", "Messages", "Alone", "Conversations")
_GROUP_COLUMNS = ("Value", "Rows", "Messages", "Bar", "First", "Last")


@line_by_line
def _page(result: ArchiveSearchPage) -> Iterator[str]:
    if result.rows:
        yield result.warning
    counted = _how_many(result.rows_so_far, result.messages_so_far, result.complete, "found")
    if result.rows_so_far:
        yield f"{len(result.rows)} shown; {counted}"
    else:
        yield counted

    yield _covered(result, f"; {number_of(result.searches_so_far, 'search')} run.")
    if result.filtered_here:
        yield f"Filtered here: {_looked_at(result.filtered_here)}"
    yield from _still_running(result.running_search_id)
    yield from result.notes or ()

    yield from row_lines(result.rows)
    yield from _copy_ids(result.rows)
    for each in result.folded or ():
        yield f"Left out: {each.archived_message_id}, like {each.like} of an earlier answer"

    if result.next_cursor:
        yield f"More: the same call with cursor={result.next_cursor}"
    if result.search_id:
        yield f"In full: SearchId {result.search_id}"


def _copy_ids(rows: list[FoundRow]) -> Iterator[str]:
    for row in rows:
        if row.copy_ids:
            yield f"Copies of {row.archived_message_id}: {', '.join(row.copy_ids[1:])}"
        if row.similar_ids:
            yield f"Like {row.archived_message_id}: {', '.join(row.similar_ids)}"


@line_by_line
def _summary(result: ArchiveSearchSummary) -> Iterator[str]:
    if result.summaries:
        yield result.warning
    yield _how_many(result.rows, result.messages, result.complete, "counted")
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
        yield from _term_table(result)
    if result.zone:
        yield f"Times are of {result.zone}."
    if result.summaries:
        yield from_mail(line for summary in result.summaries for line in _group_table(summary))
    if result.gaps:
        yield "Longest times without mail:"
        yield from map(_span, result.gaps)

    if not result.complete:
        yield from _how_to_go_on(result)


def _how_to_go_on(result: ArchiveSearchSummary) -> Iterator[str]:
    """What to do for the rest, where there is a rest that can be had."""
    unread = 0
    is_read = True
    seen = result.filtered_here
    if seen is not None:
        unread = seen.not_read or 0
        is_read = seen.rows_read + unread == seen.rows_found

    if not (is_read and _is_searched(result)):
        yield "To go on counting: the same call again."
    elif unread:
        yield (
            f"Not counted, since their messages cannot be read: {number_of(unread, 'row')}. The same call again does "
            "not change that while the reasons stay."
        )


def _is_searched(result: ArchiveSearchSummary) -> bool:
    """Whether the whole range was searched, where a summary is not complete for another reason."""
    if result.search_id is not None:
        return True
    return result.coverage is not None and _is_whole(result.coverage, result)


def _term_table(result: ArchiveSearchSummary) -> Iterator[str]:
    yield f"{number_of(result.hit_by_terms or 0, 'message')} with any of the terms in From, To, Cc or Subject:"
    rows = [each.structured() for each in result.terms or ()]
    yield table(_TERM_COLUMNS, ([str(row[name]) for name in _TERM_COLUMNS] for row in rows))


def _group_table(summary: Summary) -> Iterator[str]:
    most = max((group.rows for group in summary.top), default=1)
    rows = []
    for group in summary.top:
        rows.append({**group.structured(), "Bar": bar(group.rows, most)})

    present = {name for row in rows for name in row}
    if summary.others and summary.others.messages:
        present.add("Messages")
    columns = [name for name in _GROUP_COLUMNS if name in present]
    for row in rows:
        # Where a group has as many messages as rows, that is not said twice.
        row.setdefault("Messages", row["Rows"])

    yield f"By {summary.by}, {summary.groups} in all:"
    yield table(columns, ([str(row.get(name, "")) for name in columns] for row in rows))
    if summary.others:
        yield _others(summary.others, "Messages" in columns)


def _others(others: SummaryOthers, with_messages: bool) -> str:
    line = f"{number_of(others.groups, 'other')}\t{others.rows}"
    if with_messages:
        line += f"\t{others.messages or others.rows}"
    return line


def _span(times: TimeRange) -> str:
    days = (times.to_timestamp - times.from_timestamp).total_seconds() / _DAY_SECONDS
    return f"{iso(times.from_timestamp)}\t{iso(times.to_timestamp)}\t{days:.1f} days"


def _how_many(rows: int, messages: int, complete: bool, verb: str) -> str:
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
    if part is None and not result.complete:
        return f"Searched nothing yet, of {whole}{by}"
    if part is None or _is_whole(part, result):
        return f"Searched {whole}{by}"
    return f"Searched {iso(part.from_timestamp)} to {iso(part.to_timestamp)}, of {whole}{by}"


def _is_whole(part: TimeRange, result: ArchiveSearchPage | ArchiveSearchSummary) -> bool:
    return (part.from_timestamp, part.to_timestamp) == (result.from_timestamp, result.to_timestamp)


def _still_running(search_id: str | None) -> Iterator[str]:
    if search_id:
        yield f"Search {search_id} still runs: what it finds is not known yet."


def _looked_at(seen: FilteredHere) -> str:
    found = number_of(seen.rows_found, "row")
    line = f"{seen.rows_read} of {found} found so far were looked at"
    if seen.not_read:
        line += f"; {seen.not_read} could not be read"
    return f"{line}."
