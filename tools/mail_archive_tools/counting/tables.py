"""The tables of a summary: as many groups as there is room for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from mail_archive_tools.answers.budget import SUMMARY_BYTES, json_bytes
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.groups import Gap, Group, gaps, group
from mail_archive_tools.models import ArchiveSearchSummary, TimeRange
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.summary import IN_TIME, GroupBy, Summary, SummaryGroup, SummaryOthers
from mail_archive_tools.untrusted import elide

VALUE_BYTES = 100
"""How much of a value is shown where there is room, in bytes of UTF-8; of an address, the end tells most."""

_TIMES_LISTED = 3
"""Of a grouping by time, so many times as many groups are listed as of others: each takes less room."""
_FEWEST_TIMES = 24
"""At least as many groups of time as a day has hours."""


@dataclass(frozen=True)
class Grouping:
    """How columns are to be grouped."""

    group_by: Sequence[GroupBy]
    zone: tzinfo
    top: int


@dataclass(frozen=True)
class Counted:
    """What was counted: the rows that are meant, by their places, and what their messages show, where that was read.
    `of_index` are the groups that an index tells, by groupings and places."""

    columns: Columns
    places: Sequence[int]
    facts: Mapping[int, Facts] = field(default_factory=dict)
    of_index: Mapping[str, Mapping[int, Sequence[str]]] = field(default_factory=dict)


def with_tables(answer: ArchiveSearchSummary, counted: Counted, grouping: Grouping) -> ArchiveSearchSummary:
    """The answer with as many groups as there is room for."""
    columns, places = counted.columns, counted.places
    groups: dict[GroupBy, dict[str, Group]] = {}
    silences: list[Gap] = []
    for by in grouping.group_by:
        if by == "gap":
            silences = _silences(answer, columns, places)
        else:
            groups[by] = group(columns, by, grouping.zone, places, counted.facts, counted.of_index.get(by, {}))

    answer = answer.model_copy(update=_span(columns, places))
    if not IN_TIME.isdisjoint(groups):
        answer = answer.model_copy(update={"zone": str(grouping.zone)})

    # Even with the least room something is listed.
    listed = answer
    for room in _rooms(grouping.top):
        notes = list(answer.notes or [])
        if room.top < grouping.top:
            notes.append(f"Only {room.top} groups each have room here; ask for fewer groupings at once to see more.")
        summaries = [_summary(by, found, room) for by, found in groups.items()]
        longest = [_range(gap) for gap in silences[: room.top]]
        tables = {"summaries": summaries, "gaps": longest or None, "notes": notes or None}
        listed = answer.model_copy(update=tables)
        if _size(listed) <= SUMMARY_BYTES:
            break

    return listed


def _span(columns: Columns, places: Sequence[int]) -> dict[str, datetime | None]:
    """When the first and the last of the rows were received."""
    moments = [columns.second(place) for place in places]
    known = [second for second in moments if second is not None]
    return {
        "first_timestamp": _moment(min(known, default=None)),
        "last_timestamp": _moment(max(known, default=None)),
    }


class _Room(NamedTuple):
    """How many groups are listed of a grouping, how many of time, and how long their values may be."""

    top: int
    times: int
    value_bytes: int = VALUE_BYTES


def _rooms(top: int) -> Iterator[_Room]:
    """Less and less room."""
    # A fifth less each time, since each try is a whole answer that is made and measured.
    while top > 1:
        yield _Room(top, max(top * _TIMES_LISTED, _FEWEST_TIMES))
        top = min(top - 1, top * 4 // 5)
    for times, value_bytes in ((24, 100), (24, 60), (7, 60), (3, 30)):
        yield _Room(1, times, value_bytes)


def _size(answer: ArchiveSearchSummary) -> int:
    return max(json_bytes(answer), len(render(answer).encode()))


def _silences(answer: ArchiveSearchSummary, columns: Columns, places: Sequence[int]) -> list[Gap]:
    covered = answer.coverage
    if covered is None and answer.complete:
        covered = TimeRange(from_timestamp=answer.from_timestamp, to_timestamp=answer.to_timestamp)
    if covered is None:
        return []
    # What is to come is no silence.
    return gaps(columns, places, covered.from_timestamp, min(covered.to_timestamp, datetime.now(UTC)))


def _summary(by: GroupBy, groups: dict[str, Group], room: _Room) -> Summary:
    in_time = by in IN_TIME
    if in_time:
        largest = set(sorted(groups, key=lambda value: -groups[value].rows)[: room.times])
    else:
        # They come the largest first.
        largest = set(list(groups)[: room.top])

    top: list[SummaryGroup] = []
    others: list[Group] = []
    for value, found in groups.items():
        if value in largest:
            top.append(_listed(elide(value, room.value_bytes), found, in_time))
        else:
            others.append(found)
    return Summary(by=by, groups=len(groups), top=top, others=_others(others))


def _others(groups: list[Group]) -> SummaryOthers | None:
    if not groups:
        return None

    rows = sum(found.rows for found in groups)
    messages: set[int] = set()
    for found in groups:
        messages |= found.messages
    return SummaryOthers(groups=len(groups), rows=rows, messages=_unless(rows, len(messages)))


def _unless(rows: int, messages: int) -> int | None:
    """How many messages, unless that is how many rows there are: then there are no copies, and one number says it."""
    if messages == rows:
        return None
    return messages


def _listed(value: str, found: Group, in_time: bool) -> SummaryGroup:
    first, last = found.first, found.last
    if in_time:
        # The value says when.
        first = last = None
    elif last == first:
        last = None

    return SummaryGroup(
        value=value,
        rows=found.rows,
        messages=_unless(found.rows, len(found.messages)),
        first=_moment(first),
        last=_moment(last),
    )


def _range(gap: Gap) -> TimeRange:
    first, last = (datetime.fromtimestamp(second, UTC) for second in gap)
    return TimeRange(from_timestamp=first, to_timestamp=last)


def _moment(second: float | None) -> datetime | None:
    if second is None:
        return None
    return datetime.fromtimestamp(second, UTC)
