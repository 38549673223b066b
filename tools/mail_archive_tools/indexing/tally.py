"""What an indexer has done."""

from collections import Counter
from dataclasses import dataclass, field

_NAMED = 5


@dataclass
class IndexTally:
    """`found` messages in what is not held whole; `put` of them were put in the index, of these `unread` with their
    header fields alone or less; those that were there already are `known`. `failed`: why others could not be had, by
    the reason; the next run tries them again. `overflowed` are seconds with more messages than a search may find."""

    found: int = 0
    put: int = 0
    unread: int = 0
    known: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    overflowed: list[int] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def failures(self) -> int:
        return self.failed.total()

    @property
    def reasons(self) -> list[str]:
        """Why messages could not be had, the most frequent reason first."""
        return [f"{count:,}: {why}" for why, count in self.failed.most_common(_NAMED)]
