"""The tables of a summary: as many groups as there is room for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from mail_archive_tools.answers.budget import SUMMARY_BYTES, json_bytes
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.groups import IN_TIME, Gap, Group, gaps, group
from mail_archive_tools.models import ArchiveSearchSummary, TimeRange
from mail_archive_tools.models.summary import GroupBy, Summary, SummaryGroup, SummaryOthers
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


def with_tables(answer: ArchiveSearchSummary, columns: Columns, grouping: Grouping) -> ArchiveSearchSummary:
    """The answer with as many groups as there is room for."""
    groups = {by: group(columns, by, grouping.zone) for by in grouping.group_by if by != "gap"}
    silences = _silences(answer, columns) if "gap" in grouping.group_by else []
    seconds = [second for place in range(len(columns)) if (second := columns.second(place)) is not None]
    answer = answer.model_copy(
        update={
            "first_timestamp": _moment(min(seconds, default=None)),
            "last_timestamp": _moment(max(seconds, default=None)),
            "zone": str(grouping.zone) if any(by in IN_TIME for by in groups) else None,
        }
    )
    for size in _sizes(grouping.top):
        listed = answer.model_copy(
            update={
                "summaries": [_summary(by, found, size) for by, found in groups.items()],
                "gaps": [_range(gap) for gap in silences[: size.top]] or None,
            }
        )
        if size.top < grouping.top:
            fewer = f"Only {size.top} groups each have room here; ask for fewer groupings at once to see more."
            listed = listed.model_copy(update={"notes": [*(answer.notes or []), fewer]})
        if _size(listed) <= SUMMARY_BYTES:
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
    return max(json_bytes(answer), len(render(answer).encode()))


def _silences(answer: ArchiveSearchSummary, columns: Columns) -> list[Gap]:
    covered = answer.coverage
    if covered is None and answer.complete:
        covered = TimeRange(from_timestamp=answer.from_timestamp, to_timestamp=answer.to_timestamp)
    if covered is None:
        return []
    # What is to come is no silence.
    return gaps(columns, covered.from_timestamp, min(covered.to_timestamp, datetime.now(UTC)))


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
        others=_others(others) if others else None,
    )


def _others(groups: list[Group]) -> SummaryOthers:
    rows, messages = sum(found.rows for found in groups), len(set().union(*(found.messages for found in groups)))
    return SummaryOthers(groups=len(groups), rows=rows, messages=None if messages == rows else messages)


def _listed(value: str, found: Group, in_time: bool) -> SummaryGroup:
    messages = len(found.messages)
    return SummaryGroup(
        value=value,
        rows=found.rows,
        messages=None if messages == found.rows else messages,
        first_timestamp=None if in_time else _moment(found.first),
        last_timestamp=None if in_time or found.last == found.first else _moment(found.last),
    )


def _range(gap: Gap) -> TimeRange:
    first, last = (datetime.fromtimestamp(second, UTC) for second in gap)
    return TimeRange(from_timestamp=first, to_timestamp=last)


def _moment(second: float | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
