"""All times from one to another, those without mail among them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import chain, islice

from mail_archive_tools.models.summary import WEEKDAYS

HOURS = tuple(f"{hour:02}:00" for hour in range(24))
_LAST_YEAR = 9_999
"""The last that Python knows."""


def in_a_row(by: str, labels: Sequence[str], most: int) -> list[str] | None:
    """The labels of all times from the first of these to the last, and behind them those that are no times; of hours
    and days of the week all there are. None where that would be more than `most`."""
    times = [label for label in labels if _is_time(label)]
    others = [label for label in labels if label not in times]

    try:
        row: Iterator[str] = iter(())
        if times:
            row = _ROWS[by](times[0], times[-1])
        # One more than there may be tells that there are too many, however far apart the first and the last are.
        found = list(islice(chain(row, others), most + 1))
    except (ValueError, OverflowError):
        return None

    if len(found) > most:
        return None
    return found


def _is_time(label: str) -> bool:
    return label[:1].isdigit() or label in WEEKDAYS


def _dates(first: str, last: str, days: int) -> Iterator[str]:
    begin = date.fromisoformat(first)
    end = date.fromisoformat(last)
    for passed in range(0, (end - begin).days + 1, days):
        yield (begin + timedelta(days=passed)).isoformat()


def _months(first: str, last: str) -> Iterator[str]:
    begin = date.fromisoformat(f"{first}-01")
    year, month = begin.year, begin.month

    label = first
    while label != last and year <= _LAST_YEAR:
        yield label
        month += 1
        if month > 12:
            year, month = year + 1, 1
        label = f"{year}-{month:02}"
    yield last


def _years(first: str, last: str) -> Iterator[str]:
    return map(str, range(int(first), int(last) + 1))


_ROWS: Mapping[str, Callable[[str, str], Iterator[str]]] = {
    "day": partial(_dates, days=1),
    "week": partial(_dates, days=7),
    "month": _months,
    "year": _years,
    "weekday": lambda first, last: iter(WEEKDAYS),
    "hour": lambda first, last: iter(HOURS),
}
