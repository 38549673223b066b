"""How the search of a window may end."""

from dataclasses import dataclass

from mail_archive_tools.searching.indexed.search import Matched
from mail_archive_tools.searching.sweeping.points import RankedRow, SweepPoint


@dataclass(frozen=True)
class SearchedWindow:
    """A window that was searched: its rows in order, those of the windows before left out, the point in it, and the
    point behind it. `searches` were run for it; in `overflowed` seconds there may be more messages. `left_out` rows
    said of no message, or of one outside what was searched; `notes` are on answers that something was wrong with."""

    rows: list[RankedRow]
    here: SweepPoint
    following: SweepPoint
    searches: int
    overflowed: tuple[int, ...] = ()
    left_out: int = 0
    notes: tuple[str, ...] = ()
    matched: Matched | None = None
    """What an index told beside the rows, which are those that are meant then."""


@dataclass(frozen=True)
class OutOfTime:
    """The point to go on from, the search that still runs, if one does, and how many were run."""

    place: SweepPoint
    search_id: str | None
    searches: int
