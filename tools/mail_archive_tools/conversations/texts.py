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
# The line before a signature (RFC 3676, 4.3), and rules.
_BEGINS_AN_END = re.compile(r"^(?:-- ?|[-_=*]{4,})$")

Part = tuple[str, ...]


def standing_in(texts: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Which texts a later one quotes word for word: by their places, the place of the first that does. `texts` are in
    the order of time; each is what a message says, and the same with what it quotes."""
    own = [_words(text) for text, _ in texts]
    whole = [_words(text) for _, text in texts]

    found: dict[int, int] = {}
    for place, words in enumerate(own):
        # A space stands before each word, and one at the end.
        if words.count(" ") - 1 < _LEAST_WORDS:
            continue
        for later in range(place + 1, len(texts)):
            if words in whole[later]:
                found[place] = later
                break

    return found


def without_repeated_ends(texts: Sequence[str]) -> list[tuple[str, int | None]]:
    """The texts without footers and signatures that an earlier one ends with as well, and the place of that one."""
    first: dict[Part, int] = {}
    shortened: list[tuple[str, int | None]] = []
    for place, text in enumerate(texts):
        lines = text.split("\n")
        parts = list(_parts(lines))
        kept = len(parts)
        # A text that is nothing but an end is one that was meant.
        while kept > 1 and parts[kept - 1][0] in first:
            kept -= 1

        if kept < len(parts):
            part, begins = parts[kept]
            shortened.append(("\n".join(lines[:begins]).rstrip(), first[part]))
        else:
            shortened.append((text, None))
        for part, _ in parts[-_END_PARTS:]:
            first.setdefault(part, place)

    return shortened


def _words(text: str) -> str:
    """The words alone, a space around each, so that one text is found in another at the limits of words."""
    words = " ".join(_WORD.findall(text[:CHARS].casefold()))
    return f" {words} "


def _parts(lines: Sequence[str]) -> Iterator[tuple[Part, int]]:
    """The parts of a text, between empty lines and rules, each with the line that it begins with."""
    part: list[str] = []
    begins = 0
    for number, line in enumerate(lines):
        words = " ".join(line.split())
        if part and (not words or _BEGINS_AN_END.match(words)):
            yield tuple(part), begins
            part = []
        if not words:
            continue
        if not part:
            begins = number
        part.append(words)

    if part:
        yield tuple(part), begins
