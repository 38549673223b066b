"""What an index is asked of one search, and what it tells beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mail_archive_tools.errors import IndexUnusable
from mail_archive_tools.index.engine import Index, Looked
from mail_archive_tools.index.question import Conditions
from mail_archive_tools.index.stretches import Stretch, holding
from mail_archive_tools.searching.windows import Window


def _note_nothing(error: IndexUnusable) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class IndexedSearch:
    """An index that may answer, the stretches of the archive that it holds whole, the earliest first, and what messages
    are meant. `give_up` is told why it cannot be used any more, where that is found while it is asked."""

    index: Index
    stretches: tuple[Stretch, ...]
    conditions: Conditions = field(default_factory=Conditions)
    give_up: Callable[[IndexUnusable], None] = _note_nothing
    is_given_up: Callable[[], bool] = _never

    def holding(self, second: int) -> Stretch | None:
        """The stretch that a second is in."""
        return holding(self.stretches, second)

    def up_to_the_next(self, window: Window, backwards: bool) -> Window:
        """A window that begins in none of the stretches, cut where the next one of them begins."""
        if self.is_given_up():
            return window
        if backwards:
            before = [each.last for each in self.stretches if each.last < window.last]
            return Window(max([window.first, *[last + 1 for last in before]]), window.last)
        behind = [each.first for each in self.stretches if each.first > window.first]
        return Window(window.first, min([window.last, *[first - 1 for first in behind]]))


@dataclass(frozen=True)
class Matched:
    """What an index tells of a window beside its rows: the seconds that it is of, what was looked at for them, which
    messages have the words nowhere but in hidden text, and the facts of messages, packed."""

    seconds: Stretch
    looked: Looked
    hidden: frozenset[str] = frozenset()
    facts: Mapping[str, bytes] = field(default_factory=dict)
