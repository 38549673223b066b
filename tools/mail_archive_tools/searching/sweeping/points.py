"""Where in a sweep: the order of rows, and the point that a page or a call ends at."""

from typing import Annotated, NamedTuple

from pydantic import Field

from mail_archive_tools.searching.sweeping.counts import FIRST_SECOND, LAST_SECOND, Count, Second
from mail_archive_tools.service.filters import PARTICIPATION
from mail_archive_tools.service.shapes import Row

_SearchId = Annotated[str, Field(max_length=64)]


class Rank(NamedTuple):
    """What rows are put in order by."""

    millisecond: Annotated[int, Field(ge=FIRST_SECOND * 1000, le=LAST_SECOND * 1000)]
    digest: Annotated[str, Field(max_length=16)]


class RankedRow(NamedTuple):
    """A row, and where it stands."""

    rank: Rank
    row: Row


class SweepPoint(NamedTuple):
    """Where to go on in a range. Small, and made of what JSON knows, so that a cursor can carry it."""

    edge: Second | None
    """The second that the next window begins at; None: all is searched."""
    length: Count = 0
    """How long windows should be, in seconds; 0: not known yet."""
    search_ids: Annotated[tuple[_SearchId, ...], Field(max_length=len(PARTICIPATION))] = ()
    """The searches of the next window, as far as they were started already, and that window's other edge."""
    far: Second | None = None
    entered: Rank | None = None
    """The last row of the windows before."""
    after: Rank | None = None
    """The last row that was dealt with."""
