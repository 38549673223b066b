"""What the messages of a conversation say over and over: each other's texts, and what ends them. Pure."""

import re
from collections.abc import Iterator, Sequence

CHARS = 50_000
"""How much of a text is looked at."""

_LEAST_WORDS = 3
"""Fewer stand in many a message by chance."""
_END_PARTS = 4
"""Parts at the end of a text that may be a footer or a signature."""
_WORD = re.compile(r"\w+")
_BEGINS_AN_END = re.compile(r"^(?:-- ?|[-_=*]{4,})$")

Part = tuple[str, ...]


def standing_in(texts: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Of texts in the order of time, each by itself and with what it quotes: those that stand word for word in a later
    one, by their places, and the first one that each stands in."""
    own, whole = [_words(each) for each, _ in texts], [_words(each) for _, each in texts]
    found: dict[int, int] = {}
    for place, words in enumerate(own):
        if words.count(" ") - 1 < _LEAST_WORDS:
            continue
        later = (other for other in range(place + 1, len(texts)) if words in whole[other])
        if (first := next(later, None)) is not None:
            found[place] = first
    return found


def without_repeated_ends(texts: Sequence[str]) -> list[tuple[str, int | None]]:
    """The texts without footers and signatures that an earlier one ends with as well, and the place of that one."""
    first: dict[Part, int] = {}
    shortened: list[tuple[str, int | None]] = []
    for place, text in enumerate(texts):
        parts = list(_parts(text.split("\n")))
        kept = len(parts)
        # A text that is nothing but an end is one that was meant.
        while kept > 1 and parts[kept - 1][0] in first:
            kept -= 1
        if kept < len(parts):
            lines = text.split("\n")[: parts[kept][1]]
            shortened.append(("\n".join(lines).rstrip(), first[parts[kept][0]]))
        else:
            shortened.append((text, None))
        for part, _ in parts[-_END_PARTS:]:
            first.setdefault(part, place)
    return shortened


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text[:CHARS].casefold()))} "


def _parts(lines: Sequence[str]) -> Iterator[tuple[Part, int]]:
    """The parts of a text, between empty lines and rules, each with the line that it begins with."""
    part: list[str] = []
    begins = 0
    for number, line in enumerate(lines):
        words = " ".join(line.split())
        if part and (not words or _BEGINS_AN_END.match(words)):
            yield tuple(part), begins
            part = []
        if words:
            begins = begins if part else number
            part.append(words)
    if part:
        yield tuple(part), begins
