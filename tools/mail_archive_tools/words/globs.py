"""Text as a person reads it, and patterns of such text: compatibility characters as what they look like (NFKC), upper
and lower case the same, invisible characters skipped, white space as one space. Pure."""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal

from mail_archive_tools.mime.evidence.finding_names import FINDINGS
from mail_archive_tools.untrusted import without_invisible

_SPACE = re.compile(r"\s+")

Test = Callable[[str], bool]

PatternKind = Literal["whole", "part", "host", "language", "finding"]
"""How a pattern is read: for the whole value, for a part of it, for a host and those below it, for a language and its
kinds, for a finding by its name or a part of what it says."""


def test_of(glob: str, kind: PatternKind = "whole") -> Test:
    """A test for values, folded, by a pattern of that kind."""
    return _KINDS[kind](glob)


def folded(text: str) -> str:
    """`text` as it is compared (Unicode's NFKC_Casefold, and white space as one space)."""
    text = without_invisible(text)
    if not text.isascii():
        # Case folding may leave what has another compatible form, and the other way round.
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        # What is invisible only in another form.
        text = without_invisible(text)

    return _SPACE.sub(" ", text).casefold().strip()


def pattern(glob: str) -> Test:
    """A test for whole values: * stands for any characters, ? for one. In time proportional to the value's length
    for each *, since values are what strangers write."""
    first, *others = [_piece_as_regex(piece) for piece in folded(glob).split("*")]
    if not others:
        whole = re.compile(first)
        return lambda value: whole.fullmatch(value) is not None

    # The leftmost place of each piece leaves the most room for those behind it; the last one stands at the end.
    steps = [re.compile(piece) for piece in [*others[:-1], rf"(?:{others[-1]})\Z"]]
    begin = re.compile(first)

    def matches(value: str) -> bool:
        found = begin.match(value)
        for step in steps:
            if found is None:
                return False
            found = step.search(value, found.end())
        return found is not None

    return matches


def part_pattern(word: str) -> Test:
    """A test for values that contain a word."""
    part = folded(word)
    return lambda value: part in value


def finding_pattern(word: str) -> Test:
    """A test for findings, told as "name: sentence": by a name that is one of theirs, else by a part of them."""
    name = folded(word)
    if name in FINDINGS:
        return lambda value: value.startswith(f"{name}: ")
    return part_pattern(word)


def language_pattern(glob: str) -> Test:
    """A pattern of a code; one without wildcards is for its kinds too: zh for zh-Hant."""
    if _has_wildcards(glob):
        return pattern(glob)

    code = folded(glob)
    return lambda value: value == code or value.startswith(f"{code}-")


def host_pattern(glob: str) -> Test:
    """A pattern of a host; a name without wildcards is for what is below it too."""
    if _has_wildcards(glob):
        return pattern(glob)

    name = folded(glob).strip(".")
    return lambda host: host == name or host.endswith(f".{name}")


def _has_wildcards(glob: str) -> bool:
    return "*" in glob or "?" in glob


def _piece_as_regex(piece: str) -> str:
    """What stands between two *."""
    return ".".join(map(re.escape, piece.split("?")))


_KINDS: dict[PatternKind, Callable[[str], Test]] = {
    "whole": pattern,
    "part": part_pattern,
    "host": host_pattern,
    "language": language_pattern,
    "finding": finding_pattern,
}
