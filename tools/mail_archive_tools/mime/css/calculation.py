"""What the functions of numbers come to: `calc()`, `min()`, `round()`, `sin()` and the others (CSS Values 4, 10).

They are in lower case. What is no calculation raises ValueError.
"""

import math
import re
from collections.abc import Callable
from functools import partial

from mail_archive_tools.mime.css.units import Measure, in_unit, of_window

NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?"
# A plus or minus between two terms has white space on both sides (CSS Values 4, 10.8): else it is the number's sign.
_TOKEN = re.compile(
    rf"\s*+(?:(?P<number>{NUMBER})(?P<unit>[a-z]+|%)?|(?P<function>[a-z0-9-]*)\(|(?P<mark>[)*/,]|(?<=\s)[+-](?=\s))|"
    r"(?P<word>-?[a-z][a-z-]*))\s*+"
)
_CONSTANTS = {"pi": math.pi, "e": math.e, "infinity": math.inf, "-infinity": -math.inf, "nan": 0.0}
_ROUNDINGS = ("nearest", "up", "down", "to-zero")
_DEPTH = 10
"""How many functions and brackets may stand in one another."""

_TERMS = 100
"""How many numbers, words and marks a calculation may have."""


class Calculation:
    """A function, with the sums, products, brackets and functions in it."""

    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        self._place = 0
        position = 0
        while position < len(text):
            token = _TOKEN.match(text, position)
            if token is None or len(self._tokens) > _TERMS:
                raise ValueError
            self._tokens.append(token)
            position = token.end()

    def result(self) -> Measure:
        # Brackets by themselves are no value.
        if not self._tokens[0].group("function"):
            raise ValueError
        found = self._atom(0)
        if self._place < len(self._tokens):
            raise ValueError
        return found

    def _next(self) -> re.Match[str]:
        if self._place >= len(self._tokens):
            raise ValueError
        self._place += 1
        return self._tokens[self._place - 1]

    def _mark(self, among: str) -> str | None:
        """The mark that comes next, taken, if it is among those."""
        if self._place >= len(self._tokens):
            return None
        mark = self._tokens[self._place].group("mark")
        if mark is None or mark not in among:
            return None
        self._place += 1
        return mark

    def _sum(self, depth: int) -> Measure:
        total = self._product(depth)
        while True:
            mark = self._mark("+-")
            if mark is None:
                return total
            one, other = _alike(total, self._product(depth))
            amount = one.amount + other.amount if mark == "+" else one.amount - other.amount
            total = Measure(amount, one.kind)

    def _product(self, depth: int) -> Measure:
        product = self._atom(depth)
        while True:
            mark = self._mark("*/")
            if mark is None:
                return product
            factor = self._atom(depth)
            product = _divided(product, factor) if mark == "/" else _multiplied(product, factor)

    def _atom(self, depth: int) -> Measure:
        token = self._next()
        if token.group("number"):
            found = in_unit(float(token.group("number")), token.group("unit") or "")
            if found is None:
                raise ValueError
            return found

        word = token.group("word")
        if word is not None:
            if word not in _CONSTANTS:
                raise ValueError
            return Measure(_CONSTANTS[word], "number")

        name = token.group("function")
        if name is None or depth > _DEPTH:
            raise ValueError
        return self._function(name, depth)

    def _function(self, name: str, depth: int) -> Measure:
        """What a function comes to, or brackets, which have no name."""
        rounding = self._rounding() if name == "round" else "nearest"
        terms = [self._sum(depth + 1)]
        while self._mark(","):
            terms.append(self._sum(depth + 1))
        if not self._mark(")"):
            raise ValueError
        return _applied(name, terms, rounding)

    def _rounding(self) -> str:
        """How `round` is to round, where it says."""
        if self._place >= len(self._tokens):
            return "nearest"
        word = self._tokens[self._place].group("word")
        if word not in _ROUNDINGS:
            return "nearest"

        self._place += 1
        if not self._mark(","):
            raise ValueError
        return str(word)


def _alike(one: Measure, other: Measure) -> tuple[Measure, Measure]:
    """Both as the same kind: percentages beside lengths are lengths."""
    if one.kind == other.kind:
        return one, other
    if {one.kind, other.kind} != {"length", "percentage"}:
        raise ValueError
    return _as_length(one), _as_length(other)


def _as_length(found: Measure) -> Measure:
    if found.kind == "percentage":
        return Measure(of_window(found.amount), "length")
    return found


def _multiplied(one: Measure, other: Measure) -> Measure:
    """One of both has to be a number: there is no square of a length."""
    if one.kind == "number":
        return Measure(one.amount * other.amount, other.kind)
    if other.kind == "number":
        return Measure(one.amount * other.amount, one.kind)
    raise ValueError


def _divided(one: Measure, other: Measure) -> Measure:
    if other.kind != "number":
        raise ValueError
    # To divide by zero is no error here (CSS Values 4, 10.9.1).
    if not other.amount:
        return Measure(math.inf, one.kind)
    return Measure(one.amount / other.amount, one.kind)


def _applied(name: str, terms: list[Measure], rounding: str) -> Measure:
    if name in _OF_NUMBERS:
        return _of_numbers(name, terms)
    if name in _OF_ANGLES and len(terms) == 1 and terms[0].kind in ("number", "angle"):
        return _of_angle(name, terms[0])

    # All others take terms of one kind.
    for place in range(1, len(terms)):
        terms[0], terms[place] = _alike(terms[0], terms[place])
    amounts, kind = [each.amount for each in terms], terms[0].kind
    if name == "atan2" and len(terms) == 2:
        return Measure(math.degrees(math.atan2(*amounts)), "angle")
    if name == "sign" and len(terms) == 1:
        # 1, 0 or -1.
        return Measure(math.copysign(bool(amounts[0]), amounts[0]), "number")

    least, most, function = _OF_ALIKE.get(name, _NO_FUNCTION)
    if not least <= len(terms) <= most:
        raise ValueError
    if name == "round":
        # The step may be left out for plain numbers alone.
        if len(terms) == 1 and kind != "number":
            raise ValueError
        function = partial(_rounded, rounding)
    return Measure(_number_of(function, amounts), kind)


def _of_angle(name: str, term: Measure) -> Measure:
    """A number is an angle in radians."""
    turned = term.amount if term.kind == "number" else math.radians(term.amount)
    return Measure(_number_of(_OF_ANGLES[name], [turned]), "number")


def _of_numbers(name: str, terms: list[Measure]) -> Measure:
    least, most, function = _OF_NUMBERS[name]
    if not least <= len(terms) <= most:
        raise ValueError
    if any(each.kind != "number" for each in terms):
        raise ValueError

    found = _number_of(function, [each.amount for each in terms])
    if name in ("asin", "acos", "atan"):
        return Measure(math.degrees(found), "angle")
    return Measure(found, "number")


def _number_of(function: Callable[..., float], amounts: list[float]) -> float:
    """What the function gives; where it is no number, CSS takes zero for it."""
    try:
        found = function(*amounts)
    except (ValueError, OverflowError, ZeroDivisionError):
        return 0.0
    # The power of a negative number may be a complex one.
    if not isinstance(found, float | int) or math.isnan(found):
        return 0.0
    return found


def _rounded(rounding: str, amount: float, step: float = 1.0) -> float:
    if not step:
        return 0.0

    steps = amount / step
    if rounding == "up":
        return float(math.ceil(steps) * step)
    if rounding == "down":
        return float(math.floor(steps) * step)
    if rounding == "to-zero":
        return float(math.trunc(steps) * step)
    return float(math.floor(steps + 0.5) * step)


def _clamped(low: float, wanted: float, high: float) -> float:
    # Where both bounds are in conflict, the lower one wins (CSS Values 4, 10.2).
    return max(low, min(wanted, high))


def _modulo(amount: float, step: float) -> float:
    return amount % step if step else 0.0


def _remainder(amount: float, step: float) -> float:
    return math.fmod(amount, step) if step else 0.0


_Function = tuple[int, int, Callable[..., float]]
_NO_FUNCTION: _Function = (1, 0, float)
_OF_ALIKE: dict[str, _Function] = {
    **dict.fromkeys(("", "calc", "-webkit-calc"), (1, 1, float)),
    "min": (1, _TERMS, lambda *each: min(each)),
    "max": (1, _TERMS, lambda *each: max(each)),
    "clamp": (3, 3, _clamped),
    "abs": (1, 1, abs),
    "hypot": (1, _TERMS, math.hypot),
    "round": (1, 2, _rounded),
    "mod": (2, 2, _modulo),
    "rem": (2, 2, _remainder),
}
"""Functions of values of one kind, which give one of that kind: how few and how many they take."""

_OF_NUMBERS: dict[str, _Function] = {
    "pow": (2, 2, pow),
    "sqrt": (1, 1, math.sqrt),
    "log": (1, 2, math.log),
    "exp": (1, 1, math.exp),
    "asin": (1, 1, math.asin),
    "acos": (1, 1, math.acos),
    "atan": (1, 1, math.atan),
}
"""Functions of plain numbers; the last three give an angle."""

_OF_ANGLES: dict[str, Callable[[float], float]] = {"sin": math.sin, "cos": math.cos, "tan": math.tan}
"""Functions of an angle, which give a number."""
