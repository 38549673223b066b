"""Whether what stands in a conditional group of a style sheet applies (Media Queries 4, CSS Conditional 3).

The reader is taken to have a window of `measures.VIEWPORT` pixels on a light screen, and a mouse.
"""

import re
from collections.abc import Callable

from mail_archive_tools.mime.css.measures import VIEWPORT, VIEWPORT_HEIGHT, fraction, measure
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

Feature = Callable[[str], bool | None]
"""Whether what stands in brackets holds; None: it is nothing that is known, so neither it nor its contrary does."""


def applies(media: str) -> bool:
    """Whether a media query list, in lower case, is for such a reader."""
    queries = media.split(",")
    return not media.strip() or any(_query(" ".join(query.split())) for query in queries)


def is_supported(condition: str) -> bool:
    """Whether the condition of @supports holds."""
    return _condition(" ".join(condition.split()), _declaration, 0) is True


def _query(query: str) -> bool:
    medium = _MEDIUM.fullmatch(query)
    if medium is None or medium.group(2) in _WORDS_OF_CONDITIONS:
        return _condition(query, _feature, 0) is True
    negated, kind, rest = medium.groups()
    holds = kind in ("all", "screen") and (rest is None or _condition(rest, _feature, 0))
    if holds is None:
        return False
    return not holds if negated == "not" else holds


def _condition(text: str, feature: Feature, depth: int) -> bool | None:
    """A condition of brackets, `not`, `and` and `or`."""
    text = text.strip()
    if depth > _DEPTH:
        return None
    if text.startswith("not ") or text.startswith("not("):
        inner = _condition(text[3:], feature, depth + 1)
        return None if inner is None else not inner
    for word, decisive in (("or", True), ("and", False)):
        parts = _parts(text, word)
        if len(parts) > 1:
            return _joined([_condition(part, feature, depth + 1) for part in parts], decisive)
    if text.startswith("(") and text.endswith(")"):
        inner_text = text[1:-1].strip()
        nested = inner_text.startswith(("(", "not ", "not(")) or "selector(" in inner_text[:9]
        return _condition(inner_text, feature, depth + 1) if nested else feature(inner_text)
    return feature(text) if text.startswith("selector(") else None


def _joined(values: list[bool | None], decisive: bool) -> bool | None:
    """Of `or`, one that is true decides; of `and`, one that is false."""
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _parts(text: str, word: str) -> list[str]:
    """By a word that stands in no bracket."""
    found, depth, start = [], 0, 0
    for match in re.finditer(rf"[()]|(?<=[\s)]){word}(?=[\s(])", text):
        mark = match.group()
        if mark in "()":
            depth += 1 if mark == "(" else -1
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
        if text in _WORDS:
            return _WORDS[text] not in _FALSE_BY_THEMSELVES
        return bool(_SIZES.get(text) or _NUMBERS.get(text)) if text in _SIZES or text in _NUMBERS else None
    swapped = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
    if len(pieces) == 3:
        left, mark, right = pieces
        if left in _SIZES or left in _NUMBERS or left in ("resolution", "aspect-ratio"):
            return _measured(left, mark, right)
        return _measured(right, swapped[mark], left)
    if len(pieces) == 5:
        low, first, name, second, high = pieces
        return _joined([_measured(name, swapped[first], low), _measured(name, second, high)], False)
    return None


def _measured(name: str, mark: str, value: str) -> bool | None:
    if name in ("resolution", "aspect-ratio", "device-aspect-ratio"):
        return _by_ratio(name, mark, value)
    ours = _SIZES.get(name, _NUMBERS.get(name))
    found = measure(value)
    if ours is None or found is None or found.kind not in ("number", "length"):
        return None
    return _COMPARE[mark](ours, found.amount)


def _by_ratio(name: str, mark: str, value: str) -> bool | None:
    if name == "resolution":
        match = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)(dpi|dpcm|dppx|x)", value)
        per_pixel = {"dpi": 1 / 96, "dpcm": 2.54 / 96, "dppx": 1.0, "x": 1.0}
        return _COMPARE[mark](1.0, float(match.group(1)) * per_pixel[match.group(2)]) if match else None
    width, _, height = (each.strip() for each in value.partition("/"))
    over, under = fraction(width), fraction(height or "1")
    return _COMPARE[mark](VIEWPORT / VIEWPORT_HEIGHT, over / under) if over is not None and under else None


def _declaration(text: str) -> bool | None:
    """What @supports asks for: a property with a value, or a selector."""
    if text.startswith("selector("):
        return True
    name, colon, value = (each.strip() for each in text.partition(":"))
    return is_known(name) and is_valid(name, value) if colon else None
