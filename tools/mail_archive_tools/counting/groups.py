"""Columns counted by what they have in common. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from mail_archive_tools.counting.columns import Columns, domain_of
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.facts.table import BY_NAME, OF_HEADER_FIELDS
from mail_archive_tools.models.summary import ARROW, IN_TIME, OF_FACTS, WEEKDAYS

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
        if second is None:
            return
        if self.first is None or second < self.first:
            self.first = second
        if self.last is None or second > self.last:
            self.last = second


class Gap(NamedTuple):
    """A time without mail, in seconds since 1970."""

    first: float
    last: float


def group(
    columns: Columns,
    by: str,
    zone: tzinfo,
    places: Iterable[int],
    facts: Mapping[int, Facts],
    of_index: Mapping[int, Iterable[str]],
) -> dict[str, Group]:
    """The groups of these rows by their values; those of time in its order, others the largest first. A grouping by
    what messages show has only the rows whose messages were read, or of which an index tells the groups."""
    groups: dict[str, Group] = {}
    fact = BY_NAME.get(by)
    of_content = fact.grouped if fact else None
    for place in places:
        if of_content is None:
            labels = _LABELS[by](columns, place, zone)
        elif place in of_index:
            labels = of_index[place]
        elif place in facts:
            labels = of_content(facts[place])
        else:
            continue
        message, second = columns.message(place), columns.second(place)
        for label in labels:
            groups.setdefault(label, Group()).add(message, second)

    if by in IN_TIME:
        return dict(sorted(groups.items(), key=_in_time))
    return dict(sorted(groups.items(), key=_the_largest_first))


def gaps(columns: Columns, places: Iterable[int], begin: datetime, end: datetime) -> list[Gap]:
    """The times between these rows, and before the first and after the last of that range; the longest first."""
    seconds = [columns.second(place) for place in places]
    known = sorted(second for second in seconds if second is not None)
    edges = [begin.timestamp(), *known, end.timestamp()]
    found = [Gap(first, last) for first, last in pairwise(edges) if last > first]
    return sorted(found, key=lambda gap: (gap.first - gap.last, gap.first))


def _pairs(columns: Columns, place: int, zone: tzinfo) -> Iterator[str]:
    sender = columns.sender(place)
    return (f"{sender}{ARROW}{recipient}" for recipient in columns.recipients(place))


def _moment(columns: Columns, place: int, zone: tzinfo, label: Callable[[datetime], str]) -> Iterable[str]:
    second = columns.second(place)
    if second is None:
        return (_NO_TIME,)
    moment = datetime.fromtimestamp(second, UTC).astimezone(zone)
    return (label(moment),)


def _week(moment: datetime) -> str:
    """The Monday that the week begins with."""
    return f"{moment.date() - timedelta(days=moment.weekday())}"


BY_CONTENT = frozenset(OF_FACTS)
"""Groupings by what messages show, once they are read."""
BY_BODY = BY_CONTENT - OF_HEADER_FIELDS
"""Those that header fields and size do not tell."""

Labels = Callable[[Columns, int, tzinfo], Iterable[str]]

_LABELS: dict[str, Labels] = {
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


def _in_time(item: tuple[str, Group]) -> tuple[int, str]:
    label, _ = item
    # Dates sort as text (ISO 8601); days of the week do not.
    if label in WEEKDAYS:
        return WEEKDAYS.index(label), label
    return 0, label


def _the_largest_first(item: tuple[str, Group]) -> tuple[int, int, str]:
    label, found = item
    return -len(found.messages), -found.rows, label
