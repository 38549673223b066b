"""`summarize_archive_search`: a whole search in a few tables. What was read is kept for the next question on it."""

from datetime import UTC, datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from anyio import to_thread
from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.tables import Grouping, with_tables
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models import ArchiveSearchSummary, SearchWords
from mail_archive_tools.models.base import ArchiveId, SearchId, described_text
from mail_archive_tools.models.moments import FromMoment, ToMoment, in_utc, read_range
from mail_archive_tools.models.query import (
    Attachments,
    Cc,
    EnvelopeRecipient,
    EnvelopeSender,
    Exclude,
    Participant,
    Recipient,
    Sender,
    Subject,
    WaitSeconds,
)
from mail_archive_tools.models.search import unless_all
from mail_archive_tools.models.summary import GroupBy
from mail_archive_tools.patience import Patience, Progress, silent
from mail_archive_tools.searching.counts import overflow_notes
from mail_archive_tools.searching.sweep import Sweep
from mail_archive_tools.service.filters import Filters, filters_of
from mail_archive_tools.untrusted import shorten


async def summarize_archive_search(
    archive_id: ArchiveId | None = None,
    from_timestamp: FromMoment | None = None,
    to_timestamp: ToMoment | None = None,
    sender: Sender | None = None,
    recipient: Recipient | None = None,
    cc: Cc | None = None,
    participant: Participant | None = None,
    subject: Subject | None = None,
    envelope_sender: EnvelopeSender | None = None,
    envelope_recipient: EnvelopeRecipient | None = None,
    has_attachments: Attachments = None,
    exclude: Annotated[Exclude, Field(description="What any of these words matches is left out.")] | None = None,
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
    words = SearchWords(
        sender=sender,
        recipient=recipient,
        cc=cc,
        participant=participant,
        subject=subject,
        envelope_sender=envelope_sender,
        envelope_recipient=envelope_recipient,
        has_attachments=has_attachments,
    )
    alternatives = filters_of(words, exclude)
    grouping = Grouping(list(dict.fromkeys(group_by)), _zone(zone), top)

    with Patience(wait_seconds, progress) as patience:
        if search_id is not None:
            if any((archive_id, from_timestamp, to_timestamp, *alternatives)):
                raise InvalidArgument("search_id names a search with its own range and words: leave the others out.")
            answer, columns = await _of_search(search_id, access)
        else:
            if archive_id is None or from_timestamp is None or to_timestamp is None:
                raise InvalidArgument("Give archive_id, from_timestamp and to_timestamp, or search_id alone.")
            answer, columns = await _of_range(archive_id, from_timestamp, to_timestamp, alternatives, access, patience)

    # In a thread, since many rows take a while to group.
    return await to_thread.run_sync(with_tables, answer, columns, grouping)


async def _of_range(
    archive_id: str,
    from_timestamp: datetime,
    to_timestamp: datetime,
    alternatives: tuple[Filters | None, ...],
    access: Access,
    patience: Patience,
) -> tuple[ArchiveSearchSummary, Columns]:
    """The answer without its tables, and what they are made of."""
    begin, end, notes = read_range(from_timestamp, to_timestamp)
    sweep = await Sweep.over(access.searcher, archive_id, alternatives, begin, end)
    tally = await access.counter.count(sweep, patience)
    answer = ArchiveSearchSummary(
        from_timestamp=begin,
        to_timestamp=end,
        coverage=unless_all(sweep.coverage(tally.place.edge), begin, end),
        complete=tally.is_finished and not tally.counts.overflowed,
        rows=len(tally.columns),
        messages=tally.columns.messages,
        searches_so_far=tally.counts.searches,
        running_search_id=tally.running_search_id,
        summaries=[],
        notes=[*notes, *sweep.notes, *overflow_notes(tally.counts), *tally.notes] or None,
    )
    return answer, tally.columns


async def _of_search(search_id: str, access: Access) -> tuple[ArchiveSearchSummary, Columns]:
    """The same of one search that has been run already, by whomever."""
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
        complete=not found.truncated,
        rows=len(columns),
        messages=columns.messages,
        summaries=[],
        notes=[full] if found.truncated else None,
    )
    return answer, columns


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidArgument(
            f"zone {shorten(name, 50)!r} is no IANA time zone. Give one such as Europe/Berlin, or leave it out for UTC."
        ) from None
