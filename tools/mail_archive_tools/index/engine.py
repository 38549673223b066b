"""What keeps an index: SQLite in one file, or a search engine. The calls block; other threads may call at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mail_archive_tools.index.entry import Entry, Labels
from mail_archive_tools.index.question import Question
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.words.texts import Texts

if TYPE_CHECKING:
    from mail_archive_tools.service.shapes import Row


class FoundEntry(NamedTuple):
    """A message that a question found. `is_hidden`: it has the words nowhere but in what its readers do not see."""

    row: Row
    facts: bytes | None = None
    is_hidden: bool = False


class FoundPart(NamedTuple):
    """What was found from one end of a question's seconds on: all up to the second `reached`, which is the other end,
    or before that where there is more than was asked for."""

    entries: list[FoundEntry]
    reached: int


class Looked(NamedTuple):
    """How many messages the Filters leave of a question's seconds. Of those that nothing in their header fields leaves
    out, so many were `unread`, and are in no answer to what asks for their bodies; and so many are `cut`, and have none
    of the words in what is there."""

    messages: int
    unread: int = 0
    cut: int = 0


class Counted(NamedTuple):
    """What is counted of the messages that a question finds, the ids of those that have the words nowhere but in what
    their readers do not see, and why others were not read."""

    labels: list[Labels]
    hidden: set[str]
    unread: dict[str, str]


class Held(NamedTuple):
    """What an index holds of one archive: the stretches of which it has all, how many messages, how many of them were
    not read, and when it was last added to (seconds since 1970)."""

    archive_id: str
    stretches: list[Stretch]
    messages: int
    unread: int
    added_at: float


class Index(Protocol):
    """Every method may raise `IndexUnusable`, and `Late` where the call around it has no more time."""

    def held(self) -> list[Held]:
        """What it holds, archive by archive."""

    def stretches(self, archive_id: str) -> list[Stretch]:
        """The stretches of which it has all, the earliest first."""

    def put(self, archive_id: str, entries: Sequence[Entry]) -> None:
        """Keep these; one that is kept already is replaced."""

    def note_whole(self, archive_id: str, stretches: Sequence[Stretch]) -> None:
        """Note that all of these stretches was put."""

    def find(self, question: Question, limit: int) -> FoundPart:
        """The first messages in the question's order: so many, and all that were received in the last one's second."""

    def looked(self, question: Question) -> Looked:
        """What was looked at for an answer to a question."""

    def counted(self, question: Question, limit: int) -> Counted | None:
        """What is counted of all that a question finds, in no certain order; None where that is more than `limit`."""

    def values(self, question: Question, fact: str) -> Mapping[str, tuple[str, ...]]:
        """The values of a fact, by the ids of the messages that a question finds and that have some."""

    def facts(self, archive_id: str, archived_message_id: str) -> bytes | None:
        """The facts of a message, packed, where they are known."""

    def texts(self, archive_id: str, archived_message_id: str) -> Texts | None:
        """What a message says, as it was put."""

    def known(self, archive_id: str, archived_message_ids: Sequence[str]) -> set[str]:
        """Those of the messages that are in it, and were read."""

    def some(self, archive_id: str, limit: int) -> list[str]:
        """The ids of the newest messages of an archive."""

    def forget(self, archive_id: str, *, archived_message_ids: Sequence[str] = (), before: int | None = None) -> int:
        """Take out messages by their ids, or all that were received before a second, or the whole archive where
        neither is said; so that no word of them is left in any file. Gives how many were taken out."""

    def close(self) -> None:
        """Use it no more."""
