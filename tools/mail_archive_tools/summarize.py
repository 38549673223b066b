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
from mail_archive_tools.models.base import ArchiveId, FromMoment, SearchId, ToMoment, described_text, in_utc
from mail_archive_tools.models.filters import Words
from mail_archive_tools.models.moments import read_range
from mail_archive_tools.models.query import Exclude, WaitSeconds
from mail_archive_tools.models.summary import GroupBy
from mail_archive_tools.patience import Progress, silent
from mail_archive_tools.searching.polling import Patience
from mail_archive_tools.searching.results import results_of
from mail_archive_tools.searching.sweep import Sweep, overflow_notes
from mail_archive_tools.service.filters import search_filters
from mail_archive_tools.service.retries import until
from mail_archive_tools.untrusted import shorten

if TYPE_CHECKING:
    from mail_archive_tools.counting.tables import Question


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
    from mail_archive_tools.counting.tables import Question, with_tables
    from mail_archive_tools.counting.tally import count, tally_of

    question = Question(list(dict.fromkeys(group_by)), _zone(zone), top)
    patience = Patience(wait_seconds, progress)
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
    with until(patience.deadline):
        if search_id is not None:
            if any((archive_id, from_timestamp, to_timestamp, filters)):
                raise InvalidArgument("search_id names a search with its own range and words: leave the others out.")
            return await _of_search(search_id, access, question)
        if archive_id is None or from_timestamp is None or to_timestamp is None:
            raise InvalidArgument("Give archive_id, from_timestamp and to_timestamp, or search_id alone.")
        begin, end, notes = read_range(from_timestamp, to_timestamp)
        sweep = Sweep(access, archive_id, filters, begin, end)
        tally = await tally_of(sweep)
        await count(sweep, tally, patience)
    answer = ArchiveSearchSummary(
        archive_id=archive_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=sweep.coverage(tally.place.edge),
        complete=tally.place.edge is None and not tally.place.overflowed,
        rows=len(tally.facts),
        messages=tally.facts.messages,
        searches_so_far=tally.place.searches,
        running_search_id=tally.running_search_id,
        summaries=[],
        notes=[*notes, *overflow_notes(tally.place), *tally.notes] or None,
    )
    return await to_thread.run_sync(with_tables, answer, tally.facts, question)


async def _of_search(search_id: str, access: Access, question: Question) -> ArchiveSearchSummary:
    """One search that has been run already, by whomever."""
    from mail_archive_tools.counting.columns import Facts
    from mail_archive_tools.counting.tables import with_tables

    search = await access.client.get_archive_search(search_id)
    found = await results_of(access, search_id, search)
    facts = Facts()
    await to_thread.run_sync(facts.add, found.rows)
    begin, end = (in_utc(search.get(name, datetime.now(UTC))) for name in ("FromTimestamp", "ToTimestamp"))
    full = "It found as many rows as it may: there may be more. Give its words and range instead of search_id."
    answer = ArchiveSearchSummary(
        archive_id=search.get("ArchiveId"),
        search_id=search_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=TimeRange(from_timestamp=begin, to_timestamp=end),
        complete=not found.truncated,
        rows=len(facts),
        messages=facts.messages,
        summaries=[],
        notes=[full] if found.truncated else None,
    )
    return await to_thread.run_sync(with_tables, answer, facts, question)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidArgument(
            f"zone {shorten(name, 50)!r} is no IANA time zone. Give one such as Europe/Berlin, or leave it out for UTC."
        ) from None
