"""Retention: what is older than its archive keeps mail is deleted, for good.

Decided here, because the service does not say [unknown]:
- A message is kept for so many months of the calendar from its ReceivedTimestamp on; where a month has no such day, to
  the month's last.
- Messages are deleted when a folder is opened to be served, and every hour while `mail-archive-mcp local` runs.
"""

import calendar
import logging
import threading
from datetime import UTC, datetime

from mail_archive_local.context import Local
from mail_archive_local.storage.failures import StoreError
from mail_archive_tools.service.retention import RETENTION_MONTHS

SWEEP_SECONDS = 3_600.0
"""Between two looks, while a local archive is served."""


def delete_what_is_older(local: Local) -> int:
    """Delete the messages that their archives keep no longer; returns how many were deleted: none of a folder that
    cannot be written."""
    deleted = 0
    for archive in local.store.archives():
        if archive.state != "ACTIVE":
            continue
        oldest_kept = first_second_kept(archive.retention, local.clock())
        if oldest_kept is not None:
            deleted += local.store.delete_before(archive, oldest_kept)
    return deleted


def first_second_kept(retention: str, now: float) -> int | None:
    """The earliest receipt of a message that an archive with that retention still has, in seconds since 1970; None
    where it keeps all."""
    months = RETENTION_MONTHS.get(retention)
    if months is None:
        return None

    today = datetime.fromtimestamp(now, UTC)
    # Months counted from 0, so that twelve of them are a year.
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    day = min(today.day, last_day)
    return int(today.replace(year=year, month=month + 1, day=day).timestamp())


def keep_deleting(local: Local, sweep_seconds: float = SWEEP_SECONDS) -> threading.Event:
    """Delete in a thread what becomes too old, until the event is set."""
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(sweep_seconds):
            try:
                delete_what_is_older(local)
            except StoreError as error:
                logging.getLogger(__name__).warning("Retention could not delete: %s", error)

    threading.Thread(target=sweep, name="retention", daemon=True).start()
    return ended
