"""Times in a row, those without mail among them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import chain, islice, takewhile

from mail_archive_tools.models.summary import WEEKDAYS

HOURS = tuple(f"{hour:02}:00" for hour in range(24))


def in_a_row(by: str, labels: Sequence[str], most: int) -> list[str] | None:
    """The labels of all times from the first of these to the last, and behind them those that are no times; of hours
    and days of the week all there are. None where that would be more than `most`."""
    try:
        times = [label for label in labels if label[:1].isdigit() or label in WEEKDAYS]
        row = _ROWS[by](times[0], times[-1]) if times else iter(())
        found = list(islice(chain(row, (label for label in labels if label not in times)), most + 1))
    except (ValueError, OverflowError):
        return None
    return found if len(found) <= most else None


def _dates(first: str, last: str, days: int) -> Iterator[str]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return (f"{begin + timedelta(days=day)}" for day in range(0, (end - begin).days + 1, days))


def _months(first: str, last: str) -> Iterator[str]:
    begin = date.fromisoformat(f"{first}-01")
    months = (f"{begin.year + month // 12}-{month % 12 + 1:02}" for month in range(begin.month - 1, 12 * 9_999))
    return chain(takewhile(lambda month: month != last, months), [last])


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
