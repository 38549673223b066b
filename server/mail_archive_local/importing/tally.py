"""What an import did, and who is told of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mail_archive_local.importing.sources import Skipped

_REPORTED_SKIPS = 1_000


@dataclass
class ImportTally:
    """What an import did. `skipped` holds the first thousand; `skips` counts them all. `known_objects` are those of an
    export that an import before has read, and that have not changed since. `cut_short` says of exports why not all of
    their objects could be listed. `is_interrupted`: it was asked to stop, and read no further; what was read is
    kept."""

    added: int = 0
    already_there: int = 0
    skips: int = 0
    bytes_read: int = 0
    known_objects: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    cut_short: list[str] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def seen(self) -> int:
        return self.added + self.already_there

    def skip(self, skipped: Skipped) -> None:
        self.skips += 1
        if len(self.skipped) < _REPORTED_SKIPS:
            self.skipped.append(skipped)


Report = Callable[[ImportTally], None]
Stopped = Callable[[], bool]


def silent(tally: ImportTally) -> None:
    """The report that nobody reads."""


def never() -> bool:
    """Whether to stop, where nobody asks."""
    return False
