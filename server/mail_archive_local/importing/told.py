"""An export read for what it tells of the messages of an archive elsewhere, which keep their ids: nothing is put in."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.importing.exported import Exported, PlaceFailed, read_export
from mail_archive_local.importing.mail_sources import MailSources
from mail_archive_local.importing.packed import Unread
from mail_archive_local.importing.record import Known, describe


class ToldMessage(NamedTuple):
    """A message as a search of its archive would show it, its bytes, and what GetArchiveMessage would say of it."""

    row: dict[str, Any]
    raw: bytes
    noted: dict[str, Any]


Told = tuple[ToldMessage | None, str]
"""A message, or why what is in an export is none that can be told of."""


def told_messages(sources: MailSources, archive_id: str) -> Iterator[Told]:
    """The messages of exports in the order of their objects, each once, or once more where what stands beside it comes
    later. Those without the id that their archive knows them by are not told of.

    Raises:
        LocalArchiveError: not all objects can be listed; all that could be had was given.
    """
    for place in sources.exports:
        try:
            for item in read_export(place.entries(), place.fetch):
                if isinstance(item, Unread):
                    yield None, item.reason
                elif isinstance(item, Exported):
                    yield _told(item, archive_id)
        except PlaceFailed as error:
            raise LocalArchiveError(str(error)) from error


def _told(item: Exported, archive_id: str) -> Told:
    beside = item.beside
    if not beside.archived_message_id or beside.second is None:
        return None, "has nothing beside it that says its ArchivedMessageId and when it was received"

    known = Known(beside.archived_message_id, beside.second, beside.metadata, beside.envelope)
    described = describe(item.raw, archive_id, time.time(), known=known)
    row = json.loads(described.api_row)
    moment = datetime.fromtimestamp(row["ReceivedTimestamp"], UTC)
    noted = json.loads(described.metadata)
    noted["Metadata"] = {**noted.get("Metadata", {}), "Timestamp": moment}
    return ToldMessage({**row, "ReceivedTimestamp": moment}, item.raw, noted), ""
