"""The shorthand of fonts."""

import re

from mail_archive_tools.mime.css.grammar.single import size
from mail_archive_tools.mime.css.longhands import FONT_SIZES, SYSTEM_FONTS
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import separate, words_of

_FAMILY_WORD = r"""-?(?:[a-z_]|[^\x00-\x7f])[^\s,()"']*"""
_FAMILY = re.compile(rf"""{_FAMILY_WORD}(?:\s+{_FAMILY_WORD})*|"[^"]*"|'[^']*'""")
_STYLES = {
    **dict.fromkeys(("italic", "oblique"), "style"),
    "small-caps": "variant",
    **dict.fromkeys(("bold", "bolder", "lighter"), "weight"),
    **dict.fromkeys(
        (
            "ultra-condensed extra-condensed condensed semi-condensed semi-expanded expanded extra-expanded "
            "ultra-expanded"
        ).split(),
        "stretch",
    ),
    "normal": "normal",
}
"""What may stand before the size, by what it is; `normal` may stand for any of them."""

_MOST_STYLES = 4
_SLASH = re.compile(r"\s*/\s*")
_SIZE = size(" ".join(FONT_SIZES), negative=False)
_LINE_HEIGHT = size("normal", negative=False, numbers=True)


def font(value: str, quirks: bool) -> bool:
    """A system font, or size and families behind style, weight and stretch (CSS Fonts 4, 4.7)."""
    if value in SYSTEM_FONTS:
        return True

    # "16px / 1.5" is one word, of a size and a line height.
    words = _behind_styles(words_of(_SLASH.sub("/", value)))
    if len(words) < 2:
        return False

    font_size, _, line_height = words[0].partition("/")
    if not _SIZE(font_size, quirks):
        return False
    if line_height and not _LINE_HEIGHT(line_height, quirks):
        return False
    families = separate(" ".join(words[1:]))
    return all(_FAMILY.fullmatch(family) for family in families)


def _behind_styles(words: list[str]) -> list[str]:
    """Size and families; none where the same is said twice before them."""
    kinds: list[str] = []
    while words:
        kind = _kind_of_style(words[0])
        if not kind:
            return words
        if len(kinds) == _MOST_STYLES or (kind != "normal" and kind in kinds):
            return []

        kinds.append(kind)
        if words.pop(0) == "oblique" and words and _is_slant(words[0]):
            words.pop(0)
    return []


def _kind_of_style(word: str) -> str:
    """What a word before the size is; "" where it is none of these."""
    if word in _STYLES:
        return _STYLES[word]
    found = measure(word)
    if found is None or found.kind != "number":
        return ""
    # Weights are numbers from 1 to 1000, to which what is worked out is brought (CSS Fonts 4, 2.2).
    is_weight = "(" in word or 1 <= found.amount <= 1000
    return "weight" if is_weight else ""


def _is_slant(word: str) -> bool:
    """The angle of oblique letters (CSS Fonts 4, 2.4)."""
    found = measure(word)
    if found is None or found.kind != "angle":
        return False
    return "(" in word or -90 <= found.amount <= 90
