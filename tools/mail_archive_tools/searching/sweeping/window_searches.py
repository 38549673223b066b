"""The searches of one window: one, or one for each field that may name a participant."""

from dataclasses import dataclass, replace

from mail_archive_tools.searching.job import Finished
from mail_archive_tools.service.shapes import Row


@dataclass(frozen=True)
class WindowSearches:
    """Those that have finished, how many were run, and the one that still runs, if one does."""

    finished: list[Finished]
    searches: int
    running: str | None = None
    left_out: int = 0
    notes: tuple[str, ...] = ()
    """Of answers beside those of `finished`."""

    def with_faults_of(self, other: "WindowSearches") -> "WindowSearches":
        """These, with what was wrong with the answers of others."""
        left_out = self.left_out + other.all_left_out
        notes = (*self.notes, *other.all_notes)
        return replace(self, left_out=left_out, notes=notes)

    @property
    def all_left_out(self) -> int:
        """How many rows said of no message."""
        return self.left_out + sum(each.results.left_out for each in self.finished)

    @property
    def all_notes(self) -> tuple[str, ...]:
        """What is to be said of the answers."""
        return (*self.notes, *(note for each in self.finished for note in each.results.notes))

    @property
    def search_ids(self) -> tuple[str, ...]:
        ids = tuple([each.search_id for each in self.finished])
        if self.running:
            return (*ids, self.running)
        return ids

    @property
    def is_full(self) -> bool:
        """Whether one of them may have found more than it may give."""
        return any(each.results.truncated for each in self.finished)

    @property
    def rows(self) -> list[Row]:
        """What they found; a message that several found is here several times."""
        return [row for each in self.finished for row in each.results.rows]

    @property
    def fullest(self) -> list[Row]:
        """The rows of the search that found most."""
        return max((each.results.rows for each in self.finished), key=len, default=[])
