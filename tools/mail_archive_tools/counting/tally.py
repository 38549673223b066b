"""What has been counted of a search so far, kept for the call that goes on with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import anyio
from anyio import to_thread

from mail_archive_tools.counting.columns import Facts
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.searching.cursors import fingerprint
from mail_archive_tools.searching.polling import Patience
from mail_archive_tools.searching.sweep import OutOfTime, Place, Sweep

MOST_ROWS = 500_000
"""Rows that one summary counts at most."""
UNFINISHED_SECONDS = 900.0
"""How long what was counted is kept for a call that goes on with it."""


@dataclass
class Tally:
    """What has been counted of a search so far; the call that goes on with it holds the lock."""

    place: Place
    facts: Facts = field(default_factory=Facts)
    running_search_id: str | None = None
    notes: list[str] = field(default_factory=list)
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    forgotten: float = field(default_factory=lambda: time.monotonic() + UNFINISHED_SECONDS)


async def tally_of(sweep: Sweep) -> Tally:
    """What was counted of this search before, or nothing yet."""
    key = fingerprint("summary", sweep.archive_id, sweep.begin, sweep.end, sweep.filters)
    tallies = sweep.access.tallies

    async def begin() -> Tally:
        return Tally(sweep.beginning())

    tally = await tallies.get(key, begin)
    if time.monotonic() > tally.forgotten and not tally.lock.locked():
        tallies.forget(key)
        tally = await tallies.get(key, begin)
    return tally


async def count(sweep: Sweep, tally: Tally, patience: Patience) -> None:
    """Go on counting while there is something to count and time."""
    with anyio.move_on_after(max(patience.left, 0)) as waiting:
        await tally.lock.acquire()
    if waiting.cancelled_caught:
        return
    try:
        await _count_on(sweep, tally, patience)
    finally:
        tally.lock.release()


async def _count_on(sweep: Sweep, tally: Tally, patience: Patience) -> None:
    tally.notes, tally.running_search_id, progressed = [], None, False
    while tally.place.edge is not None:
        if progressed and patience.left <= 0:
            return
        if len(tally.facts) >= MOST_ROWS:
            tally.notes.append(f"A summary counts {MOST_ROWS} rows at most. Shorten the range, or narrow the words.")
            return
        await patience.say(f"{tally.place.searches} searches run, {len(tally.facts)} rows counted")
        try:
            part = await sweep.part(tally.place, patience, keep=False)
        except ArchiveError as error:
            if not progressed and not len(tally.facts):
                raise
            tally.notes.append(f"The search stopped before the end of the range: {error}")
            return
        if isinstance(part, OutOfTime):
            tally.place, tally.running_search_id = part.place, part.search_id
            return
        # In a thread, since thousands of addresses take a while to read; the place moves with what it counts.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(tally.facts.add, [row for _, row in part.rows])
        tally.place, progressed = part.following, True
        kept = sweep.access.recent.lasting(sweep.walk.whole) if tally.place.edge is None else UNFINISHED_SECONDS
        tally.forgotten = time.monotonic() + kept
