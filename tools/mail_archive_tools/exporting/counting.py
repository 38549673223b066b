"""How many messages an export will have, and of how many, as far as searches can tell before it begins."""

from dataclasses import dataclass, replace
from typing import Any

from mail_archive_tools.calls.patience import Patience, Progress
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.exporting.starting import ExportRequest
from mail_archive_tools.models.moments import iso
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.sweeping.outcomes import OutOfTime
from mail_archive_tools.searching.sweeping.sweep import Sweep

COUNT_SECONDS = 20.0
"""How long messages are counted for a question: hosts cut a call at a minute, and a year takes a dozen searches."""


@dataclass(frozen=True)
class _Count:
    """Messages that searches found: all of them, or `why_not`. None can be looked for any more where one `failed`."""

    rows: int
    why_not: str = ""
    failed: bool = False

    def __str__(self) -> str:
        if self.why_not:
            return f"at least {self.rows:,}"
        return f"{self.rows:,}"


async def how_many(
    searcher: Searcher, request: ExportRequest, progress: Progress, seconds: float = COUNT_SECONDS
) -> str:
    """The number of messages that the request selects, against that of all in its range, for a person; where not all
    could be counted, what was and why not more."""
    with Patience(seconds, progress) as patience:
        selected = await _count(searcher, request, request.filters, patience)
        in_all = selected
        if request.filters is not None and not selected.failed:
            in_all = await _count(searcher, request, None, patience)
            # There was less time for it, and those that are selected are among all.
            in_all = replace(in_all, rows=max(in_all.rows, selected.rows))

    said = _said(request, selected, in_all)
    if selected.rows > request.max_results:
        said += f"; the newest {request.max_results:,} of them are meant"
    why_not = dict.fromkeys(each.why_not for each in (selected, in_all) if each.why_not)
    return "; ".join([said, *why_not])


def _said(request: ExportRequest, selected: _Count, in_all: _Count) -> str:
    if request.filters is not None:
        return f"{selected} of {in_all} that were received in that time, counted just now"
    if selected.why_not:
        return f"{selected} that were received in that time, counted just now"
    return f"{selected}, which is all that was received in that time, counted just now"


async def _count(
    searcher: Searcher, request: ExportRequest, filters: dict[str, Any] | None, patience: Patience
) -> _Count:
    rows = 0
    overflowed = False
    try:
        sweep = await Sweep.over(searcher, request.archive_id, (filters,), request.begin, request.end)
        place = sweep.beginning()
        while place.edge is not None and patience.left > 0:
            part = await sweep.part(place, patience, keep=False)
            if isinstance(part, OutOfTime):
                if part.search_id is not None:
                    await searcher.client.stop_archive_search(part.search_id)
                break
            rows += len(part.rows)
            place = part.following
            overflowed = overflowed or bool(part.overflowed)
    except ArchiveError as error:
        return _Count(rows, f"no more could be counted: {error}", failed=True)

    if place.edge is not None:
        return _Count(rows, _out_of_time(sweep, place.edge))
    if overflowed:
        return _Count(rows, "more were received in a second than a search may find")
    return _Count(rows)


def _out_of_time(sweep: Sweep, edge: int) -> str:
    covered = sweep.coverage(edge)
    if covered is None:
        return "there was no time to count more"
    return (
        f"those from {iso(covered.from_timestamp)} to {iso(covered.to_timestamp)} were counted before the time for it "
        "was up"
    )
