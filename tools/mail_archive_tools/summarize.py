"""`summarize_archive_search`: a whole search in a few tables. What was read is kept for the next question on it."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from anyio import to_thread
from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models import ArchiveSearchSummary, TimeRange
from mail_archive_tools.models.base import ArchiveId, SearchId, described_text
from mail_archive_tools.models.filters import Words
from mail_archive_tools.models.moments import FromMoment, ToMoment, in_utc, read_range
from mail_archive_tools.models.query import Exclude, WaitSeconds
from mail_archive_tools.models.summary import GroupBy
from mail_archive_tools.patience import Patience, Progress, silent
from mail_archive_tools.searching.sweep import Sweep, overflow_notes
from mail_archive_tools.service.filters import search_filters
from mail_archive_tools.untrusted import shorten

if TYPE_CHECKING:
    from mail_archive_tools.counting.tables import Grouping


async def summarize_archive_search(
    archive_id: ArchiveId | None = None,
    from_timestamp: FromMoment | None = None,
    to_timestamp: ToMoment | None = None,
    sender: Words | None = None,
    recipient: Words | None = None,
    cc: Words | None = None,
    subject: Words | None = None,
    envelope_sender: Words | None = None,
    envelope_recipient: Words | None = None,
    has_attachments: bool | None = None,
    exclude: Exclude | None = None,
    search_id: SearchId | None = None,
    group_by: Annotated[list[GroupBy], Field(min_length=1, description="pair: who wrote to whom. gap: silence.")] = [  # noqa: B006
        "sender",
        "recipient",
        "month",
    ],
    zone: Annotated[str, described_text("The IANA time zone of days and hours."), Field(max_length=100)] = "UTC",
    top: Annotated[int, Field(ge=1, le=50, description="Groups to list; the others are counted together.")] = 10,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
) -> ArchiveSearchSummary:
    """Count what a search finds, over any range, without listing it: by sender, recipient, time, subject. Takes the
    words of search_archive, or a search_id. What is not Complete goes on when called again with the same arguments."""
    # Imported here: what counts is not needed to start.
    from mail_archive_tools.counting.tables import Grouping, with_tables

    grouping = Grouping(list(dict.fromkeys(group_by)), _zone(zone), top)
    filters = search_filters(
        exclude,
        sender=sender,
        recipient=recipient,
        cc=cc,
        subject=subject,
        envelope_sender=envelope_sender,
        envelope_recipient=envelope_recipient,
        has_attachments=has_attachments,
    )
    with Patience(wait_seconds, progress) as patience:
        if search_id is not None:
            if any((archive_id, from_timestamp, to_timestamp, filters)):
                raise InvalidArgument("search_id names a search with its own range and words: leave the others out.")
            return await _of_search(search_id, access, grouping)
        if archive_id is None or from_timestamp is None or to_timestamp is None:
            raise InvalidArgument("Give archive_id, from_timestamp and to_timestamp, or search_id alone.")
        begin, end, notes = read_range(from_timestamp, to_timestamp)
        sweep = Sweep(access.searcher, archive_id, filters, begin, end)
        tally = await access.counter.count(sweep, patience)
    answer = ArchiveSearchSummary(
        archive_id=archive_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=sweep.coverage(tally.place.edge),
        complete=tally.place.edge is None and not tally.place.overflowed,
        rows=len(tally.columns),
        messages=tally.columns.messages,
        searches_so_far=tally.place.searches,
        running_search_id=tally.running_search_id,
        summaries=[],
        notes=[*notes, *overflow_notes(tally.place), *tally.notes] or None,
    )
    return await to_thread.run_sync(with_tables, answer, tally.columns, grouping)


async def _of_search(search_id: str, access: Access, grouping: Grouping) -> ArchiveSearchSummary:
    """One search that has been run already, by whomever."""
    from mail_archive_tools.counting.columns import Columns
    from mail_archive_tools.counting.tables import with_tables

    search = await access.client.get_archive_search(search_id)
    found = await access.searcher.results_of(search_id, search)
    columns = Columns()
    await to_thread.run_sync(columns.add, found.rows)
    now = datetime.now(UTC)
    begin, end = in_utc(search.get("FromTimestamp", now)), in_utc(search.get("ToTimestamp", now))
    full = "It found as many rows as it may: there may be more. Give its words and range instead of search_id."
    answer = ArchiveSearchSummary(
        archive_id=search.get("ArchiveId"),
        search_id=search_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=TimeRange(from_timestamp=begin, to_timestamp=end),
        complete=not found.truncated,
        rows=len(columns),
        messages=columns.messages,
        summaries=[],
        notes=[full] if found.truncated else None,
    )
    return await to_thread.run_sync(with_tables, answer, columns, grouping)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidArgument(
            f"zone {shorten(name, 50)!r} is no IANA time zone. Give one such as Europe/Berlin, or leave it out for UTC."
        ) from None
