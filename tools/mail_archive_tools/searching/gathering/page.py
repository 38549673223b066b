"""The rows of one page: gathered from as many windows as it takes, copies folded, what is not meant left out."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple, cast

from pydantic import Field

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.index.stretches import Stretch, spanning
from mail_archive_tools.models import TimeRange
from mail_archive_tools.models.search import MOST_COPY_IDS
from mail_archive_tools.reading.similarity import Similar
from mail_archive_tools.searching.gathering.copies import group_copies
from mail_archive_tools.searching.gathering.matching import Matcher, Verdict
from mail_archive_tools.searching.indexed.search import Matched
from mail_archive_tools.searching.sweeping.counts import Count, Counts
from mail_archive_tools.searching.sweeping.outcomes import OutOfTime, SearchedWindow
from mail_archive_tools.searching.sweeping.points import Rank, RankedRow, SweepPoint
from mail_archive_tools.searching.sweeping.sweep import Sweep
from mail_archive_tools.service.shapes import FoundRow, Row

_NAMED_UNREAD = 3


class Judged(NamedTuple):
    """What was looked at here, with `filter_here`: rows, those of them that match, the messages that these are of, and
    messages whose body could not be read."""

    rows: Count = 0
    matching_rows: Count = 0
    matching_messages: Count = 0
    unreadable: Count = 0

    def with_others(self, window: SearchedWindow) -> "Judged":
        """With what an index left out of a window: it was looked at when it was indexed, or could not be read then."""
        if window.matched is None:
            return self
        looked = window.matched.looked
        left_out = looked.messages - looked.unread - len(window.rows)
        return self._replace(rows=self.rows + left_out, unreadable=self.unreadable + looked.unread)

    def with_more(self, rows: int, messages: int) -> "Judged":
        """With rows that are known to match, and are not shown yet."""
        return self._replace(
            rows=self.rows + rows,
            matching_rows=self.matching_rows + rows,
            matching_messages=self.matching_messages + messages,
        )


class PageState(NamedTuple):
    """Where a page begins: what a cursor of `search_archive` carries. `counts` are of the windows before, `judged` is
    of all rows before.

    `leaders` is for searches that fold messages which are nearly the same: how many rows the pages before have shown.
    Each of those leads whatever is like it."""

    place: SweepPoint
    counts: Counts = Counts()
    judged: Judged = Judged()
    leaders: Annotated[int, Field(ge=0)] = 0


class PageRow(NamedTuple):
    """A row to show, and the state behind it; `minhash` is of its text, where that was read."""

    row: FoundRow
    state: PageState
    minhash: str = ""


class Fold(NamedTuple):
    """A row that is not shown, since one before is like it; so many rows of the page came before it."""

    archived_message_id: str
    like: str
    position: int


@dataclass(frozen=True)
class _Unit:
    """Rows that are shown as one, in their order. `is_first`: no row before them is a copy of their message."""

    ranked: list[RankedRow]
    is_first: bool = True

    @property
    def rank(self) -> Rank:
        return self.ranked[0].rank

    @property
    def rows(self) -> list[Row]:
        return [each.row for each in self.ranked]

    @property
    def archived_message_id(self) -> str | None:
        return self.ranked[0].row.get("ArchivedMessageId")


class Collector:
    """Gathers rows from a state on. What it found and where it stands is in its attributes."""

    def __init__(
        self,
        sweep: Sweep,
        state: PageState,
        deduplicate: bool,
        matcher: Matcher | None = None,
        similar: Similar | None = None,
    ) -> None:
        """With `similar`, the leaders of former pages, rows are folded that are like one of them; the matcher has to
        give facts then.

        Raises:
        InvalidArgument: the state is none of this range.
        """
        sweep.refuse_damaged(state.place)
        self._sweep = sweep
        self._deduplicate = deduplicate
        self._matcher = matcher
        self._similar = similar
        self._progressed = False
        self._is_time_up = False
        self._search_ids: dict[str, None] = {}
        self.state = state
        self.found: list[PageRow] = []
        self.folds: list[Fold] = []
        self.notes: list[str] = []
        self.running_search_id: str | None = None
        self.counts = state.counts
        """What was found up to where the range is searched: the window that the page ends in is counted whole."""
        self.judged = state.judged
        """What was looked at: of a window that an index told, all of it is."""
        self.of_index: Stretch | None = None
        """The seconds that an index answered, and what lies between them."""
        self.is_searched = state.place.edge is None
        """Whether the range is searched to its end."""
        self.coverage = self._coverage_at_start()
        """The part of the range that nothing more will come of, but for rows that `counts` has already."""

    async def collect(self, limit: int, patience: Patience) -> None:
        """Gather `limit` rows, or as many as there are, or as many as there is time for.

        Raises:
            ArchiveError: nothing could be searched.
        """
        while self._goes_on(limit):
            if self._progressed and patience.left <= 0:
                self.notes.append("Time is up before the range was searched to its end.")
                return
            await patience.say(f"{self.counts.searches} searches run, {self.counts.rows} rows found")

            try:
                window = await self._sweep.part(self.state.place, patience, wanted=limit - len(self.found))
            except ArchiveError as error:
                if not self._progressed:
                    raise
                self.notes.append(f"The search stopped before the end of the range: {error}")
                return

            if isinstance(window, OutOfTime):
                self._run_out_of_time(window)
                return
            self._progressed = True
            await self._take(window, limit, patience)

    def _goes_on(self, limit: int) -> bool:
        """Whether there is more to search, and more is wanted."""
        if self._is_time_up or self.state.place.edge is None:
            return False
        return len(self.found) < limit

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to search, or to look at."""
        return self.is_searched and self.counts.is_whole and not self.judged.unreadable

    @property
    def search_id(self) -> str | None:
        """The search that found all the rows, if it is one."""
        if len(self._search_ids) != 1:
            return None
        return next(iter(self._search_ids))

    def state_after(self, shown: int) -> PageState:
        """Where the next page begins when that many of the rows are shown."""
        if shown < len(self.found):
            return self.found[shown - 1].state
        return self.state

    def show(self, shown: int) -> None:
        """Take back all but so many of the rows: the others did not fit, and come with the next page."""
        if shown == len(self.found):
            return
        self.state = self.state_after(shown)
        del self.found[shown:]
        self.folds = [fold for fold in self.folds if fold.position < shown]
        if self._matcher is not None:
            self._reach_only(self.state.place.after)

    def _coverage_at_start(self) -> TimeRange | None:
        place = self.state.place
        if self._matcher is None or place.after is None or place.after == place.entered:
            return self._sweep.coverage(place.edge)
        # What was looked at before ends within a window.
        return self._sweep.coverage_before(place.after)

    def _run_out_of_time(self, outcome: OutOfTime) -> None:
        self.state = self.state._replace(place=outcome.place, counts=self.state.counts.having_run(outcome.searches))
        self.counts = self.counts.having_run(outcome.searches)
        self.running_search_id = outcome.search_id

    async def _take(self, window: SearchedWindow, limit: int, patience: Patience) -> None:
        """Take rows of a window: all, or as many as are wanted, or as many as there is time to look at."""
        before = self.state.counts.having_run(window.searches, window.overflowed, window.left_out)
        self.notes += [note for note in window.notes if note not in self.notes]
        units, messages = self._units(window)
        self.counts = before.having_found(_rows_found(window), messages)
        self.state = self.state._replace(place=window.here, counts=before)

        to_come = [unit for unit in units if self._sweep.is_to_come(unit.rank, window.here.after)]
        wanted = limit - len(self.found)
        verdicts = await self._verdicts(to_come, wanted, window.matched, patience)
        for unit, verdict in zip(to_come, verdicts, strict=False):
            self._consider(unit, verdict, window.here.search_ids)

        is_done = len(verdicts) == len(to_come)
        self._note_index(window, to_come[len(verdicts) :])
        if is_done:
            judged = self.state.judged.with_others(window)
            self.state = self.state._replace(place=window.following, counts=self.counts, judged=judged)
        if is_done or self._matcher is None:
            # Rows that are left, without a matcher, are counted already and come with the next pages.
            self._reach(window.following.edge)
            return

        self._reach_only(to_come[len(verdicts)].rank)
        # Of what is as many as wanted, some may be folded: then there are more to look at, and time.
        if sum(verdict.matches for verdict in verdicts) < wanted:
            self._is_time_up = True
            self.notes.append("Time is up before all that was found was looked at.")

    def _note_index(self, window: SearchedWindow, left: list[_Unit]) -> None:
        """Note what an index told of a window, of which some units may be left for the next page."""
        self.judged = self.state.judged.with_others(window)
        if window.matched is None:
            return

        rows = sum([len(unit.ranked) for unit in left])
        firsts = sum([unit.is_first for unit in left])
        self.judged = self.judged.with_more(rows, firsts)
        self.of_index = spanning(self.of_index, window.matched.seconds)
        begins_here = window.here.after in (None, window.here.entered)
        if self._matcher is not None and begins_here:
            # The pages before have told of a window that they ended in.
            self._matcher.broken_off_in_index += window.matched.looked.cut

    def _reach(self, edge: int | None) -> None:
        self.coverage = self._sweep.coverage(edge)
        self.is_searched = edge is None

    def _reach_only(self, rank: Rank | None) -> None:
        """The range is dealt with up to a row only, which is still to be looked at."""
        self.coverage = self._sweep.coverage_before(rank) if rank else None
        self.is_searched = False

    def _units(self, window: SearchedWindow) -> tuple[list[_Unit], int]:
        """The rows of a window as they are to be shown, and how many messages they are of."""
        messages = group_copies(window.rows, lambda ranked: ranked.row)
        if self._deduplicate:
            return [_Unit(copies) for copies in messages], len(messages)

        firsts = {copies[0].rank for copies in messages}
        return [_Unit([ranked], ranked.rank in firsts) for ranked in window.rows], len(messages)

    async def _verdicts(
        self, units: list[_Unit], wanted: int, matched: Matched | None, patience: Patience
    ) -> list[Verdict]:
        """On the first of the units: on all, or as many as it takes for the rows that are wanted."""
        if matched is not None and self._matcher is not None:
            return [self._matcher.verdict_of_index(unit.rows, matched) for unit in units[:wanted]]
        if self._matcher is None:
            return [Verdict(True)] * min(wanted, len(units))

        found = self.counts.messages if self._deduplicate else self.counts.rows
        left = len(units)

        async def say(judged: int) -> None:
            await patience.say(f"{found - left + judged:,} of {found:,} messages read")

        return await self._matcher.judge([unit.rows for unit in units], wanted, patience, say)

    def _consider(self, unit: _Unit, verdict: Verdict, search_ids: tuple[str, ...]) -> None:
        """Show a unit, fold it, or leave it out, as the verdict is; the state moves behind it."""
        judged = self.state.judged
        if self._matcher is not None:
            judged = _judged_too(judged, unit, verdict)
        self.state = self.state._replace(place=self.state.place._replace(after=unit.rank), judged=judged)

        if verdict.unreadable is not None and judged.unreadable <= _NAMED_UNREAD:
            self.notes.append(f"The body of message {unit.archived_message_id} could not be read: {verdict.unreadable}")
        if not verdict.matches:
            return

        minhash = ""
        if self._similar is not None:
            minhash = verdict.facts.minhash if verdict.facts else ""
            if self._is_folded(unit.archived_message_id or "", minhash, self._similar):
                return
        self.found.append(PageRow(_with_copies(unit.rows), self.state, minhash))
        self._search_ids |= dict.fromkeys(search_ids)

    def _is_folded(self, archived_message_id: str, minhash: str, similar: Similar) -> bool:
        """Whether a message is like a leader, and folded behind that; else it is one more leader."""
        like = similar.like(minhash)
        if like is not None:
            self.folds.append(Fold(archived_message_id, like, len(self.found)))
            return True

        similar.add(archived_message_id, minhash)
        self.state = self.state._replace(leaders=self.state.leaders + 1)
        return False


def _rows_found(window: SearchedWindow) -> int:
    """How many rows the words find in a window, those included that are not meant."""
    if window.matched is None:
        return len(window.rows)
    return window.matched.looked.messages


def _judged_too(judged: Judged, unit: _Unit, verdict: Verdict) -> Judged:
    """What was looked at, with one more unit."""
    # By place: thousands of rows may be looked at.
    rows = len(unit.ranked)
    return Judged(
        judged.rows + rows,
        judged.matching_rows + (rows if verdict.matches else 0),
        judged.matching_messages + (verdict.matches and unit.is_first),
        judged.unreadable + (verdict.unreadable is not None),
    )


def _with_copies(rows: list[Row]) -> FoundRow:
    first = cast(FoundRow, rows[0])
    if len(rows) == 1:
        return first

    ids = [row["ArchivedMessageId"] for row in rows if "ArchivedMessageId" in row]
    return {**first, "Copies": len(rows), "CopyIds": ids[:MOST_COPY_IDS]}
