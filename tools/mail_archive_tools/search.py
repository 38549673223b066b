"""`search_archive`: what a caller means by searching. Any range, every row once, a page at a time."""

from typing import Annotated

from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.answers.rows import fit_rows
from mail_archive_tools.models import ArchiveSearchPage, FilteredHere, FoundRow
from mail_archive_tools.models.base import ArchiveId, Cursor
from mail_archive_tools.models.moments import FromMoment, ToMoment, read_range
from mail_archive_tools.models.query import (
    Cc,
    EnvelopeRecipient,
    EnvelopeSender,
    Exclude,
    FilterHere,
    Recipient,
    Sender,
    Subject,
    WaitSeconds,
)
from mail_archive_tools.patience import Patience, Progress, silent
from mail_archive_tools.searching.cursors import fingerprint
from mail_archive_tools.searching.page import Collector, PageState
from mail_archive_tools.searching.sweep import Sweep, overflow_notes
from mail_archive_tools.searching.windows import Order
from mail_archive_tools.service.filters import search_filters

Limit = Annotated[int, Field(ge=1, le=50, description="Rows in this answer; NextCursor leads to the rest.")]


async def search_archive(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    sender: Sender | None = None,
    recipient: Recipient | None = None,
    cc: Cc | None = None,
    subject: Subject | None = None,
    envelope_sender: EnvelopeSender | None = None,
    envelope_recipient: EnvelopeRecipient | None = None,
    has_attachments: bool | None = None,
    exclude: Exclude | None = None,
    filter_here: Annotated[
        FilterHere,
        Field(
            description="Matched by this server on what the words find: sender, subject (patterns of the whole value: "
            "* and ?), message_id, body (parts of the text; slow)."
        ),
    ]
    | None = None,
    order: Annotated[Order, Field(description="Which rows come first.")] = "newest_first",
    deduplicate: Annotated[bool, Field(description="Show copies of one message as one row.")] = True,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
) -> ArchiveSearchPage:
    """Find messages received in a range of any length. Runs as many searches as this page needs and shows its rows;
    repeat the call with cursor for more. Words are parts of headers, upper or lower case; any of a list may match,
    all lists must. For counts call summarize_archive_search. Next: read_archive_message."""
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
    begin, end, notes = read_range(from_timestamp, to_timestamp)
    query = fingerprint(archive_id, begin, end, filters, filter_here and filter_here.model_dump(), order, deduplicate)
    sweep = Sweep(access.searcher, archive_id, filters, begin, end, order)
    state = access.cursors.read(cursor, PageState, query) if cursor else PageState(sweep.beginning())
    collector = Collector(sweep, access.reader, state, deduplicate, filter_here)
    with Patience(wait_seconds, progress) as patience:
        await collector.collect(limit, patience)
    rows, shortened = fit_rows([found.row for found in collector.found], "summary", FoundRow)
    state = collector.state_after(len(rows))
    return ArchiveSearchPage(
        archive_id=archive_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=sweep.coverage(collector.reached),
        complete=collector.reached is None and not state.place.overflowed,
        rows=rows,
        rows_so_far=collector.rows,
        messages_so_far=collector.messages,
        searches_so_far=state.place.searches,
        filtered_here=_filtered_here(state) if filter_here else None,
        search_id=collector.search_id,
        running_search_id=collector.running_search_id,
        next_cursor=access.cursors.write(state, query) if state.place.edge is not None else None,
        notes=[*notes, *overflow_notes(state.place), *collector.notes, *shortened] or None,
    )


def _filtered_here(state: PageState) -> FilteredHere:
    return FilteredHere(rows_read=state.read, rows_matched=state.matched, not_read=state.not_read or None)
