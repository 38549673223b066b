"""Properties that have one size, number, angle or keyword, or few words around it."""

import re

from mail_archive_tools.mime.css.grammar.combining import Test
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import words_of

_DISPLAYS = frozenset(
    "none contents block inline inline-block list-item flow-root table inline-table table-row table-cell table-caption "
    "table-column table-column-group table-row-group table-header-group table-footer-group flex inline-flex grid "
    "inline-grid ruby ruby-base ruby-text math flow -webkit-box -webkit-inline-box -webkit-flex "
    "-webkit-inline-flex grid-lanes inline-grid-lanes".split()
)
_DISPLAY_KINDS = (
    frozenset({"block", "inline"}),
    frozenset({"flow", "flow-root", "table", "flex", "grid", "ruby", "math"}),
    frozenset({"list-item"}),
)
"""How a box stands among others, how what is in it is laid out, and whether it is an item of a list."""

_NOT_IN_ITEMS = frozenset({"table", "flex", "grid", "ruby", "math"})
"""What items of a list cannot be laid out as."""

_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_RECT = re.compile(r"rect\((.*)\)")
_BETWEEN_SIDES = re.compile(r"[\s,]+")


def size(
    keywords: str = "",
    *,
    negative: bool = True,
    percentage: bool = True,
    numbers: bool = False,
    unitless: bool = True,
) -> Test:
    """A length, or one of the keywords.

    `numbers`: plain numbers, too. `unitless`: in quirks mode a length may do without its unit.
    """
    known = frozenset(keywords.split())
    kinds = {"length", "percentage"} if percentage else {"length"}

    def test(value: str, quirks: bool) -> bool:
        if value in known:
            return True
        found = measure(value)
        if found is None:
            return False

        is_worked_out = "(" in value
        if found.kind == "number":
            # A zero that is written needs no unit (CSS Values 4, 6). In quirks mode no number does that is (Quirks Mode
            # Standard, the unitless length quirk).
            is_length = not is_worked_out and (found.amount == 0 or (quirks and unitless))
            if not is_length and not numbers:
                return False
        elif found.kind not in kinds:
            return False

        # What a function comes to is brought into the range, not refused (CSS Values 4, 10.12).
        return negative or is_worked_out or found.amount >= 0

    return test


_ANY_LENGTH = size()
_CLIP_SIDE = size("auto", percentage=False)


def display(value: str, _: bool) -> bool:
    """One keyword, or two or three of different kinds (CSS Display 3, 2)."""
    if value in _DISPLAYS:
        return True

    words = value.split()
    if not 1 < len(words) <= 3:
        return False

    is_item = "list-item" in words
    if is_item and not _NOT_IN_ITEMS.isdisjoint(words):
        return False
    found = 0
    for kind in _DISPLAY_KINDS:
        of_kind = [word for word in words if word in kind]
        if len(of_kind) > 1:
            return False
        found += len(of_kind)
    return found == len(words)


def rotation(value: str, _: bool) -> bool:
    """An angle, before or behind the axis that it is around (CSS Transforms 2, 5)."""
    if value == "none":
        return True

    words = words_of(value)
    kinds = [_kind(word) for word in words]
    if kinds.count("angle") != 1:
        return False
    place = kinds.index("angle")
    if place not in (0, len(words) - 1):
        return False

    del words[place], kinds[place]
    if len(words) == 1:
        return words[0] in ("x", "y", "z")
    return kinds in ([], ["number"] * 3)


def _kind(word: str) -> str:
    """What a word measures: a number, a length and so on; "" where it measures nothing."""
    found = measure(word)
    if found is None:
        return ""
    return found.kind


def fraction_or_percentage(value: str, _: bool) -> bool:
    return _kind(value) in ("number", "percentage")


def zoom(value: str, _: bool) -> bool:
    if value == "normal":
        return True
    found = measure(value)
    if found is None or found.kind not in ("number", "percentage"):
        return False
    return found.amount >= 0


def whole_number(value: str, _: bool) -> bool:
    if value == "auto" or _WHOLE_NUMBER.fullmatch(value):
        return True
    # What a function comes to is rounded (CSS Values 4, 10).
    return "(" in value and _kind(value) == "number"


def text_indent(value: str, quirks: bool) -> bool:
    """One size, with words that say which lines it is for (CSS Text 3, 8.1)."""
    words = words_of(value)
    if len(set(words)) < len(words):
        return False
    sizes = [word for word in words if word not in ("hanging", "each-line")]
    return len(sizes) == 1 and _ANY_LENGTH(sizes[0], quirks)


def clip(value: str, quirks: bool) -> bool:
    """`auto`, or the four edges of a rectangle (CSS Masking 1, appendix A)."""
    if value == "auto":
        return True
    match = _RECT.fullmatch(value)
    if match is None:
        return False

    sides = [each for each in _BETWEEN_SIDES.split(match.group(1).strip()) if each]
    return len(sides) == 4 and all(_CLIP_SIDE(each, quirks) for each in sides)
