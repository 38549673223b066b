"""A message as an index takes it, and as it gives it back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mail_archive_tools.words.texts import NO_TEXTS, Texts

if TYPE_CHECKING:
    from mail_archive_tools.service.shapes import Row


class Labels(NamedTuple):
    """What is counted of a message by its row: the columns of a summary keep it. Numbers that tell a value from others
    are 0 where there is none; `copy` is the same for all copies of a message."""

    archived_message_id: str
    millisecond: int
    copy: int
    sender: str
    subject: str
    recipients: tuple[str, ...]
    attachment: int
    source: int
    message_id: int
    answered: int
    is_answer: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: the row that searches show of it, and what was read.

    `values` are what it can be asked for and grouped by, by the names of the facts; `numbers` those that are compared:
    `size_bytes`, `date_distance` in seconds. `facts` are all facts, packed. `is_cut`: its text breaks off, and
    `files_are_cut`: of what its files say, some is not here.
    `unread` says why no more than its header fields was read, where that is so: it has no texts then, and of its facts
    those that header fields tell; none where nothing came at all."""

    row: Row
    labels: Labels
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Texts = NO_TEXTS
    facts: bytes | None = None
    is_cut: bool = False
    files_are_cut: bool = False
    unread: str | None = None

    @property
    def archived_message_id(self) -> str:
        return self.labels.archived_message_id


def stable_number(value: object) -> int:
    """What tells a value from others, the same in every process: 63 bits, never 0."""
    digest = hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 | 1
