"""Texts of a policy that stand for others: `*` and `?`, and policy variables such as `${aws:username}`.

Matched piece by piece, never by a regular expression: who may give a session policy could make one that takes for ever.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mail_archive_local.identity.condition_keys import is_single

Context = Mapping[str, tuple[str, ...]]
"""What is known of a request: condition keys in lower case, each with its values."""

_ANY = None
"""Stands in a piece for one character, whichever."""

Piece = tuple[str | None, ...]
"""What stands between two stars: a character after another."""

_VARIABLE = re.compile(r"\$\{\s*(?P<key>[^,{}]+?)\s*(?:,\s*'(?P<default>[^'{}]*)'\s*)?\}")
_ESCAPED = ("*", "?", "$")
"""What `${*}` and the like write literally."""


class Unsupported(ValueError):
    """A text that cannot be used in a policy here; it says why."""


@dataclass(frozen=True)
class _Text:
    """What stands in the pattern as it is, its stars too where they are wildcards."""

    text: str
    wild: bool


@dataclass(frozen=True)
class _Variable:
    key: str
    default: str | None


@dataclass(frozen=True)
class Pattern:
    """A text with wildcards and variables, taken apart once."""

    parts: tuple[_Text | _Variable, ...]
    ignores_case: bool

    @classmethod
    def of(cls, text: str, *, variables: bool = True, wildcards: bool = True, ignores_case: bool = False) -> "Pattern":
        """
        Raises:
            Unsupported: it names a variable that is none.
        """
        if not variables:
            return cls((_Text(text, wildcards),), ignores_case)
        return cls(tuple(_parts(text, wildcards)), ignores_case)

    def matches(self, text: str, context: Context) -> bool | None:
        """Whether `text` is one that the pattern stands for; None where a variable has no value in this request."""
        pieces = self._pieces(context)
        if pieces is None:
            return None
        return glob(pieces, self._folded(text))

    def _folded(self, text: str) -> str:
        if self.ignores_case:
            return text.lower()
        return text

    def _pieces(self, context: Context) -> list[Piece] | None:
        """What stands between the stars; None where a variable has no value."""
        pieces: list[list[str | None]] = [[]]
        for part in self.parts:
            # What a variable stands for has no wildcards: a star in it is a star.
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
            if isinstance(part, _Variable):
                value = _value(part, context)
                if value is None:
                    return None
                pieces[-1].extend(self._folded(value))
                continue
            for character in self._folded(part.text):
                if not part.wild:
                    pieces[-1].append(character)
                elif character == "*":
                    pieces.append([])
                elif character == "?":
                    pieces[-1].append(_ANY)
                else:
                    pieces[-1].append(character)
        return [tuple(piece) for piece in pieces]


def glob(pieces: Sequence[Piece], text: str) -> bool:
    """Whether the pieces stand in `text` one after another: the first at its beginning, the last at its end."""
    first, *others = pieces
    if not others:
        return len(first) == len(text) and _stands(first, text, 0)
    *middle, last = others
    end = len(text) - len(last)
    if len(first) > end:
        return False
    if not _stands(first, text, 0) or not _stands(last, text, end):
        return False

    place = len(first)
    for piece in middle:
        while place + len(piece) <= end and not _stands(piece, text, place):
            place += 1
        place += len(piece)
        if place > end:
            return False
    return True


def _stands(piece: Piece, text: str, place: int) -> bool:
    return all(wanted in (_ANY, each) for wanted, each in zip(piece, text[place:], strict=False))


def _value(variable: _Variable, context: Context) -> str | None:
    values = context.get(variable.key, ())
    if len(values) != 1:
        return variable.default
    return values[0]


def _parts(text: str, wildcards: bool) -> list[_Text | _Variable]:
    parts: list[_Text | _Variable] = []
    place = 0
    for found in _VARIABLE.finditer(text):
        parts.append(_plain(text[place : found.start()], wildcards))
        place = found.end()

        key, default = found["key"], found["default"]
        if key in _ESCAPED and default is None:
            parts.append(_Text(key, wild=False))
        elif is_single(key):
            parts.append(_Variable(key.lower(), default))
        else:
            raise Unsupported(f"${{{key}}} is no policy variable that is known here")
    parts.append(_plain(text[place:], wildcards))
    return parts


def _plain(text: str, wildcards: bool) -> _Text:
    if "${" in text:
        raise Unsupported(f"{text!r} has a variable that does not end, or holds another one")
    return _Text(text, wildcards)
