"""Columns counted by what they have in common. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from mail_archive_tools.counting.columns import Columns, domain_of
from mail_archive_tools.models.summary import GroupBy

IN_TIME: frozenset[GroupBy] = frozenset(("day", "week", "month", "year", "weekday", "hour"))
"""Groupings whose groups are in the order of time."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ARROW = " → "
_NO_TIME = "(no time)"


@dataclass
class Group:
    """What is counted of one value; moments are seconds since 1970."""

    rows: int = 0
    messages: set[int] = field(default_factory=set)
    first: float | None = None
    last: float | None = None

    def add(self, message: int, second: float | None) -> None:
        self.rows += 1
        self.messages.add(message)
        if second is not None:
            self.first = second if self.first is None else min(self.first, second)
            self.last = second if self.last is None else max(self.last, second)


class Gap(NamedTuple):
    """A time without mail, in seconds since 1970."""

    first: float
    last: float


def group(columns: Columns, by: GroupBy, zone: tzinfo) -> dict[str, Group]:
    """The groups by their values; those of time in its order, others the largest first."""
    groups: dict[str, Group] = {}
    labels = _LABELS[by]
    for place in range(len(columns)):
        message, second = columns.message(place), columns.second(place)
        for label in labels(columns, place, zone):
            groups.setdefault(label, Group()).add(message, second)
    if by in IN_TIME:
        return dict(sorted(groups.items(), key=lambda item: _in_time(item[0])))
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1].messages), -item[1].rows, item[0])))


def gaps(columns: Columns, begin: datetime, end: datetime) -> list[Gap]:
    """The times between messages, and before the first and after the last of that range; the longest first."""
    seconds = sorted(second for place in range(len(columns)) if (second := columns.second(place)) is not None)
    edges = [begin.timestamp(), *seconds, end.timestamp()]
    found = (Gap(first, last) for first, last in pairwise(edges) if last > first)
    return sorted(found, key=lambda gap: (gap.first - gap.last, gap.first))


def _pairs(columns: Columns, place: int, zone: tzinfo) -> Iterator[str]:
    sender = columns.sender(place)
    return (f"{sender}{ARROW}{recipient}" for recipient in columns.recipients(place))


def _moment(columns: Columns, place: int, zone: tzinfo, label: Callable[[datetime], str]) -> Iterable[str]:
    second = columns.second(place)
    return (_NO_TIME if second is None else label(datetime.fromtimestamp(second, UTC).astimezone(zone)),)


def _week(moment: datetime) -> str:
    """The Monday that the week begins with."""
    return f"{moment.date() - timedelta(days=moment.weekday())}"


Labels = Callable[[Columns, int, tzinfo], Iterable[str]]

_LABELS: dict[GroupBy, Labels] = {
    "sender": lambda columns, place, zone: (columns.sender(place),),
    "sender_domain": lambda columns, place, zone: (domain_of(columns.sender(place)),),
    "recipient": lambda columns, place, zone: columns.recipients(place),
    "recipient_domain": lambda columns, place, zone: set(map(domain_of, columns.recipients(place))),
    "pair": _pairs,
    "subject": lambda columns, place, zone: (columns.subject(place),),
    "attachment": lambda columns, place, zone: (columns.attachment(place),),
    "source": lambda columns, place, zone: (columns.source(place),),
    "day": partial(_moment, label=lambda moment: f"{moment:%Y-%m-%d}"),
    "week": partial(_moment, label=_week),
    "month": partial(_moment, label=lambda moment: f"{moment:%Y-%m}"),
    "year": partial(_moment, label=lambda moment: f"{moment:%Y}"),
    "weekday": partial(_moment, label=lambda moment: WEEKDAYS[moment.weekday()]),
    "hour": partial(_moment, label=lambda moment: f"{moment:%H}:00"),
}


def _in_time(label: str) -> tuple[int, str]:
    return (WEEKDAYS.index(label) if label in WEEKDAYS else 0, label)
