"""Faults that tests of all tools have in common: every answer of the service is spoiled in one way."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from tests.faults import (
    Fault,
    Swapped,
    changed,
    cut,
    cut_short,
    emptied,
    first,
    late,
    no_lists,
    null_entries,
)

ALWAYS = 10_000

Faults = dict[str, Callable[[], Fault]]
"""By their names; made anew for each test, since some count."""


def of_all(*operations: str) -> Faults:
    """Faults of all those operations."""
    return {
        "all cut short, and closed": lambda: first(ALWAYS, cut_short, *operations),
        "all cut": lambda: first(ALWAYS, cut, *operations),
        "all cut at first": lambda: first(1, cut, *operations),
        "all empty": lambda: first(ALWAYS, emptied, *operations),
        "all swapped": lambda: Swapped(*operations),
        "no lists at first": lambda: first(1, changed(no_lists), *operations),
        "nulls in all lists": lambda: first(ALWAYS, changed(null_entries), *operations),
        "all late": lambda: first(ALWAYS, late(0.1), *operations),
        "all 30 s late": lambda: first(ALWAYS, late(30), *operations),
    }


def named(faults: Mapping[str, Any], in_ci: Collection[str]) -> list[Any]:
    """Their names as parameters: all but those of each run are for `make soak`."""
    return [pytest.param(name, marks=[] if name in in_ci else pytest.mark.soak) for name in faults]
