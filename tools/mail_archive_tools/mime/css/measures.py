"""What a value measures: lengths, percentages, angles, plain numbers, and what is worked out of them."""

import re
from functools import lru_cache

from mail_archive_tools.mime.css.calculation import NUMBER, Calculation
from mail_archive_tools.mime.css.units import Measure, in_unit, of_window, within_range

_PLAIN = re.compile(rf"({NUMBER})([a-z]+|%)?")
_CALCULATION_CHARS = 500
"""How long a calculation may be: what is longer is written to keep a reader busy."""


@lru_cache(maxsize=4096)
def measure(value: str) -> Measure | None:
    """What a value measures; None: it is no measure, or one that cannot be worked out here."""
    value = value.strip()
    plain = _PLAIN.fullmatch(value)
    if plain is not None:
        found = in_unit(float(plain.group(1)), plain.group(2) or "")
        return found and within_range(found)

    if not value.endswith(")") or len(value) > _CALCULATION_CHARS:
        return None
    try:
        return within_range(Calculation(value).result())
    except (ValueError, OverflowError):
        return None


def pixels(value: str) -> float | None:
    """A length, a percentage of the window or a plain number, in CSS pixels."""
    found = measure(value)
    if found is None or found.kind == "angle":
        return None
    if found.kind == "percentage":
        # Of what it is a percentage, is known to those alone who lay out the page.
        return of_window(found.amount)
    # A plain number is one of pixels in attributes, and in quirks mode; elsewhere it was refused before.
    return found.amount


def pixels_or_zero(value: str) -> float:
    """The same; zero where it is no length, or none that is known."""
    return pixels(value) or 0.0


def fraction(value: str) -> float | None:
    """A number, or a percentage as the number that it stands for."""
    found = measure(value)
    if found is None or found.kind not in ("number", "percentage"):
        return None
    if found.kind == "percentage":
        return found.amount / 100
    return found.amount


def number(value: str) -> float | None:
    """A plain number."""
    found = measure(value)
    if found is None or found.kind != "number":
        return None
    return found.amount
