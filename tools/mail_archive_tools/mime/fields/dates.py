"""Dates of header fields (RFC 5322, 3.3, and what senders write instead), in the zone that they were written in."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from typing import NamedTuple

_CHARS = 200
_ZONE = re.compile(r"(?:\+\d{4}|-(?!0000)\d{4}|\d\s+[A-Za-z]{1,5})\s*$")
_USUAL = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(\d\d?) (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) ((?:19|20)\d\d) "
    r"(\d\d):(\d\d)(?::(\d\d))? ([+-])(0\d|1[0-4])([0-5]\d)(?: \([\w ]+\))?$",
    re.IGNORECASE | re.ASCII,
)
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_COMMENT = re.compile(r"\([^()]*\)")
_FIRST_YEAR = 1900  # RFC 5322, 3.3
_IMPOSSIBLE_ZONE = timedelta(hours=24)


class MailDate(NamedTuple):
    """A date as its sender wrote it. `moment` is None where `text` names no moment; `zone_known` is False for one
    without a zone, or with `-0000`: then its clock is taken as UTC."""

    text: str
    moment: datetime | None
    zone_known: bool = True


def read_date(text: str) -> MailDate:
    """An unfolded date. Never raises."""
    shown = text.strip()[:_CHARS]
    found = _usual(shown) or _iso(shown)
    if found is None:
        found = _rfc5322(_COMMENT.sub(" ", shown))
    if found is None:
        return MailDate(shown, None)

    moment, zone_known = found
    return MailDate(shown, moment, zone_known)


def _usual(text: str) -> tuple[datetime, bool] | None:
    """A date as nearly all are (RFC 5322, 3.3, without what it calls obsolete); read several times as fast."""
    match = _USUAL.match(text)
    if match is None:
        return None

    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    if sign == "-":
        offset = -offset
    zone = timezone(offset) if offset else UTC
    try:
        moment = datetime(
            int(year),
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            tzinfo=zone,
        )
    except ValueError:
        return None
    # "-0000" says that the zone is not known (RFC 5322, 3.3).
    return moment, sign == "+" or bool(offset)


def _rfc5322(text: str) -> tuple[datetime, bool] | None:
    try:
        parsed = parsedate_tz(text)
        if parsed is None:
            return None

        offset = timedelta(seconds=parsed[9] or 0)
        if abs(offset) >= _IMPOSSIBLE_ZONE or parsed[0] < _FIRST_YEAR:
            return None
        moment = datetime(*parsed[:6], tzinfo=timezone(offset))
        # Of a moment at either end of the years there are this raises.
        moment.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None

    return moment, _ZONE.search(text) is not None


def _iso(text: str) -> tuple[datetime, bool] | None:
    if not text[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        # Of a moment at either end of the years there are this raises.
        zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

    return zoned, moment.tzinfo is not None
