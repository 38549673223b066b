"""`summarize_archive_search`: a whole search in a few tables. What was read is kept for the next question on it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import anyio
from anyio import to_thread
from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.cursors import fingerprint
from mail_archive_tools.errors import ArchiveError, InvalidArgument
from mail_archive_tools.facts import Facts
from mail_archive_tools.filters import archive_filters, request_filters
from mail_archive_tools.groupings import IN_TIME, Gap, Group, GroupBy, gaps, group
from mail_archive_tools.models import ArchiveSearchSummary, SearchWords, TimeRange
from mail_archive_tools.models.base import ArchiveId, FromMoment, SearchId, ToMoment, described_text, in_utc
from mail_archive_tools.models.filters import Words
from mail_archive_tools.models.query import Exclude, WaitSeconds
from mail_archive_tools.models.summary import Summary, SummaryGroup, SummaryOthers
from mail_archive_tools.polling import Patience
from mail_archive_tools.progress import Progress, silent
from mail_archive_tools.ranges import read_range
from mail_archive_tools.rendering import render
from mail_archive_tools.results import results_of
from mail_archive_tools.running import reuse_seconds
from mail_archive_tools.sweep import OutOfTime, Place, Sweep, overflow_notes
from mail_archive_tools.throttling import until
from mail_archive_tools.untrusted import elide, shorten

ANSWER_BYTES = 6_000
"""The most that an answer takes, in either channel."""
VALUE_BYTES = 100
"""How much of a value is shown where there is room, in bytes of UTF-8; of an address, the end tells most."""
MOST_ROWS = 500_000
"""Rows that one summary counts at most."""
UNFINISHED_SECONDS = 900.0
"""How long what was counted is kept for a call that goes on with it."""

_TIMES_LISTED = 3
_FEWEST_TIMES = 24
"""Groups of time are that many times more than others, or as many as a day has hours: each takes less room."""


@dataclass
class Tally:
    """What has been counted of a search so far; the call that goes on with it holds the lock."""

    place: Place
    facts: Facts = field(default_factory=Facts)
    running_search_id: str | None = None
    notes: list[str] = field(default_factory=list)
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    forgotten: float = field(default_factory=lambda: time.monotonic() + UNFINISHED_SECONDS)


@dataclass(frozen=True)
class Question:
    """How facts are to be grouped."""

    group_by: Sequence[GroupBy]
    zone: tzinfo
    top: int


async def summarize_archive_search(
    archive_id: ArchiveId | None = None,
    from_timestamp: FromMoment | None = None,
    to_timestamp: ToMoment | None = None,
    sender: Words | None = None,
    recipient: Words | None = None,
    cc: Words | None = None,
    subject: Words | None = None,
    envelope_sender: Words | None = None,
    envelope_recipient: Words | None = None,
    has_attachments: bool | None = None,
    exclude: Exclude | None = None,
    search_id: SearchId | None = None,
    group_by: Annotated[list[GroupBy], Field(min_length=1, description="pair: who wrote to whom. gap: silence.")] = [  # noqa: B006
        "sender",
        "recipient",
        "month",
    ],
    zone: Annotated[str, described_text("The IANA time zone of days and hours."), Field(max_length=100)] = "UTC",
    top: Annotated[int, Field(ge=1, le=50, description="Groups to list; the others are counted together.")] = 10,
    wait_seconds: WaitSeconds = 45,
    *,
    access: Access,
    progress: Progress = silent,
) -> ArchiveSearchSummary:
    """Count what a search finds, over any range, without listing it: by sender, recipient, time, subject. Takes the
    words of search_archive, or a search_id. What is not Complete goes on when called again with the same arguments."""
    question = Question(list(dict.fromkeys(group_by)), _zone(zone), top)
    patience = Patience(wait_seconds, progress)
    words = SearchWords(
        sender=sender,
        recipient=recipient,
        cc=cc,
        subject=subject,
        envelope_sender=envelope_sender,
        envelope_recipient=envelope_recipient,
        has_attachments=has_attachments,
    )
    with until(patience.deadline):
        if search_id is not None:
            if any((archive_id, from_timestamp, to_timestamp, exclude, words != SearchWords())):
                raise InvalidArgument("search_id names a search with its own range and words: leave the others out.")
            return await _of_search(search_id, access, question)
        if archive_id is None or from_timestamp is None or to_timestamp is None:
            raise InvalidArgument("Give archive_id, from_timestamp and to_timestamp, or search_id alone.")
        begin, end, notes = read_range(from_timestamp, to_timestamp)
        sweep = Sweep(access, archive_id, request_filters(archive_filters(words, exclude)), begin, end)
        tally = await _tally(sweep)
        await _count(sweep, tally, patience)
    answer = ArchiveSearchSummary(
        archive_id=archive_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=sweep.coverage(tally.place.edge),
        complete=tally.place.edge is None and not tally.place.overflows,
        rows=len(tally.facts),
        messages=tally.facts.messages,
        searches_so_far=tally.place.searches,
        running_search_id=tally.running_search_id,
        summaries=[],
        notes=[*notes, *overflow_notes(tally.place), *tally.notes] or None,
    )
    return await to_thread.run_sync(_answered, answer, tally.facts, question)


async def _of_search(search_id: str, access: Access, question: Question) -> ArchiveSearchSummary:
    """One search that has been run already, by whomever."""
    search = await access.client.get_archive_search(search_id)
    found = await results_of(access, search_id, search)
    facts = Facts()
    await to_thread.run_sync(facts.add, found.rows)
    begin, end = (in_utc(search.get(name, datetime.now(UTC))) for name in ("FromTimestamp", "ToTimestamp"))
    full = "It found as many rows as it may: there may be more. Give its words and range instead of search_id."
    answer = ArchiveSearchSummary(
        archive_id=search.get("ArchiveId"),
        search_id=search_id,
        from_timestamp=begin,
        to_timestamp=end,
        coverage=TimeRange(from_timestamp=begin, to_timestamp=end),
        complete=not found.truncated,
        rows=len(facts),
        messages=facts.messages,
        summaries=[],
        notes=[full] if found.truncated else None,
    )
    return await to_thread.run_sync(_answered, answer, facts, question)


async def _tally(sweep: Sweep) -> Tally:
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


async def _count(sweep: Sweep, tally: Tally, patience: Patience) -> None:
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
            if not len(tally.facts):
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
        kept = reuse_seconds(sweep.walk.whole) if tally.place.edge is None else UNFINISHED_SECONDS
        tally.forgotten = time.monotonic() + kept


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidArgument(
            f"zone {shorten(name, 50)!r} is no IANA time zone. Give one such as Europe/Berlin, or leave it out for UTC."
        ) from None


def _answered(answer: ArchiveSearchSummary, facts: Facts, question: Question) -> ArchiveSearchSummary:
    """The answer with as many groups as there is room for."""
    groups = {by: group(facts, by, question.zone) for by in question.group_by if by != "gap"}
    silences = _silences(answer, facts) if "gap" in question.group_by else []
    seconds = [second for place in range(len(facts)) if (second := facts.second(place)) is not None]
    answer = answer.model_copy(
        update={
            "first_timestamp": _moment(min(seconds, default=None)),
            "last_timestamp": _moment(max(seconds, default=None)),
            "zone": str(question.zone) if any(by in IN_TIME for by in groups) else None,
        }
    )
    for size in _sizes(question.top):
        listed = answer.model_copy(
            update={
                "summaries": [_summary(by, found, size) for by, found in groups.items()],
                "gaps": [_range(gap) for gap in silences[: size.top]] or None,
            }
        )
        if size.top < question.top:
            fewer = f"Only {size.top} groups each have room here; ask for fewer groupings at once to see more."
            listed = listed.model_copy(update={"notes": [*(answer.notes or []), fewer]})
        if _size(listed) <= ANSWER_BYTES:
            break
    return listed


class _Room(NamedTuple):
    """How many groups are listed of a grouping, how many of time, and how long their values may be."""

    top: int
    times: int
    value_bytes: int = VALUE_BYTES


def _sizes(top: int) -> Iterator[_Room]:
    """Less and less room."""
    while top > 1:
        yield _Room(top, max(top * _TIMES_LISTED, _FEWEST_TIMES))
        top = min(top - 1, top * 4 // 5)
    yield from (_Room(1, times, value_bytes) for times, value_bytes in ((24, 100), (24, 60), (7, 60), (3, 30)))


def _size(answer: ArchiveSearchSummary) -> int:
    structured = json.dumps(answer.structured(), ensure_ascii=False).encode()
    return max(len(structured), len(render(answer).encode()))


def _silences(answer: ArchiveSearchSummary, facts: Facts) -> list[Gap]:
    covered = answer.coverage
    return gaps(facts, covered.from_timestamp, covered.to_timestamp) if covered else []


def _summary(by: GroupBy, groups: dict[str, Group], room: _Room) -> Summary:
    in_time = by in IN_TIME
    by_size = sorted(groups, key=lambda value: -groups[value].rows) if in_time else list(groups)
    largest = set(by_size[: room.times if in_time else room.top])
    listed = [value for value in groups if value in largest]
    others = [found for value, found in groups.items() if value not in largest]
    return Summary(
        by=by,
        groups=len(groups),
        top=[_listed(elide(value, room.value_bytes), groups[value], in_time) for value in listed],
        others=SummaryOthers(groups=len(others), rows=sum(found.rows for found in others)) if others else None,
    )


def _listed(value: str, found: Group, in_time: bool) -> SummaryGroup:
    messages = len(found.messages)
    return SummaryGroup(
        value=value,
        rows=found.rows,
        messages=None if messages == found.rows else messages,
        first_timestamp=None if in_time else _moment(found.first),
        last_timestamp=None if in_time else _moment(found.last),
    )


def _range(gap: Gap) -> TimeRange:
    first, last = (datetime.fromtimestamp(second, UTC) for second in gap)
    return TimeRange(from_timestamp=first, to_timestamp=last)


def _moment(second: float | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
