"""Seconds as limits in tests mean them: those of a machine of ordinary speed, to itself.

A slow machine, or one that others use too, takes longer for everything. How much longer is measured with a piece of
plain Python right beside what has a limit, and what was measured is divided by it. A faster one has the same limits.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ORDINARY = 0.0021
"""Seconds that `_piece` takes on a machine of ordinary speed."""


@dataclass
class Taken:
    """How long a block took; told once it has ended."""

    seconds: float = 0.0
    """Of an ordinary machine."""


@contextmanager
def stopwatch() -> Iterator[Taken]:
    """The time of a block, waiting included."""
    taken = Taken()
    started = time.perf_counter()
    yield taken
    taken.seconds = (time.perf_counter() - started) / slowness()


def fastest(work: Callable[[], object], times: int = 3, enough: float = 0.0) -> float:
    """Ordinary seconds that work takes at best, done so many times, or until less than `enough` was taken: garbage of
    what ran before is collected in any of them."""
    best = float("inf")
    for _ in range(times):
        with stopwatch() as taken:
            work()
        best = min(best, taken.seconds)
        if best < enough:
            break
    return best


def slowness() -> float:
    """How many times longer than on an ordinary machine things take now: at least once."""
    return max(1.0, min(_seconds_of(_piece) for _ in range(3)) / ORDINARY)


def _seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


WORDS = re.compile(r"(\w+)@(\w+)\.(\w+)|<[^>]*>")


def _piece() -> int:
    """What most of the reading is made of: characters, patterns, dictionaries."""
    text = "nora@good.example <p class=x> plain words and more of them " * 700
    counts: dict[str, int] = {}
    for match in WORDS.finditer(text):
        counts[match.group()] = counts.get(match.group(), 0) + 1
    for number, character in enumerate(text):
        if character.isalpha():
            counts[character] = counts.get(character, 0) + number
    return sum(counts.values())
