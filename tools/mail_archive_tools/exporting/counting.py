"""How many messages an export will have, as far as searches can tell before it begins."""

from mail_archive_tools.calls.patience import Patience, Progress
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.exporting.starting import ExportRequest
from mail_archive_tools.models.moments import iso
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.sweep import OutOfTime, Sweep

COUNT_SECONDS = 20.0
"""How long messages are counted for a question: hosts cut a call at a minute, and a year takes a dozen searches."""


async def how_many(
    searcher: Searcher, request: ExportRequest, progress: Progress, seconds: float = COUNT_SECONDS
) -> str:
    """The number of messages, for a person; where not all could be counted, what was and why not more."""
    rows = 0
    with Patience(seconds, progress) as patience:
        try:
            sweep = await Sweep.over(searcher, request.archive_id, (request.filters,), request.begin, request.end)
            place, uncertain = sweep.beginning(), False
            while place.edge is not None and patience.left > 0 and rows < request.max_results:
                part = await sweep.part(place, patience, keep=False)
                if isinstance(part, OutOfTime):
                    if part.search_id is not None:
                        await searcher.client.stop_archive_search(part.search_id)
                    break
                rows, place = rows + len(part.rows), part.following
                uncertain = uncertain or bool(part.overflowed)
        except ArchiveError as error:
            return f"{rows:,} counted so far, and no more could be: {error}"

    meant = f", of which the newest {request.max_results:,} are meant" if rows > request.max_results else ""
    if place.edge is None and not uncertain:
        return f"{rows:,}, by a search just now{meant}"
    if rows >= request.max_results:
        return f"at least {rows:,}{meant}"
    covered = sweep.coverage(place.edge)
    if covered is None or place.edge is None:
        return (
            f"at least {rows:,}: more were received in a second than a search may find" if uncertain else "not counted"
        )
    return (
        f"at least {rows:,}: those from {iso(covered.from_timestamp)} to {iso(covered.to_timestamp)} were counted in "
        f"{seconds:.0f} s"
    )
