"""Numbers of CSS: lengths, percentages, angles, plain numbers, and what is worked out of them (CSS Values 4)."""

import re
from functools import lru_cache
from typing import NamedTuple

VIEWPORT = 800.0
"""The width of the window that a reader is taken to have, in CSS pixels."""

VIEWPORT_HEIGHT = 600.0
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
    rf"\s*+(?:(?P<number>{_NUMBER})(?P<unit>[a-z]+|%)?|(?P<function>[a-z-]*)\(|(?P<mark>[)*/,]|[+-](?=\s)))"
)
_LATER = re.compile(
    r"\b(?:var|env|attr|round|mod|rem|abs|sign|sin|cos|tan|a(?:sin|cos|tan2?)|pow|sqrt|hypot|log|exp)\("
)
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
    if plain := _PLAIN.fullmatch(value):
        return _of(float(plain.group(1)), plain.group(2) or "")
    if not value.endswith(")") or len(value) > 500:
        return None
    try:
        return _Calculation(value).result()
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def is_for_later(value: str) -> bool:
    """Whether only a browser can work it out: it is taken for valid, and for unknown."""
    return "(" in value and _LATER.search(value) is not None


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
    """calc(), min(), max() and clamp(), with their sums, products and brackets. What is none raises ValueError."""

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
            total = _added(total, self._product(depth), -1 if mark == "-" else 1)
        return total

    def _product(self, depth: int) -> Measure:
        product = self._atom(depth)
        while mark := self._mark("*/"):
            factor = self._atom(depth)
            if mark == "/":
                if factor.kind != "number":
                    raise ValueError
                product = Measure(product.amount / factor.amount, product.kind)
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
        if token.group("function") is None or depth > _DEPTH:
            raise ValueError
        terms = [self._sum(depth + 1)]
        while self._mark(","):
            terms.append(self._sum(depth + 1))
        if not self._mark(")"):
            raise ValueError
        return _applied(token.group("function"), terms)


def _added(one: Measure, other: Measure, sign: int) -> Measure:
    one, other = _alike(one, other)
    return Measure(one.amount + sign * other.amount, one.kind)


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


def _applied(function: str, terms: list[Measure]) -> Measure:
    if function in ("", "calc", "-webkit-calc", "-moz-calc") and len(terms) == 1:
        return terms[0]
    for place in range(1, len(terms)):
        terms[0], terms[place] = _alike(terms[0], terms[place])
    if function in ("min", "max"):
        return Measure((min if function == "min" else max)(each.amount for each in terms), terms[0].kind)
    if function == "clamp" and len(terms) == 3:
        low, wanted, high = (each.amount for each in terms)
        return Measure(max(low, min(wanted, high)), terms[0].kind)
    raise ValueError
