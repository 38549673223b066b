"""Stretches of time, in whole seconds: those of which an index holds every message. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Stretch(NamedTuple):
    """Whole seconds since 1970; both ends belong to it."""

    first: int
    last: int


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same seconds in as few stretches as there can be, the earliest first."""
    together: list[Stretch] = []
    for each in sorted(stretches):
        # One that begins in the second after another goes on with it.
        if together and each.first <= together[-1].last + 1:
            last = max(together[-1].last, each.last)
            together[-1] = Stretch(together[-1].first, last)
        else:
            together.append(each)
    return together


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """The seconds of `stretches` that are in none of `taken`, the earliest first."""
    left = joined(stretches)
    for gone in taken:
        left = [part for each in left for part in _parts_beside(each, gone)]
    return left


def within(stretches: Iterable[Stretch], whole: Stretch) -> list[Stretch]:
    """The seconds of `stretches` that are in `whole` as well, the earliest first."""
    common: list[Stretch] = []
    for each in joined(stretches):
        first = max(each.first, whole.first)
        last = min(each.last, whole.last)
        if first <= last:
            common.append(Stretch(first, last))
    return common


def holding(stretches: Iterable[Stretch], second: int) -> Stretch | None:
    """The stretch that a second is in."""
    for each in stretches:
        if each.first <= second <= each.last:
            return each
    return None


def spanning(one: Stretch | None, other: Stretch) -> Stretch:
    """Both, and what lies between them."""
    if one is None:
        return other
    return Stretch(min(one.first, other.first), max(one.last, other.last))


def _parts_beside(stretch: Stretch, gone: Stretch) -> list[Stretch]:
    before = Stretch(stretch.first, min(stretch.last, gone.first - 1))
    behind = Stretch(max(stretch.first, gone.last + 1), stretch.last)
    if behind.first <= before.last:
        # Nothing of it is gone, and both are the whole of it.
        return [stretch]
    return [part for part in (before, behind) if part.first <= part.last]
