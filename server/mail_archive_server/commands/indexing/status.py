"""What an index holds, for people and for programs."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mail_archive_server.terminal import number_of
from mail_archive_tools.index.engine import Held
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.models.moments import iso_of_seconds
from mail_archive_tools.storage.index_file.index_file import IndexFile

_TOLD = 5
"""Stretches that are told to a person, the newest."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def held_in(place: Path) -> list[Held]:
    """What the index in a file holds, whatever it was made of.

    Raises:
        IndexUnusable: it cannot be used.
    """
    index = IndexFile(place, None)
    try:
        return index.held()
    finally:
        index.close()


def members_of(held: Held) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "ArchiveId": held.archive_id,
        "Messages": held.messages,
        "Unread": held.unread,
        "AddedAt": iso_of_seconds(held.added_at),
        "Whole": [
            {"FromTimestamp": iso_of_seconds(each.first), "ToTimestamp": iso_of_seconds(each.last)}
            for each in held.stretches
        ],
    }


def lines_of(held: Held) -> Iterator[str]:
    """As a person reads it."""
    unread = f", {held.unread:,} of them not read" if held.unread else ""
    ago = _age(time.time() - held.added_at)
    yield f"Archive {held.archive_id}: {number_of(held.messages, 'message')}{unread}, added to {ago} ago."
    if not held.stretches:
        yield "  No stretch of time is held whole: searches read messages."
        return

    newest = held.stretches[-_TOLD:]
    yield f"  Held whole: {'; '.join(map(_between, newest))}"
    if len(newest) < len(held.stretches):
        yield f"  and {len(held.stretches) - len(newest):,} stretches before."


def _between(stretch: Stretch) -> str:
    return f"{iso_of_seconds(stretch.first)} to {iso_of_seconds(stretch.last)}"


def _age(seconds: float) -> str:
    for length, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= length:
            return number_of(int(seconds // length), name)
    return number_of(int(max(seconds, 0)), "second")
