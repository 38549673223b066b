"""What an index is asked: the same for every engine. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mail_archive_tools.words.globs import PatternKind
from mail_archive_tools.words.questions import WordCondition

Filters = dict[str, Any]
"""The API's ArchiveFilters."""

RowMember = Literal["From", "Subject", "MessageId"]


@dataclass(frozen=True)
class ValueCondition:
    """One of the values of a fact passes one of the patterns. `of_body`: header fields do not tell the fact."""

    fact: str
    patterns: tuple[str, ...]
    kind: PatternKind = "whole"
    of_body: bool = True


@dataclass(frozen=True)
class NumberCondition:
    """A number is known, and between these; both belong to it, and None is no limit."""

    name: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class RowCondition:
    """The whole value of a header field, as rows show it, passes one of the patterns."""

    member: RowMember
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Conditions:
    """What messages are meant, beside what a search of the service can be asked for; all of it holds for them."""

    rows: tuple[RowCondition, ...] = ()
    values: tuple[ValueCondition, ...] = ()
    numbers: tuple[NumberCondition, ...] = ()
    words: tuple[WordCondition, ...] = ()

    @property
    def ask_body(self) -> bool:
        """Whether more is asked than header fields and size tell."""
        return bool(self.words) or any(each.of_body for each in self.values)

    @property
    def ask_content(self) -> bool:
        """Whether more is asked than rows tell."""
        return bool(self.words or self.values or self.numbers)


@dataclass(frozen=True)
class Question:
    """Messages of one archive, received in these seconds, both ends included, that one of the Filters finds and the
    conditions hold for. `begin` and `end` are milliseconds, where the ends of the range are not those of seconds."""

    archive_id: str
    first: int
    last: int
    alternatives: tuple[Filters | None, ...] = (None,)
    conditions: Conditions = field(default_factory=Conditions)
    newest_first: bool = True
    begin: int | None = None
    end: int | None = None


def bare_id(message_id: str) -> str:
    """A Message-ID, or a pattern of one, without what stands around it."""
    return message_id.strip().strip("<>").strip()
