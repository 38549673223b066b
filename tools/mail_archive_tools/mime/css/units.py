"""Units of CSS, in those that a reader's window has: CSS pixels and degrees (CSS Values 4, 5 to 7)."""

import math
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
# The small, large and dynamic viewports, which differ where a toolbar comes and goes.
_LENGTHS |= {f"{size}{unit}": _LENGTHS[unit] for size in "sld" for unit in ("vw", "vh", "vi", "vb", "vmin", "vmax")}
_ANGLES = {"deg": 1.0, "grad": 0.9, "rad": 57.29578, "turn": 360.0}


class Measure(NamedTuple):
    """`kind` is number, length, percentage or angle. Lengths are in CSS pixels, angles in degrees; a length with
    percentages in it counts those of the window."""

    amount: float
    kind: str


def in_unit(amount: float, unit: str) -> Measure | None:
    """So much of a unit, which is "" for a plain number; None: there is no such unit."""
    if not unit:
        return Measure(amount, "number")
    if unit == "%":
        return Measure(amount, "percentage")
    if unit in _LENGTHS:
        return Measure(amount * _LENGTHS[unit], "length")
    if unit in _ANGLES:
        return Measure(amount * _ANGLES[unit], "angle")
    return None


def of_window(percentage: float) -> float:
    """A percentage of the window's width, in CSS pixels."""
    return percentage * VIEWPORT / 100


def within_range(found: Measure) -> Measure:
    """What is left of a value: what is no number becomes zero, what is infinite large (CSS Values 4, 10.9.1)."""
    if -LARGEST <= found.amount <= LARGEST:
        return found
    if math.isnan(found.amount):
        return Measure(0.0, found.kind)
    return Measure(math.copysign(LARGEST, found.amount), found.kind)
