"""Any range of time as searches that Mail Manager accepts: at most 30 days each, short enough for all their rows. Pure.

Windows share their edges: whether the service counts a moment on an edge to one side, to both, or knows fractions of
seconds, nothing falls between two windows. What both find is told apart by the order of rows (see `sweep.py`).

How long a window can be is learned. One that found fewer rows than it may tells how long the next one should be; one
that came back full is shortened, by half at least from the second time on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mail_archive_tools.searching.windows import DAY, Limits, Window

Order = Literal["newest_first", "oldest_first"]

SHORTEST = 1
"""The length in seconds that no window is cut below."""
QUIET_SECONDS = 600
"""A window ends where nobody wrote for that long, if that is nearly its end: copies of one message come together."""

_FILL = 0.9
"""How full the next window should come back."""
_ADAPTION = 0.3
"""How much the last window counts against those before it."""
_FEWEST = 5
"""Rows below which a window says no more about the next one."""
_LONGEST_GUESS = 3_650 * DAY
_TRIMMED_SHARE = 20
"""A window gives up at most this part of its length to end in a quiet time."""


@dataclass(frozen=True)
class Walk:
    """The way through a range: from its last second to its first, or the other way round. An edge is the second up to
    which, in this order, all has been searched."""

    whole: Window
    order: Order
    limits: Limits

    @property
    def start(self) -> int:
        return self.near_edge(self.whole)

    def window(self, edge: int, length: int) -> Window:
        """The next window: from `edge` on, `length` seconds long (0: as long as may be), within the range."""
        longest = self.limits.seconds
        length = min(length or longest, longest)
        if self._backwards:
            return Window(min(edge, max(self.whole.first, edge - length)), edge)
        return Window(edge, min(self.whole.last, edge + length))

    def near_edge(self, window: Window) -> int:
        return window.last if self._backwards else window.first

    def far_edge(self, window: Window) -> int:
        return window.first if self._backwards else window.last

    def next_edge(self, edge: int) -> int | None:
        """`edge`, or None when it is the end of the range, or past it."""
        end = self.far_edge(self.whole)
        is_past = edge <= end if self._backwards else edge >= end
        return None if is_past else edge

    def shortened(self, window: Window, seconds: Sequence[float], times: int) -> int:
        """How long the window should be instead, after it came back full for the `times`-th time. `seconds` are the
        moments of its rows, in order of time: which rows a full search gives is not known, so they are a hint only."""
        most = window.length * 3 // 4 if times == 1 else window.length // 2

        place = math.ceil(len(seconds) * _FILL)
        reached = window.last - seconds[-place] if self._backwards else seconds[place - 1] - window.first
        return max(SHORTEST, min(most, math.floor(reached)))

    def learned(self, length: int, window: Window, rows: int) -> int:
        """How long the next windows should be, after `window` found that many rows; `length` was thought before."""
        guess = max(window.length, SHORTEST) * _FILL * self.limits.rows / max(rows, _FEWEST)
        if length:
            guess = length * (guess / length) ** _ADAPTION
        return max(SHORTEST, min(round(guess), _LONGEST_GUESS))

    def quiet_edge(self, window: Window, seconds: Sequence[float]) -> int:
        """Where the window should end: at its far edge, or a little before it, in a time without mail. `seconds` are
        the moments of its rows, in order of time."""
        edge = self.far_edge(window)
        if self.next_edge(edge) is None:
            return edge

        # From the edge back into the window, row by row, until nobody wrote for long enough.
        nearest = edge
        for second in seconds if self._backwards else reversed(seconds):
            if abs(second - nearest) >= QUIET_SECONDS:
                break
            nearest = math.ceil(second) if self._backwards else math.floor(second)
        else:
            return edge

        if nearest == edge or abs(nearest - edge) * _TRIMMED_SHARE > window.length:
            return edge
        # Beyond the last of the rows that belong to the other side, so that none of them is on this one.
        return nearest + 1 if self._backwards else nearest - 1

    @property
    def _backwards(self) -> bool:
        return self.order == "newest_first"
