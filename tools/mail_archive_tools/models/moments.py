"""Moments and ranges of time, as callers give them and as answers say them."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from mail_archive_tools.errors import InvalidArgument


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken to be there already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second unless there is more: 2025-03-01T08:30:00Z."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def iso_of_seconds(seconds: float) -> str:
    """The same of seconds since 1970."""
    return iso(datetime.fromtimestamp(seconds, UTC))


_DATE_TIME = {"type": "string", "format": "date-time"}

Timestamp = Annotated[
    datetime,
    AfterValidator(in_utc),
    PlainSerializer(iso, return_type=str, when_used="json"),
    WithJsonSchema(_DATE_TIME),
]
"""A moment, in UTC."""


YEARS = range(1970, 9999)
"""Years that can be asked for."""

_WHAT_A_MOMENT_IS = "not a date and time in ISO 8601 in the years 1970 to 9998, such as 2025-03-01T08:30:00Z"


def _moment(value: Any) -> datetime:
    """Text or a datetime, nothing else: a number, or a year alone, would be taken for seconds since 1970. A date alone
    is one of UTC, which needs no saying."""
    moment = value
    if isinstance(value, str):
        moment = _read_moment(value.strip())
    if not isinstance(moment, datetime) or moment.year not in YEARS:
        raise ValueError(_WHAT_A_MOMENT_IS)
    return moment


def _read_moment(text: str) -> datetime:
    # A date first: `datetime` takes one as well, and gives it no zone.
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_WHAT_A_MOMENT_IS) from None


def _end_moment(value: Any) -> datetime:
    """The same; a date without a time ends with its last moment."""
    if isinstance(value, str):
        with suppress(ValueError):
            day = date.fromisoformat(value.strip())
            return _moment(datetime.combine(day, time.max, UTC))
    return _moment(value)


def _text(description: str) -> WithJsonSchema:
    """Without the format `date-time`, which a date alone is not."""
    return WithJsonSchema({"type": "string", "description": description})


FromMoment = Annotated[
    datetime,
    BeforeValidator(_moment),
    _text("Start, inclusive: a date or a time in ISO 8601, of UTC unless it says a zone."),
]
ToMoment = Annotated[
    datetime,
    BeforeValidator(_end_moment),
    _text("End, inclusive; a date alone means to its end."),
]


_TAKEN_AS_UTC = "A timestamp without a zone was taken as UTC."


def read_range(from_timestamp: datetime, to_timestamp: datetime) -> tuple[datetime, datetime, list[str]]:
    """Both ends in UTC, and what has to be said about them.

    Raises:
        InvalidArgument: it ends before it begins.
    """
    begin, end = in_utc(from_timestamp), in_utc(to_timestamp)
    if end < begin:
        raise InvalidArgument(
            f"to_timestamp ({iso(end)}) is before from_timestamp ({iso(begin)}). Exchange them, or correct one."
        )

    is_naive = from_timestamp.tzinfo is None or to_timestamp.tzinfo is None
    if is_naive:
        return begin, end, [_TAKEN_AS_UTC]
    return begin, end, []
