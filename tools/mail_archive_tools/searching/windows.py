"""What one search may cover: a range of whole seconds, within the service's limits. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

DAY = 86_400


@dataclass(frozen=True)
class Limits:
    """What one search may cover, in seconds, and how many rows it may find: Mail Manager's, unless told otherwise."""

    seconds: int = 30 * DAY
    rows: int = 1_000


class Window(NamedTuple):
    """A range of whole seconds since 1970; both ends belong to it."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first
