"""`summarize_archive_search`: a whole search in a few tables. What was read is kept for the next question on it."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Unpack
from zoneinfo import ZoneInfo

from anyio import to_thread
from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.answers.pictures import chart
from mail_archive_tools.calls.patience import Patience, Progress, silent
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.contents import Contents, read_contents
from mail_archive_tools.counting.counter import Asked, Tally
from mail_archive_tools.counting.groups import BY_BODY, BY_CONTENT
from mail_archive_tools.counting.of_index import groups_of_index
from mail_archive_tools.counting.tables import Counted, Grouping, with_tables
from mail_archive_tools.counting.terms import count_terms, hits_of
from mail_archive_tools.errors import IndexUnusable, InvalidArgument
from mail_archive_tools.models import ArchiveSearchSummary, FilteredHere, SearchWords
from mail_archive_tools.models.base import ArchiveId, SearchId, described_text
from mail_archive_tools.models.moments import FromMoment, ToMoment, in_utc, read_range
from mail_archive_tools.models.query import Exclude, FilterHere, WaitSeconds, WordArguments
from mail_archive_tools.models.search import TimeRange, unless_all
from mail_archive_tools.models.summary import GroupBy
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.gathering.matching import Matcher
from mail_archive_tools.searching.indexed.answering import search_of
from mail_archive_tools.searching.indexed.search import IndexedSearch
from mail_archive_tools.searching.results import left_out_notes
from mail_archive_tools.searching.sweeping.counts import broken_off_notes, hidden_notes, index_notes, overflow_notes
from mail_archive_tools.searching.sweeping.sweep import Sweep
from mail_archive_tools.service.filters import filters_of
from mail_archive_tools.untrusted import shorten
from mail_archive_tools.words.globs import folded

_REASONS = 10
"""Reasons for which messages could not be read that are told at most."""
_MAY_BE_MORE = "It found as many rows as it may: there may be more. Give its words and range instead of search_id."

Term = Annotated[str, Field(min_length=1, max_length=200)]


async def summarize_archive_search(
    archive_id: ArchiveId | None = None,
    from_timestamp: FromMoment | None = None,
    to_timestamp: ToMoment | None = None,
    exclude: Annotated[Exclude, Field(description="What any of these matches is left out.")] | None = None,
    search_id: SearchId | None = None,
    filter_here: Annotated[FilterHere, Field(description="As in search_archive.")] | None = None,
    group_by: Annotated[
        list[GroupBy],
        Field(
            min_length=1,
            description="pair: who to whom. gap: silence. From size on: by the index, or each message read.",
        ),
    ] = [  # noqa: B006
        "sender",
        "recipient",
        "month",
    ],
    terms: Annotated[
        list[Term] | None,
        Field(max_length=20, description="Words to count one by one in From, To, Cc, Subject."),
    ] = None,
    zone: Annotated[str, described_text("The IANA time zone of days and hours."), Field(max_length=100)] = "UTC",
    picture: Annotated[bool, Field(description="Add a PNG of the groups.")] = False,
    top: Annotated[int, Field(ge=1, le=50, description="Groups to list.")] = 10,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
    **words: Unpack[WordArguments],
) -> ArchiveSearchSummary:
    """Count what a search finds, over any range, without listing it: by sender, recipient, time, subject. Takes the
    words of search_archive, or a search_id. What is not Complete goes on when called again with the same arguments."""
    alternatives = filters_of(SearchWords(**words), exclude)
    grouping = Grouping(list(dict.fromkeys(group_by)), _zone(zone), top)
    reader = access.reader.of(archive_id or search_id or "")
    asked = _asked(filter_here or FilterHere(), grouping, terms or [], reader)

    with Patience(wait_seconds, progress) as patience:
        if search_id is not None:
            if any((archive_id, from_timestamp, to_timestamp, *alternatives)):
                raise InvalidArgument("search_id names a search with its own range and words: leave the others out.")
            answer, counted = await _of_search(search_id, access, asked, patience)
        else:
            if archive_id is None or from_timestamp is None or to_timestamp is None:
                raise InvalidArgument("Give archive_id, from_timestamp and to_timestamp, or search_id alone.")
            begin, end, notes = read_range(from_timestamp, to_timestamp)
            indexed = search_of(await access.indexes.of(archive_id, patience), asked.matcher)
            sweep = await Sweep.over(access.searcher, archive_id, alternatives, begin, end, indexed=indexed)
            tally = await access.counter.count(sweep, patience, asked)
            notes += index_notes(tally.contents.seconds_of_index, access.indexes.notes)
            answer, counted = await _of_range(sweep, tally, asked, notes)
            counted = await _with_groups(counted, tally, indexed, group_by)

    # In a thread, since many rows take a while to group.
    summary = await to_thread.run_sync(with_tables, answer, counted, grouping)
    if picture and any(each.top for each in summary.summaries):
        drawn = await to_thread.run_sync(chart, summary.summaries, summary.complete)
        summary = summary.with_picture(drawn)
    return summary


def _asked(wanted: FilterHere, grouping: Grouping, terms: list[str], reader: Reader) -> Asked:
    """What messages are asked for, and whether they have to be read for it."""
    matcher = None
    if wanted.asks:
        matcher = Matcher(wanted, reader)
    for term in terms:
        if not folded(term):
            raise InvalidArgument("terms has one with nothing in it that could be counted. Leave it out.")

    is_matched_by_content = matcher is not None and matcher.reads
    is_grouped_by_content = not BY_CONTENT.isdisjoint(grouping.group_by)
    reads = is_matched_by_content or is_grouped_by_content
    return Asked(
        reader if reads else None,
        matcher,
        wanted.asked,
        tuple(dict.fromkeys(terms)),
        needs_body=not BY_BODY.isdisjoint(grouping.group_by),
    )


async def _of_range(sweep: Sweep, tally: Tally, asked: Asked, notes: list[str]) -> tuple[ArchiveSearchSummary, Counted]:
    """The answer without its tables, and what they are made of."""
    counted, looked_at = _counted(tally.columns, tally.contents, asked, tally.rows_found)
    is_complete = tally.is_finished and tally.counts.is_whole and _is_read(looked_at)
    notes = [
        *notes,
        *sweep.notes,
        *overflow_notes(tally.counts),
        *left_out_notes(tally.counts.left_out),
        *broken_off_notes(len(tally.contents.broken_off) + tally.contents.broken_off_in_index),
        *hidden_notes(tally.contents.only_hidden),
        *tally.notes,
    ]

    answer = ArchiveSearchSummary(
        from_timestamp=sweep.begin,
        to_timestamp=sweep.end,
        coverage=_coverage(sweep, tally, is_complete),
        complete=is_complete,
        searches_so_far=tally.counts.searches,
        filtered_here=looked_at,
        running_search_id=tally.running_search_id,
        summaries=[],
        notes=notes or None,
        **await _numbers(tally.contents, asked, counted),
    )
    return answer, counted


async def _with_groups(
    counted: Counted, tally: Tally, indexed: IndexedSearch | None, group_by: list[GroupBy]
) -> Counted:
    """With the groups of what messages show, of those that an index counted."""
    parts = tally.contents.of_index
    if indexed is None or not parts:
        return counted
    try:
        groups = await to_thread.run_sync(groups_of_index, indexed.index, tally.columns, parts, group_by)
    except IndexUnusable as error:
        # What it counted before is not to be relied on either.
        indexed.give_up(error)
        raise IndexUnusable(f"{error} Call again with the same arguments.") from error
    return replace(counted, of_index=groups)


def _coverage(sweep: Sweep, tally: Tally, is_complete: bool) -> TimeRange | None:
    """The part of the range that is counted, as an answer has to say it."""
    if not tally.is_finished:
        return sweep.coverage(tally.place.edge)
    if not is_complete:
        # Absent, it would say that nothing was searched.
        return TimeRange(from_timestamp=sweep.begin, to_timestamp=sweep.end)
    return unless_all(sweep.coverage(tally.place.edge), sweep.begin, sweep.end)


def _counted(
    columns: Columns, contents: Contents, asked: Asked, rows_found: int
) -> tuple[Counted, FilteredHere | None]:
    """The rows that are meant, and what was looked at to know that. Where messages have to be read, those that were not
    are not counted."""
    if asked.reader is None:
        looked_at = None
        if asked.matcher is not None:
            looked_at = FilteredHere(rows_found=rows_found, rows_read=rows_found)
        return Counted(columns, range(len(columns))), looked_at

    # What the header fields leave out was looked at as well.
    read = contents.read(columns) + rows_found - len(columns) - contents.unread_in_index
    not_read = len(contents.unreadable) + contents.unread_in_index
    looked_at = FilteredHere(rows_found=rows_found, rows_read=read, not_read=not_read or None)
    return Counted(columns, contents.places(columns), contents.facts), looked_at


def _is_read(looked_at: FilteredHere | None) -> bool:
    return looked_at is None or looked_at.rows_read == looked_at.rows_found


async def _numbers(contents: Contents, asked: Asked, counted: Counted) -> dict[str, Any]:
    """The members that say how much is counted, with the terms where some are asked for, and what could not be."""
    columns, places = counted.columns, counted.places
    messages = {columns.message(place) for place in places}
    unread = contents.exceptions(columns)[:_REASONS]

    numbers: dict[str, Any] = {"rows": len(places), "messages": len(messages), "exceptions": unread or None}
    if asked.terms:
        # In a thread, since each term is looked for in every row.
        found, any_of_them = await to_thread.run_sync(count_terms, asked.terms, columns, places)
        numbers |= {"terms": found, "hit_by_terms": any_of_them}
    return numbers


async def _of_search(
    search_id: str, access: Access, asked: Asked, patience: Patience
) -> tuple[ArchiveSearchSummary, Counted]:
    """The same of one search that has been run already, by whomever."""
    search = await access.client.get_archive_search(search_id)
    found = await access.searcher.results_of(search_id, search)
    columns, contents = Columns(hits_of(asked.terms)), Contents()
    matcher = asked.matcher
    rows = found.rows
    if matcher is not None:
        rows = [row for row in rows if matcher.matches_row(row)]

    # In a thread, since thousands of addresses take a while to read.
    await to_thread.run_sync(columns.add, rows)
    if asked.reader is not None:
        await read_contents(contents, columns, asked.contents(asked.reader), patience)
    counted, looked_at = _counted(columns, contents, asked, len(found.rows))

    # GetArchiveSearch may leave out the range.
    now = datetime.now(UTC)
    notes = []
    if found.truncated:
        notes.append(_MAY_BE_MORE)
    notes += [*left_out_notes(found.left_out), *broken_off_notes(len(contents.broken_off)), *found.notes]
    notes += hidden_notes(contents.only_hidden)
    is_whole = not found.truncated and not found.left_out
    answer = ArchiveSearchSummary(
        archive_id=search.get("ArchiveId"),
        search_id=search_id,
        from_timestamp=in_utc(search.get("FromTimestamp", now)),
        to_timestamp=in_utc(search.get("ToTimestamp", now)),
        complete=is_whole and _is_read(looked_at),
        filtered_here=looked_at,
        summaries=[],
        notes=notes or None,
        **await _numbers(contents, asked, counted),
    )
    return answer, counted


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # ZoneInfoNotFoundError is a KeyError; a name that leads out of the data of zones is a ValueError, that of a
        # folder in it, or one that is too long for a file, an OSError.
        raise InvalidArgument(
            f"zone {shorten(name, 50)!r} is no IANA time zone. Give one such as Europe/Berlin, or leave it out for UTC."
        ) from None
