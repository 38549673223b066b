"""Whether what stands in a conditional group of a style sheet applies (Media Queries 4, CSS Conditional 3).

The reader is taken to have a window of `measures.VIEWPORT` pixels on a light screen, and a mouse.
"""

import re
from collections.abc import Callable

from mail_archive_tools.mime.css.measures import fraction, measure
from mail_archive_tools.mime.css.units import VIEWPORT, VIEWPORT_HEIGHT
from mail_archive_tools.mime.css.values import is_known, is_valid

_DEPTH = 10
_MEDIUM = re.compile(r"(?:(not|only)\s+)?([a-z-]+)(?:\s+and\s+(.*))?", re.DOTALL)
_WORDS_OF_CONDITIONS = ("and", "or", "not")
_COMPARISON = re.compile(r"\s*(<=|>=|<|>|=)\s*")
_SIZES = {
    "width": VIEWPORT, "device-width": VIEWPORT, "height": VIEWPORT_HEIGHT, "device-height": VIEWPORT_HEIGHT,
    "inline-size": VIEWPORT, "block-size": VIEWPORT_HEIGHT,
}  # fmt: skip
_NUMBERS = {"color": 8.0, "monochrome": 0.0, "color-index": 0.0, "grid": 0.0, "-webkit-device-pixel-ratio": 1.0}
_WORDS = {
    "orientation": "landscape", "prefers-color-scheme": "light", "hover": "hover", "any-hover": "hover",
    "pointer": "fine", "any-pointer": "fine", "prefers-reduced-motion": "no-preference", "scripting": "none",
    "display-mode": "browser", "update": "fast", "prefers-contrast": "no-preference", "forced-colors": "none",
    "inverted-colors": "none", "scan": "", "overflow-block": "scroll", "overflow-inline": "scroll",
    "color-gamut": "srgb", "dynamic-range": "standard", "prefers-reduced-data": "no-preference",
    "prefers-reduced-transparency": "no-preference",
}  # fmt: skip
_FALSE_BY_THEMSELVES = ("none", "no-preference", "")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other, "<=": lambda one, other: one <= other, "=": lambda one, other: one == other,
    ">": lambda one, other: one > other, ">=": lambda one, other: one >= other,
}  # fmt: skip
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_RESOLUTION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(dpi|dpcm|dppx|x)")
_DOTS_PER_PIXEL = {"dpi": 1 / 96, "dpcm": 2.54 / 96, "dppx": 1.0, "x": 1.0}

Feature = Callable[[str], bool | None]
"""Whether what stands in brackets holds; None: it is nothing that is known, so neither it nor its contrary does."""


def applies(media: str) -> bool:
    """Whether a media query list, in lower case, is for such a reader."""
    if not media.strip():
        return True
    return any(_query(" ".join(query.split())) for query in media.split(","))


def is_supported(condition: str) -> bool | None:
    """Whether the condition of @supports holds; None where that cannot be told: it asks for a selector."""
    if "selector(" in condition:
        return None
    return _condition(" ".join(condition.split()), _declaration, 0) is True


def _query(query: str) -> bool:
    medium = _MEDIUM.fullmatch(query)
    if medium is None or medium.group(2) in _WORDS_OF_CONDITIONS:
        return _condition(query, _feature, 0) is True

    # `only` hides a query from browsers of old, and says nothing else (Media Queries 4, 2.2).
    negated, kind, rest = medium.groups()
    holds: bool | None = kind in ("all", "screen")
    if holds and rest is not None:
        holds = _condition(rest, _feature, 0)
    # Of what is not known neither it nor its contrary holds.
    if holds is None:
        return False
    return not holds if negated == "not" else holds


def _condition(text: str, feature: Feature, depth: int) -> bool | None:
    """A condition of brackets, `not`, `and` and `or`."""
    text = text.strip()
    if depth > _DEPTH:
        return None
    if text.startswith(("not ", "not(")):
        inner = _condition(text[3:], feature, depth + 1)
        return None if inner is None else not inner

    for word, decisive in (("or", True), ("and", False)):
        parts = _parts(text, word)
        if len(parts) > 1:
            return _joined([_condition(part, feature, depth + 1) for part in parts], decisive)

    if text.startswith("(") and text.endswith(")"):
        return _in_brackets(text[1:-1].strip(), feature, depth)
    return None


def _in_brackets(text: str, feature: Feature, depth: int) -> bool | None:
    """A feature, or another condition."""
    is_condition = text.startswith(("(", "not ", "not("))
    if is_condition:
        return _condition(text, feature, depth + 1)
    return feature(text)


def _joined(values: list[bool | None], decisive: bool) -> bool | None:
    """Of `or`, one that is true decides; of `and`, one that is false."""
    if decisive in values:
        return decisive
    if None in values:
        return None
    return not decisive


def _parts(text: str, word: str) -> list[str]:
    """What stands between a word that is in no brackets."""
    found, depth, start = [], 0, 0
    for match in re.finditer(rf"[()]|(?<=[\s)]){word}(?=[\s(])", text):
        mark = match.group()
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif not depth:
            found.append(text[start : match.start()])
            start = match.end()
    return [*found, text[start:]]


def _feature(text: str) -> bool | None:
    name, colon, value = (each.strip() for each in text.partition(":"))
    if not colon:
        return _compared(text)

    for prefix, mark in (("min-", ">="), ("max-", "<=")):
        if name.startswith(prefix):
            return _measured(name.removeprefix(prefix), mark, value)
        if name.startswith(f"-webkit-{prefix}"):
            return _measured(name.replace(prefix, "", 1), mark, value)
    if name in _WORDS:
        return value == _WORDS[name]
    return _measured(name, "=", value)


def _compared(text: str) -> bool | None:
    """A range, such as `400px <= width < 700px`, or a feature by itself."""
    pieces = _COMPARISON.split(text)
    if len(pieces) == 1:
        return _by_itself(text)
    if len(pieces) == 3:
        left, mark, right = pieces
        if left in _SIZES or left in _NUMBERS or left in ("resolution", "aspect-ratio"):
            return _measured(left, mark, right)
        return _measured(right, _SWAPPED[mark], left)
    if len(pieces) == 5:
        low, first, name, second, high = pieces
        # Read from the name: "400px <= width" is "width >= 400px".
        is_above, is_below = _measured(name, _SWAPPED[first], low), _measured(name, second, high)
        return _joined([is_above, is_below], False)
    return None


def _by_itself(name: str) -> bool | None:
    """A feature without a value holds where it is neither zero nor `none` (Media Queries 4, 2.4.2)."""
    if name in _WORDS:
        return _WORDS[name] not in _FALSE_BY_THEMSELVES
    if name in _SIZES:
        return _SIZES[name] > 0
    if name in _NUMBERS:
        return _NUMBERS[name] > 0
    return None


def _measured(name: str, mark: str, value: str) -> bool | None:
    if name == "resolution":
        return _by_resolution(mark, value)
    if name in ("aspect-ratio", "device-aspect-ratio"):
        return _by_ratio(mark, value)

    ours = _SIZES.get(name, _NUMBERS.get(name))
    found = measure(value)
    if ours is None or found is None or found.kind not in ("number", "length"):
        return None
    return _COMPARE[mark](ours, found.amount)


def _by_resolution(mark: str, value: str) -> bool | None:
    match = _RESOLUTION.fullmatch(value)
    if match is None:
        return None
    wanted = float(match.group(1)) * _DOTS_PER_PIXEL[match.group(2)]
    return _COMPARE[mark](1.0, wanted)


def _by_ratio(mark: str, value: str) -> bool | None:
    # A ratio of one number is to one (CSS Values 4, 5.7).
    width, _, height = (each.strip() for each in value.partition("/"))
    over, under = fraction(width), fraction(height or "1")
    if over is None or not under:
        return None
    return _COMPARE[mark](VIEWPORT / VIEWPORT_HEIGHT, over / under)


def _declaration(text: str) -> bool | None:
    """What @supports asks for: a property with a value."""
    name, colon, value = (each.strip() for each in text.partition(":"))
    if not colon:
        return None
    return is_known(name) and is_valid(name, value)
