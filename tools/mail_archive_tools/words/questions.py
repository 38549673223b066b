"""What somebody asks of words: phrases, beginnings of words, and parts of words. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.words.globs import folded
from mail_archive_tools.words.tokens import is_alone, ready

_SHORTEST_BEGINNING = 2
"""Letters. One letter begins so many words that to look for them takes a second."""
_MOST_WORDS = 100
_HIDDEN = "hidden"


@dataclass(frozen=True)
class Phrase:
    """Words that follow each other; with `is_prefix`, the last of them begins so."""

    words: tuple[str, ...]
    is_prefix: bool = False

    def stands_in(self, ready_text: str) -> bool:
        """Whether a text has it, as `ready` made it."""
        end = "" if self.is_prefix else " "
        return f" {' '.join(self.words)}{end}" in f" {ready_text} "


@dataclass(frozen=True)
class Part:
    """Letters that stand in a text in a row, within a word or beyond its ends, as a person reads them."""

    text: str

    def stands_in(self, folded_text: str) -> bool:
        """Whether a text has it, as `folded` made it."""
        return self.text in folded_text


Sought = Phrase | Part

How = Literal["any", "all", "none"]


@dataclass(frozen=True)
class WordCondition:
    """Any, all, or none of these stand in one of the fields (`texts.FIELDS`)."""

    fields: tuple[str, ...]
    sought: tuple[Sought, ...]
    how: How = "any"

    @property
    def takes_parts(self) -> bool:
        """Whether it asks for parts of words, which no index of words tells."""
        return any(isinstance(each, Part) for each in self.sought)


def seen_only(condition: WordCondition) -> WordCondition:
    """A condition of what readers of the mail see, of one that asks for what they do not see as well."""
    is_of_both = _HIDDEN in condition.fields and len(condition.fields) > 1
    if not is_of_both or condition.how == "none":
        return condition
    return replace(condition, fields=tuple([each for each in condition.fields if each != _HIDDEN]))


def read_sought(text: str, member: str) -> Sought:
    """What one value of a member asks for: `word`, `several words` in a row, `begin*` or `*part*`.

    Raises:
        InvalidArgument: it asks for nothing, or for what no member can.
    """
    written = text.strip().strip('"').strip()
    inner = written.strip("*")
    if not ready(inner):
        raise InvalidArgument(f"{member} has a value with nothing in it that could be matched. Leave it out.")
    if "*" in inner:
        raise InvalidArgument(
            f"{member} has * within {_quoted(text)}. Give whole words, a beginning such as invoic*, or *part* of a "
            "word."
        )

    begins_with_star, ends_with_star = written.startswith("*"), written.endswith("*")
    if begins_with_star and ends_with_star:
        return Part(folded(inner))
    if begins_with_star:
        raise InvalidArgument(f"{member} has {_quoted(text)}, the end of a word. Give *part* to look within words.")
    return _phrase(tuple(ready(inner).split()), ends_with_star, text, member)


def _phrase(words: tuple[str, ...], is_prefix: bool, text: str, member: str) -> Phrase:
    if len(words) > _MOST_WORDS:
        raise InvalidArgument(f"{member} has a phrase of {len(words)} words; {_MOST_WORDS} are the most.")
    if not is_prefix or is_alone(words[-1]):
        # A letter that is a word by itself begins no other.
        return Phrase(words)
    if len(words[-1]) < _SHORTEST_BEGINNING:
        raise InvalidArgument(f"{member} has {_quoted(text)}: give two letters or more before *.")
    return Phrase(words, is_prefix=True)


def _quoted(text: str) -> str:
    return repr(text[:50])
