"""Seconds as limits in tests mean them: those of a machine of ordinary speed, to itself.

What works in this process is measured in seconds of its processors (`worktime`, `fastest`): others that use the machine
take none of them. What waits, for a process or an answer, is measured by the clock (`stopwatch`), and how much longer
everything takes at the moment is measured with a piece of plain Python right before and after it. A faster machine has
the same limits.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ORDINARY = 0.0021
"""Seconds that `_piece` takes on a machine of ordinary speed."""
_PIECES = 20
"""How many of them tell how busy the machine is: as many as take longer than a turn of its scheduler."""

HANGS = 120.0
"""Seconds after which what does not come is taken for something that never does, on however busy a machine."""


def wait_until(happened: Callable[[], object], pause: float = 0.01) -> None:
    """Wait for a state, looking again after each pause (seconds)."""
    until = time.monotonic() + HANGS
    while not happened():
        assert time.monotonic() < until, "this never happens"
        time.sleep(pause)


@dataclass
class Taken:
    """How long a block took; told once it has ended."""

    seconds: float = 0.0
    """Of an ordinary machine."""


@contextmanager
def stopwatch() -> Iterator[Taken]:
    """The time of a block by the clock, waiting included."""
    taken = Taken()
    before = slowness()
    started = time.perf_counter()
    yield taken
    seconds = time.perf_counter() - started
    taken.seconds = seconds / max(before, slowness())


@contextmanager
def worktime() -> Iterator[Taken]:
    """What a block takes of the processors, in this process."""
    taken = Taken()
    started = time.process_time()
    yield taken
    taken.seconds = (time.process_time() - started) / slowness(time.process_time)


def fastest(work: Callable[[], object], times: int = 3, enough: float = 0.0) -> float:
    """Ordinary seconds of work in this process at best, done so many times, or until less than `enough` was taken:
    garbage of what ran before is collected in any of them."""
    best = float("inf")
    for _ in range(times):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
        # On this machine already: it need not be asked how slow it is.
        if best < enough:
            return best
    return best / slowness(time.process_time)


def slowness(clock: Callable[[], float] = time.perf_counter) -> float:
    """How many times longer than on an ordinary machine things take now, by that clock: at least once."""
    started = clock()
    for _ in range(_PIECES):
        _piece()
    return max(1.0, (clock() - started) / _PIECES / ORDINARY)


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
