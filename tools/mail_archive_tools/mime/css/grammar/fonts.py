"""The shorthand of fonts."""

import re

from mail_archive_tools.mime.css.grammar.single import size
from mail_archive_tools.mime.css.longhands import FONT_SIZES, SYSTEM_FONTS
from mail_archive_tools.mime.css.syntax import separate, words_of

_FAMILY_WORD = r"""-?(?:[a-z_]|[^\x00-\x7f])[^\s,()"']*"""
_FAMILY = re.compile(rf"""{_FAMILY_WORD}(?:\s+{_FAMILY_WORD})*|"[^"]*"|'[^']*'""")
_STYLES = frozenset(
    "normal italic oblique small-caps bold bolder lighter ultra-condensed extra-condensed condensed semi-condensed "
    "semi-expanded expanded extra-expanded ultra-expanded".split()
)
# Weights are numbers from 1 to 1000 (CSS Fonts 4, 2.2).
_WEIGHT = re.compile(r"[1-9]\d{0,2}")
_SLASH = re.compile(r"\s*/\s*")
_SIZE = size(" ".join(FONT_SIZES), negative=False)
_LINE_HEIGHT = size("normal", negative=False, numbers=True)


def font(value: str, quirks: bool) -> bool:
    """A system font, or size and families behind style, weight and stretch (CSS Fonts 4, 4.7)."""
    if value in SYSTEM_FONTS:
        return True

    # "16px / 1.5" is one word, of a size and a line height.
    words = words_of(_SLASH.sub("/", value))
    while words and (words[0] in _STYLES or _WEIGHT.fullmatch(words[0])):
        words.pop(0)
    if len(words) < 2:
        return False

    font_size, _, line_height = words[0].partition("/")
    if not _SIZE(font_size, quirks):
        return False
    if line_height and not _LINE_HEIGHT(line_height, quirks):
        return False
    families = separate(" ".join(words[1:]))
    return all(_FAMILY.fullmatch(family) for family in families)
