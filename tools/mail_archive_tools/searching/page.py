"""The rows of one page: gathered from as many windows as it takes, copies folded, what is not meant left out."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple, cast

from pydantic import Field

from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.models.search import MOST_COPY_IDS
from mail_archive_tools.patience import Patience
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.copies import group_copies
from mail_archive_tools.searching.matching import BODIES_AT_ONCE, Matcher, Verdict
from mail_archive_tools.searching.sweep import OutOfTime, Place, Rank, SearchedWindow, Sweep
from mail_archive_tools.service.shapes import FoundRow, Row

BODIES_PER_CALL = 200
"""Messages whose bodies one call reads at most."""

_NAMED_UNREAD = 3
_Count = Annotated[int, Field(ge=0, le=10**12)]


class PageState(NamedTuple):
    """Where a page begins: what a cursor of `search_archive` carries. The counts are of `filter_here`."""

    place: Place
    read: _Count = 0
    matched: _Count = 0
    not_read: _Count = 0


class PageRow(NamedTuple):
    """A row to show (with Copies and CopyIds where it has copies), and the state behind it."""

    row: FoundRow
    state: PageState


class Collector:
    """Gathers rows from a state on. What it found and where it stands is in its attributes."""

    def __init__(
        self, sweep: Sweep, reader: Reader, state: PageState, deduplicate: bool, filter_here: FilterHere | None
    ) -> None:
        self._sweep = sweep
        self._reader = reader
        self._deduplicate = deduplicate
        self._matcher = Matcher(filter_here) if filter_here else None
        self._bodies_left = BODIES_PER_CALL
        self._progressed = False
        self.state = state
        self.found: list[PageRow] = []
        self.notes: list[str] = []
        self.running_search_id: str | None = None
        self._search_ids: dict[str, None] = {}
        self.reached = state.place.edge
        """The edge up to which the range is searched."""
        self.rows, self.messages = state.place.rows, state.place.messages
        """How many were found up to there."""

    async def collect(self, limit: int, patience: Patience) -> None:
        """Gather `limit` rows, or as many as there are, or as many as there is time for.

        Raises:
            ArchiveError: nothing could be searched.
        """
        while self.state.place.edge is not None and len(self.found) < limit:
            if self._progressed and patience.left <= 0:
                self.notes.append("Time is up before the range was searched to its end.")
                return
            await patience.say(f"{self.state.place.searches} searches run, {self.rows} rows found")
            try:
                part = await self._sweep.part(self.state.place, patience)
            except ArchiveError as error:
                if not self._progressed:
                    raise
                self.notes.append(f"The search stopped before the end of the range: {error}")
                return
            if isinstance(part, OutOfTime):
                self.state = self.state._replace(place=part.place)
                self.running_search_id = part.search_id
                return
            self._progressed = True
            if not await self._take(part, limit, patience):
                return

    @property
    def search_id(self) -> str | None:
        """The search that found all the rows, if it is one."""
        return next(iter(self._search_ids)) if len(self._search_ids) == 1 else None

    def state_after(self, shown: int) -> PageState:
        """Where the next page begins when that many of the rows are shown."""
        return self.found[shown - 1].state if shown < len(self.found) else self.state

    async def _take(self, part: SearchedWindow, limit: int, patience: Patience) -> bool:
        """Take rows of a part; False when it is not done and no time or no body is left for it."""
        ranks = {id(each.row): each.rank for each in part.rows}
        rows = [each.row for each in part.rows]
        messages = group_copies(rows)
        self.reached = part.following.edge
        self.rows, self.messages = part.following.rows, part.here.messages + len(messages)
        units = messages if self._deduplicate else [[row] for row in rows]
        to_come = [unit for unit in units if self._sweep.is_to_come(ranks[id(unit[0])], part.here.after)]
        self.state = self.state._replace(place=part.here)
        for batch in self._batches(to_come):
            if self._matcher and self._matcher.reads_bodies and not self._may_read(len(batch), patience):
                return False
            for unit, verdict in zip(batch, await self._verdicts(batch), strict=True):
                if len(self.found) == limit:
                    return True
                self._consider(unit, verdict, ranks[id(unit[0])])
        self.state = self.state._replace(place=part.following._replace(messages=self.messages))
        return True

    def _batches(self, units: list[list[Row]]) -> Iterator[list[list[Row]]]:
        size = BODIES_AT_ONCE if self._matcher and self._matcher.reads_bodies else max(len(units), 1)
        return (units[start : start + size] for start in range(0, len(units), size))

    def _may_read(self, bodies: int, patience: Patience) -> bool:
        if patience.left <= 0:
            self.notes.append("Time is up before all bodies were read.")
        elif self._bodies_left < bodies:
            self.notes.append(f"One call reads {BODIES_PER_CALL} bodies at most.")
        else:
            self._bodies_left -= bodies
            return True
        return False

    async def _verdicts(self, batch: list[list[Row]]) -> list[Verdict]:
        if self._matcher is None:
            return [True] * len(batch)
        return await self._matcher.judge([unit[0] for unit in batch], self._reader)

    def _consider(self, unit: list[Row], verdict: Verdict, rank: Rank) -> None:
        count = len(unit)
        self.state = PageState(
            self.state.place._replace(after=rank),
            self.state.read + count,
            self.state.matched + (count if verdict is True else 0),
            self.state.not_read + (count if isinstance(verdict, ArchiveError) else 0),
        )
        if isinstance(verdict, ArchiveError) and self.state.not_read <= _NAMED_UNREAD:
            self.notes.append(f"The body of message {unit[0].get('ArchivedMessageId')} could not be read: {verdict}")
        if verdict is True:
            self.found.append(PageRow(_with_copies(unit), self.state))
            self._search_ids[self.state.place.search_id] = None


def _with_copies(unit: list[Row]) -> FoundRow:
    first = cast(FoundRow, unit[0])
    if len(unit) == 1:
        return first
    ids = [row["ArchivedMessageId"] for row in unit if "ArchivedMessageId" in row]
    return {**first, "Copies": len(unit), "CopyIds": ids[:MOST_COPY_IDS]}
