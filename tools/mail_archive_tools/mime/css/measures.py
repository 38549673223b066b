"""Numbers of CSS: lengths, percentages, angles, plain numbers, and what is worked out of them (CSS Values 4)."""

import math
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

VIEWPORT = 800.0
"""The width of the window that a reader is taken to have, in CSS pixels."""

VIEWPORT_HEIGHT = 600.0
LARGEST = 1e30
"""What stands for infinity: no browser computes with more, and zero of it is zero."""

_EM = 16.0
_LENGTHS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "rem": _EM, "em": _EM,
    "ex": 8.0, "ch": 8.0, "cap": 11.0, "ic": _EM, "lh": 18.0, "rlh": 18.0, "vw": VIEWPORT / 100,
    "vh": VIEWPORT_HEIGHT / 100, "vi": VIEWPORT / 100, "vb": VIEWPORT_HEIGHT / 100, "vmin": VIEWPORT_HEIGHT / 100,
    "vmax": VIEWPORT / 100,
}  # fmt: skip
_LENGTHS |= {f"{size}{unit}": _LENGTHS[unit] for size in "sld" for unit in ("vw", "vh", "vi", "vb", "vmin", "vmax")}
_ANGLES = {"deg": 1.0, "grad": 0.9, "rad": 57.29578, "turn": 360.0}
_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?"
_PLAIN = re.compile(rf"({_NUMBER})([a-z]+|%)?")
_TOKEN = re.compile(
    rf"\s*+(?:(?P<number>{_NUMBER})(?P<unit>[a-z]+|%)?|(?P<function>[a-z0-9-]*)\(|(?P<mark>[)*/,]|(?<=\s)[+-](?=\s))|"
    r"(?P<word>-?[a-z][a-z-]*))\s*+"
)
_CONSTANTS = {"pi": math.pi, "e": math.e, "infinity": math.inf, "-infinity": -math.inf, "nan": 0.0}
_ROUNDINGS = ("nearest", "up", "down", "to-zero")
_DEPTH = 10
_TERMS = 100


class Measure(NamedTuple):
    """`kind` is number, length, percentage or angle. Lengths are in CSS pixels, angles in degrees; a length with
    percentages in it counts those of the window."""

    amount: float
    kind: str


@lru_cache(maxsize=4096)
def measure(value: str) -> Measure | None:
    """What a value measures; None: it is no measure, or one that cannot be worked out here."""
    value = value.strip()
    plain = _PLAIN.fullmatch(value)
    if plain is not None:
        found = _of(float(plain.group(1)), plain.group(2) or "")
        return found and _within_range(found)

    if not value.endswith(")") or len(value) > 500:
        return None
    try:
        return _within_range(_Calculation(value).result())
    except (ValueError, OverflowError):
        return None


def _within_range(found: Measure) -> Measure:
    """What is left of a value: no number becomes zero, infinite becomes large (CSS Values 4, 10.9.1 and 10.12)."""
    if -LARGEST <= found.amount <= LARGEST:
        return found
    if math.isnan(found.amount):
        return Measure(0.0, found.kind)
    return Measure(math.copysign(LARGEST, found.amount), found.kind)


def pixels(value: str) -> float | None:
    """A length, a percentage of the window or a plain number, in CSS pixels."""
    found = measure(value)
    if found is None or found.kind == "angle":
        return None
    return found.amount * VIEWPORT / 100 if found.kind == "percentage" else found.amount


def fraction(value: str) -> float | None:
    """A number, or a percentage as the number that it stands for."""
    found = measure(value)
    if found is None or found.kind not in ("number", "percentage"):
        return None
    return found.amount / 100 if found.kind == "percentage" else found.amount


def number(value: str) -> float | None:
    found = measure(value)
    return found.amount if found is not None and found.kind == "number" else None


def _of(amount: float, unit: str) -> Measure | None:
    if not unit:
        return Measure(amount, "number")
    if unit == "%":
        return Measure(amount, "percentage")
    if unit in _LENGTHS:
        return Measure(amount * _LENGTHS[unit], "length")
    return Measure(amount * _ANGLES[unit], "angle") if unit in _ANGLES else None


class _Calculation:
    """The functions of numbers, with their sums, products and brackets. What is none raises ValueError."""

    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        position = 0
        while position < len(text):
            token = _TOKEN.match(text, position)
            if token is None or len(self._tokens) > _TERMS:
                raise ValueError
            self._tokens.append(token)
            position = token.end()
        self._place = 0

    def result(self) -> Measure:
        first = self._tokens[0]
        if not first.group("function"):
            # Brackets by themselves are no value.
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
        if self._place < len(self._tokens) and (mark := self._tokens[self._place].group("mark")) and mark in among:
            self._place += 1
            return mark
        return None

    def _sum(self, depth: int) -> Measure:
        total = self._product(depth)
        while mark := self._mark("+-"):
            one, other = _alike(total, self._product(depth))
            total = Measure(one.amount + (-other.amount if mark == "-" else other.amount), one.kind)
        return total

    def _product(self, depth: int) -> Measure:
        product = self._atom(depth)
        while mark := self._mark("*/"):
            factor = self._atom(depth)
            if mark == "/":
                if factor.kind != "number":
                    raise ValueError
                product = Measure(product.amount / factor.amount if factor.amount else math.inf, product.kind)
            elif "number" in (product.kind, factor.kind):
                kind = factor.kind if product.kind == "number" else product.kind
                product = Measure(product.amount * factor.amount, kind)
            else:
                raise ValueError
        return product

    def _atom(self, depth: int) -> Measure:
        token = self._next()
        if token.group("number"):
            if (found := _of(float(token.group("number")), token.group("unit") or "")) is None:
                raise ValueError
            return found
        if (word := token.group("word")) is not None:
            if word not in _CONSTANTS:
                raise ValueError
            return Measure(_CONSTANTS[word], "number")
        if token.group("function") is None or depth > _DEPTH:
            raise ValueError
        name = token.group("function")
        rounding = self._rounding() if name == "round" else "nearest"
        terms = [self._sum(depth + 1)]
        while self._mark(","):
            terms.append(self._sum(depth + 1))
        if not self._mark(")"):
            raise ValueError
        return _applied(name, terms, rounding)

    def _rounding(self) -> str:
        """How `round` is to round, where it says."""
        word = self._tokens[self._place].group("word") if self._place < len(self._tokens) else None
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
    one, other = (
        Measure(each.amount * VIEWPORT / 100, "length") if each.kind == "percentage" else each for each in (one, other)
    )
    return one, other


def _applied(name: str, terms: list[Measure], rounding: str) -> Measure:
    if name in _OF_NUMBERS:
        return _of_numbers(name, terms)
    if name in ("sin", "cos", "tan") and len(terms) == 1 and terms[0].kind in ("number", "angle"):
        turned = terms[0].amount if terms[0].kind == "number" else math.radians(terms[0].amount)
        return Measure(_number_of({"sin": math.sin, "cos": math.cos, "tan": math.tan}[name], [turned]), "number")
    for place in range(1, len(terms)):
        terms[0], terms[place] = _alike(terms[0], terms[place])
    amounts, kind = [each.amount for each in terms], terms[0].kind
    if name == "atan2" and len(terms) == 2:
        return Measure(math.degrees(math.atan2(*amounts)), "angle")
    if name == "sign" and len(terms) == 1:
        return Measure(math.copysign(bool(amounts[0]), amounts[0]), "number")
    function = _OF_ALIKE.get(name)
    if function is None or not function[0] <= len(terms) <= function[1]:
        raise ValueError
    if name == "round":
        if len(terms) == 1 and kind != "number":
            raise ValueError
        return Measure(_number_of(partial(_rounded, rounding), amounts), kind)
    return Measure(_number_of(function[2], amounts), kind)


def _of_numbers(name: str, terms: list[Measure]) -> Measure:
    least, most, function = _OF_NUMBERS[name]
    if not least <= len(terms) <= most or any(each.kind != "number" for each in terms):
        raise ValueError
    found = _number_of(function, [each.amount for each in terms])
    return Measure(math.degrees(found), "angle") if name in ("asin", "acos", "atan") else Measure(found, "number")


def _number_of(function: Callable[..., float], amounts: list[float]) -> float:
    """What the function gives; where it is no number, CSS takes zero for it."""
    try:
        found = function(*amounts)
    except (ValueError, OverflowError, ZeroDivisionError):
        return 0.0
    return found if isinstance(found, float | int) and not math.isnan(found) else 0.0


def _rounded(rounding: str, amount: float, step: float = 1.0) -> float:
    if not step:
        return 0.0
    ways = {"nearest": lambda each: math.floor(each + 0.5), "up": math.ceil, "down": math.floor, "to-zero": math.trunc}
    return float(ways[rounding](amount / step) * step)


def _clamped(low: float, wanted: float, high: float) -> float:
    return max(low, min(wanted, high))


def _modulo(amount: float, step: float) -> float:
    return amount % step if step else 0.0


def _remainder(amount: float, step: float) -> float:
    return math.fmod(amount, step) if step else 0.0


_Function = tuple[int, int, Callable[..., float]]
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
