"""Columns counted by what they have in common. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from mail_archive_tools.counting.columns import Columns, domain_of
from mail_archive_tools.mime.evidence.finding_names import name_said
from mail_archive_tools.models.summary import ARROW, IN_TIME, WEEKDAYS, GroupBy
from mail_archive_tools.reading.facts import Facts
from mail_archive_tools.untrusted import clean_line, shorten

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
    columns: Columns, by: GroupBy, zone: tzinfo, places: Iterable[int], facts: Mapping[int, Facts]
) -> dict[str, Group]:
    """The groups of these rows by their values; those of time in its order, others the largest first. A grouping by
    what messages show has only the rows whose messages were read."""
    groups: dict[str, Group] = {}
    of_content = _SHOWN.get(by)
    for place in places:
        if of_content is None:
            labels = _LABELS[by](columns, place, zone)
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


def _types(facts: Facts) -> Iterable[str]:
    """The types of the attachments; what their content shows goes before what was declared."""
    return _each_once(file.kinds[-1] for file in facts.attachments)


def _file_names(facts: Facts) -> Iterable[str]:
    return _each_once(_value(file.name) or "(no name)" for file in facts.attachments)


def _findings(facts: Facts) -> Iterable[str]:
    """The findings by their short names: their sentences are different for each message."""
    return _each_once(map(name_said, facts.findings))


def _each_once(values: Iterable[str]) -> Iterable[str]:
    found = dict.fromkeys(values)
    return found or (_NONE,)


def _size(facts: Facts) -> Iterable[str]:
    for limit, name in _SIZES:
        if facts.size_bytes < limit:
            return (name,)
    return (_LARGEST,)


def _value(text: str) -> str:
    return shorten(clean_line(text), _VALUE_BYTES)


_NONE = "(none)"
_VALUE_BYTES = 200
_SIZES = (
    (10_000, "under 10 KB"), (100_000, "10 to 100 KB"), (1_000_000, "100 KB to 1 MB"), (10_000_000, "1 to 10 MB"),
)  # fmt: skip
_LARGEST = "10 MB and more"

_SHOWN: dict[GroupBy, Callable[[Facts], Iterable[str]]] = {
    "link_host": lambda facts: facts.link_hosts or (_NONE,),
    "attachment_type": _types,
    "attachment_name": _file_names,
    "authentication": lambda facts: facts.checks or (_NONE,),
    "finding": _findings,
    "reply_to_domain": lambda facts: facts.reply_to_domains or (_NONE,),
    "size": _size,
    "language": lambda facts: facts.languages or (_NONE,),
}
"""What messages show, once they are read."""

BY_CONTENT = frozenset(_SHOWN)
BY_BODY: frozenset[GroupBy] = BY_CONTENT - {"authentication", "reply_to_domain", "size"}
"""Those that header fields and size do not tell."""

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


def _in_time(item: tuple[str, Group]) -> tuple[int, str]:
    label, _ = item
    # Dates sort as text (ISO 8601); days of the week do not.
    if label in WEEKDAYS:
        return WEEKDAYS.index(label), label
    return 0, label


def _the_largest_first(item: tuple[str, Group]) -> tuple[int, int, str]:
    label, found = item
    return -len(found.messages), -found.rows, label
