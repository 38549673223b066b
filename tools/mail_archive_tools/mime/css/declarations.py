"""Declarations, `name: value`, as they stand in a style attribute or between the braces of a rule (CSS Syntax 3)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from mail_archive_tools.mime.css.longhands import longhands
from mail_archive_tools.mime.css.values import is_valid

STYLE_CHARS = 5_000
"""How much of one style attribute is read."""

COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_VALUE = r"""(?:[^;"'(]++|"[^"]*+"?|'[^']*+'?|\((?:[^()]++|\([^()]*+\))*+\)?)*+"""
# What is no declaration is passed over up to the next semicolon, with what stands in its brackets.
_DECLARATION = re.compile(rf"(?:^|;)\s*+(?:([\w\\-]++)\s*+:\s*+)?+({_VALUE})")
_HASHLESS = ("color", "background-color")
# A number for a colour, in old documents, is filled up with zeros (Quirks Mode Standard, 3.3).
_DIGITS = re.compile("[0-9][0-9a-f]{0,5}")
_IMPORTANT = re.compile(r"\s*!\s*important$")


class Declaration(NamedTuple):
    """`name` and `value` are in lower case, escapes and comments taken out."""

    name: str
    value: str
    important: bool


@lru_cache(maxsize=4096)
def read_declarations(style: str, quirks: bool = False) -> tuple[Declaration, ...]:
    """The declarations of a style attribute, or of a rule between its braces, that a browser takes."""
    style = style[:STYLE_CHARS]
    if "/*" in style:
        style = COMMENT.sub(" ", style)

    found: list[Declaration] = []
    for name, value in _DECLARATION.findall(style):
        if not name:
            continue
        declaration = _declaration(name, value)
        if quirks and declaration.name in _HASHLESS and _DIGITS.fullmatch(declaration.value):
            declaration = declaration._replace(value=f"#{declaration.value.zfill(6)}")
        if is_valid(declaration.name, declaration.value, quirks):
            found += taken_apart(declaration)
    return tuple(found)


def taken_apart(declaration: Declaration) -> Iterator[Declaration]:
    """Those of the properties that it sets; one that has variables is as it is until they are known."""
    if "var(" in declaration.value:
        yield declaration
        return
    for name, value in longhands(declaration.name, declaration.value):
        yield Declaration(name, value, declaration.important)


def _declaration(name: str, value: str) -> Declaration:
    if "\\" in name or "\\" in value:
        name, value = unescape(name), unescape(value)

    value = " ".join(value.lower().split())
    bare = value
    if "!" in value:
        bare = _IMPORTANT.sub("", value)
    return Declaration(name.lower(), bare, len(bare) != len(value))


def unescape(text: str) -> str:
    """CSS escapes undone (CSS Syntax 3, 4.3.7): `\\6e one` is `none`."""
    return ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    """The character that an escape stands for."""
    digits, plain = escape.groups()
    if plain:
        return str(plain)

    number = int(digits, 16)
    is_surrogate = 0xD800 <= number < 0xE000
    if number == 0 or number >= 0x110000 or is_surrogate:
        # What stands for what is no character.
        return "\ufffd"
    return chr(number)
