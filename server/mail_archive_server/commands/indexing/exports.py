"""An index filled from an export, whose objects keep the ids that their archive knows them by: no search, no link a
message."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mail_archive_server.backends import dkim_keys_of, open_access
from mail_archive_server.commands.evidence.aws_flags import is_in_s3, place_in_s3, query_of
from mail_archive_server.indexes import made_of
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.indexing.given import Given, put_given
from mail_archive_tools.indexing.indexer import NEWEST_SECONDS
from mail_archive_tools.indexing.tally import IndexTally
from mail_archive_tools.storage.index_file.index_file import IndexFile

if TYPE_CHECKING:
    from mail_archive_local import MailSources
    from mail_archive_server.settings import Settings
    from mail_archive_tools.service.shapes import Row


def exported(source: str, settings: Settings) -> MailSources:
    """The export in a folder, or at a place in S3.

    Raises:
        CommandError: it is not there.
    """
    from mail_archive_local import LocalArchiveError, MailSources

    try:
        if is_in_s3(source):
            return MailSources.of([], in_s3=[place_in_s3(source, settings)])
        return MailSources.of([read_value(path, "--export", source)], are_exports=True)
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error


def whole_of(export_id: str, settings: Settings) -> tuple[datetime, datetime]:
    """The range that an export has all of, as AWS says.

    Raises:
        CommandError: it has not ended well, or was asked for some of the messages only.
    """
    told = query_of(export_id, settings)
    state = told.get("Status", {}).get("State", "unknown")
    if state != "COMPLETED":
        raise CommandError(f"Export {export_id} is {state}, not COMPLETED: wait for it, or name another.")
    if told.get("Filters") or told.get("MaxResults"):
        raise CommandError(
            f"Export {export_id} has some of the messages only, by its filters or its number of them: of no time has "
            "it all. Export the whole range, or index through the API."
        )
    begin, end = (datetime.fromisoformat(told[name]) for name in ("FromTimestamp", "ToTimestamp"))
    return begin, end


async def fill_from(
    settings: Settings,
    place: Path,
    archive_id: str,
    sources: MailSources,
    between: tuple[datetime, datetime] | None,
    *,
    report: Callable[[IndexTally], None],
    stopped: Callable[[], bool],
) -> IndexTally:
    """Put in what the export has. `between` is the range that it has all of, where that is known: it is held whole
    then, unless some of the objects could not be used.

    Raises:
        IndexUnusable: it cannot be written.
        LocalArchiveError: the export cannot be listed. What was put in is kept.
    """
    untold = IndexTally()
    index = IndexFile(place, made_of(settings, dkim_keys_of(settings)), writes=True)
    try:
        messages = _given(sources, archive_id, untold)
        tally = await put_given(open_access(settings), index, archive_id, messages, report, stopped)
        tally.failed += untold.failed
        if between is not None and not tally.failures and not tally.is_stopped:
            begin, end = (int(each.timestamp()) for each in between)
            newest = int(time.time()) - NEWEST_SECONDS
            index.note_whole(archive_id, [Stretch(begin, min(end, newest))])
        return tally
    finally:
        index.close()


def _given(sources: MailSources, archive_id: str, untold: IndexTally) -> Iterator[Given]:
    """The messages that can be told of; why others cannot is counted in `untold`."""
    from mail_archive_local import told_messages

    for told, reason in told_messages(sources, archive_id):
        if told is None:
            untold.failed[reason] += 1
        else:
            yield Given(cast("Row", told.row), told.raw, told.noted)
