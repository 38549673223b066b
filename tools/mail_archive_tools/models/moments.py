"""A range of time as a caller gives it."""

from datetime import datetime

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.base import in_utc, iso

_NAIVE = "A timestamp without a zone was taken as UTC."


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
    naive = from_timestamp.tzinfo is None or to_timestamp.tzinfo is None
    return begin, end, [_NAIVE] if naive else []
