"""`search_archive`: what a caller means by searching. Any range, every row once, a page at a time.

`show_archive_search` is the same for a person to look at: hosts that render MCP Apps show a view of it.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ParamSpec, TypeVar, Unpack

from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.answers.rows import fit_rows
from mail_archive_tools.calls.patience import Patience, Progress, silent
from mail_archive_tools.comparing.folding import folded, keep, of_these, with_similar
from mail_archive_tools.models import ArchiveSearchPage, FilteredHere, FoundRow, SearchWords
from mail_archive_tools.models.base import ArchiveId, Cursor
from mail_archive_tools.models.moments import FromMoment, ToMoment, read_range
from mail_archive_tools.models.query import (
    Deduplicate,
    Exclude,
    FilterHere,
    Shown,
    WaitSeconds,
    WordArguments,
)
from mail_archive_tools.models.search import unless_all
from mail_archive_tools.reading.shown import with_facts
from mail_archive_tools.reading.similarity import Similar
from mail_archive_tools.searching.cursors import Cursors, fingerprint
from mail_archive_tools.searching.gathering.matching import Matcher
from mail_archive_tools.searching.gathering.page import Collector, PageState
from mail_archive_tools.searching.indexed.answering import search_of
from mail_archive_tools.searching.indexed.facts import FactsOfIndex
from mail_archive_tools.searching.results import left_out_notes
from mail_archive_tools.searching.sweeping.counts import broken_off_notes, hidden_notes, index_notes, overflow_notes
from mail_archive_tools.searching.sweeping.sweep import Sweep
from mail_archive_tools.searching.sweeping.walk import Order
from mail_archive_tools.service.filters import filters_of

_Arguments = ParamSpec("_Arguments")
_Page = TypeVar("_Page")

Limit = Annotated[int, Field(ge=1, le=50, description="Rows in this answer; NextCursor leads to the rest.")]


async def search_archive(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    exclude: Annotated[Exclude, Field(description="What any of these matches is left out.")] | None = None,
    filter_here: Annotated[FilterHere, Field(description="Matched here; all of it.")] | None = None,
    order: Annotated[Order, Field(description="Which rows come first.")] = "newest_first",
    deduplicate: Annotated[
        Deduplicate,
        Field(description="One row for copies of a message; similar: for texts that share 80 %, too."),
    ] = "copies",
    show: Annotated[list[Shown] | None, Field(description="Further columns.")] = None,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
    **words: Unpack[WordArguments],
) -> ArchiveSearchPage:
    """Find messages received in a range of any length. Runs as many searches as this page needs and shows its rows;
    repeat the call with cursor for more. Words are parts of headers, upper or lower case; any of a list may match,
    all lists must. For counts call summarize_archive_search. Next: read_archive_message."""
    wanted = filter_here or FilterHere()
    alternatives = filters_of(SearchWords(**words), exclude)
    begin, end, notes = read_range(from_timestamp, to_timestamp)

    # Whether texts are alike is known of messages that were read: the matcher reads them, also where it matches all.
    is_similar = deduplicate == "similar"
    reader = access.reader.of(archive_id)
    matcher = None
    if wanted.asks or is_similar:
        matcher = Matcher(wanted, reader, is_similar)

    # A cursor leads on in the search that it is of, and in no other.
    query = fingerprint(archive_id, begin, end, alternatives, wanted.asked, order, deduplicate)
    state = None
    if cursor:
        state = access.cursors.read(cursor, PageState, query)

    with Patience(wait_seconds, progress) as patience:
        indexed = await access.indexes.of(archive_id, patience)
        if indexed is not None:
            reader = reader.knowing(FactsOfIndex(indexed.index, archive_id, reader.facts_kept))
        sweep = await Sweep.over(
            access.searcher, archive_id, alternatives, begin, end, order, search_of(indexed, matcher)
        )
        beginning = state or PageState(sweep.beginning())

        leaders = Similar()
        shown_before = None
        if is_similar:
            leaders = await access.leaders_of(query)
            shown_before = leaders.first(beginning.leaders)

        collector = Collector(sweep, beginning, deduplicate != "no", matcher, shown_before)
        await collector.collect(limit, patience)
        found = with_similar(collector.found, collector.folds)
        found, unread = await with_facts(found, show or [], reader, patience)

    # Rows for which there is no room come with the next page.
    rows, shortened = fit_rows(found, "summary", FoundRow)
    collector.show(len(rows))
    like_earlier = folded(collector.folds, rows)
    if is_similar:
        rows = of_these(rows, collector.folds)
        shortened += keep(leaders, beginning.leaders, collector.found)

    on_arguments: list[str] = []
    if state is None:
        # Said on the first page, and not again.
        on_arguments = [*notes, *sweep.notes]
    by_index = index_notes(collector.of_index, access.indexes.notes)
    notes = [*on_arguments, *_notes_on(collector, matcher), *by_index, *unread, *shortened]
    return ArchiveSearchPage(
        from_timestamp=begin,
        to_timestamp=end,
        coverage=unless_all(collector.coverage, begin, end),
        complete=collector.is_complete,
        rows=rows,
        searches_so_far=collector.counts.searches,
        folded=like_earlier or None,
        search_id=collector.search_id,
        running_search_id=collector.running_search_id,
        next_cursor=_next_cursor(collector.state, access.cursors, query),
        notes=notes or None,
        **_counts(collector, matcher),
    )


def _counts(collector: Collector, matcher: Matcher | None) -> dict[str, Any]:
    """The members that say how much was found: where this server filters, of what matches."""
    counts = collector.counts
    if matcher is None:
        return {"rows_so_far": counts.rows, "messages_so_far": counts.messages}

    judged = collector.judged
    looked_at = FilteredHere(rows_found=counts.rows, rows_read=judged.rows, not_read=judged.unreadable or None)
    return {
        "rows_so_far": judged.matching_rows,
        "messages_so_far": judged.matching_messages,
        "filtered_here": looked_at,
    }


def _notes_on(collector: Collector, matcher: Matcher | None) -> list[str]:
    """What went wrong on the way to these rows."""
    notes = [*overflow_notes(collector.counts), *left_out_notes(collector.counts.left_out)]
    if matcher is not None:
        notes += broken_off_notes(len(matcher.broken_off) + matcher.broken_off_in_index)
        notes += hidden_notes(matcher.only_hidden & _ids_of(collector))
    return [*notes, *collector.notes]


def _ids_of(collector: Collector) -> set[str]:
    """The messages of this page, copies too."""
    ids: set[str] = set()
    for found in collector.found:
        ids.add(found.row.get("ArchivedMessageId", ""))
        ids.update(found.row.get("CopyIds", ()))
    return ids


def _next_cursor(state: PageState, cursors: Cursors, query: str) -> str | None:
    """What leads to the next page; None where there is none."""
    if state.place.edge is None:
        return None
    return cursors.write(state, query)


def _with_arguments_of(
    other: Callable[_Arguments, Awaitable[_Page]],
) -> Callable[[Callable[..., Awaitable[_Page]]], Callable[_Arguments, Awaitable[_Page]]]:
    """A decorator: the function takes what `other` takes, and shows that to those who look at its signature."""

    def decorate(function: Callable[..., Awaitable[_Page]]) -> Callable[_Arguments, Awaitable[_Page]]:
        function.__signature__ = inspect.signature(other, eval_str=True)  # type: ignore[attr-defined]
        return function

    return decorate


@_with_arguments_of(search_archive)
async def show_archive_search(*positional: object, **named: object) -> ArchiveSearchPage:
    """Show the user messages in a view: a table, a timeline, who wrote to whom, conversations, each message. The same
    search and arguments as search_archive, which is enough where nobody has to look; you get the first rows as well."""
    return await search_archive(*positional, **named)  # type: ignore[arg-type]
