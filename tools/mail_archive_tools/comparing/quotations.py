"""Whether words stand in a text: as they are, but for white space, quotation marks and case, or nowhere."""

import re
from itertools import accumulate
from typing import NamedTuple

from mail_archive_tools.untrusted import clean_text
from mail_archive_tools.words.globs import folded

SEARCHED_CHARS = 1_000_000
"""How much of a text is searched for the passage that is nearest."""

# Programs turn straight marks into these while one writes.
_QUOTE_MARKS = str.maketrans({**dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‘’‚‛‹›′`´", "'"), "–": "-", "—": "-"})
LINE_MARKS = re.compile(r"(?m)^[ >|]+")
# "[...]", "(…)", "..." and the like.
_ELISION = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\(\s*(?:\.{3}|…)\s*\)|\.{3,}|…)\s*")
_WORD = re.compile(r"\w+")
_FEW_WORDS = 60
_LIKELY_PARTS, _LIKELY_PARTS_OF_MANY = 5, 2
"""Of a quotation of more than a few words fewer parts are compared: it takes the square of its length."""
_LEAST_WORDS = 12
_PASSAGE_CHARS = 300


class Standing(NamedTuple):
    """A text has the words, `exactly` as they are or nearly so."""

    exactly: bool


class Nearest(NamedTuple):
    """The passage that is most like the words; `likeness` is from 0 to 100."""

    passage: str
    likeness: int


def standing(quotation: str, text: str) -> Standing | None:
    """How the words stand in the text; None: they do not. Where the quotation has "…", words of the text may be left
    out."""
    pieces = [piece for piece in _ELISION.split(clean_text(quotation).strip()) if piece.strip()]
    if not pieces:
        return None

    if _in_order(pieces, text):
        return Standing(exactly=True)
    if _in_order([_plain(each) for each in pieces], _plain(text)):
        return Standing(exactly=False)
    return None


def nearest(quotation: str, text: str) -> Nearest | None:
    """The passage of the text that is most like the words; None of a text with nothing in it."""
    # Imported here: it is needed only where words are not found.
    from rapidfuzz.fuzz import partial_ratio_alignment

    shown = " ".join(text[:SEARCHED_CHARS].split())
    wanted, searched = " ".join(quotation.split()).lower(), shown.lower()
    if not shown or not wanted:
        return None
    # Some letters are several in lower case ("İ"): then the places in the one are not those in the other.
    if len(searched) != len(shown):
        return None

    best: Nearest | None = None
    for start, end in _likely(wanted, searched):
        found = partial_ratio_alignment(wanted, searched[start:end])
        if found is None:
            continue
        likeness = round(found.score)
        if best is None or likeness > best.likeness:
            passage = _whole_words(shown, start + found.dest_start, start + found.dest_end)
            best = Nearest(passage, likeness)

    return best


def _likely(wanted: str, searched: str) -> list[tuple[int, int]]:
    """Where the parts of a long text begin and end that have most of the words: only these are compared letter by
    letter, which takes long."""
    words = list(_WORD.finditer(searched))
    asked = _WORD.findall(wanted)
    width = max(len(asked) * 3 // 2, _LEAST_WORDS)
    if len(words) <= width:
        return [(0, len(searched))]

    # How many of the words stand before each place: the difference of two is how many stand between them.
    known = set(asked)
    hits = list(accumulate((match.group() in known for match in words), initial=0))
    starts = range(0, len(words) - width + 1, max(1, width // 4))
    best = sorted(starts, key=lambda start: hits[start] - hits[start + width])

    most = _LIKELY_PARTS if len(asked) <= _FEW_WORDS else _LIKELY_PARTS_OF_MANY
    return [(words[start].start(), words[start + width - 1].end()) for start in best[:most]]


def _whole_words(text: str, start: int, end: int) -> str:
    """A part of a text, with the words whole that it begins and ends in."""
    start = text.rfind(" ", 0, start + 1) + 1
    stop = text.find(" ", max(end - 1, start))
    if stop < 0:
        stop = len(text)
    return text[start:stop][:_PASSAGE_CHARS]


def _in_order(pieces: list[str], text: str) -> bool:
    """Whether each stands behind the one before it."""
    place = 0
    for piece in pieces:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)

    return True


def _plain(text: str) -> str:
    """A text without what quoting changes: marks at the begin of lines, white space, quotation marks, case."""
    unmarked = LINE_MARKS.sub("", text)
    return folded(unmarked.translate(_QUOTE_MARKS))
