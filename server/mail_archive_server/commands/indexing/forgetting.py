"""Messages out of an index, by what was asked or by how long their archive keeps mail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.backends import dkim_keys_of, open_access
from mail_archive_server.indexes import made_of
from mail_archive_tools.storage.index_file.index_file import IndexFile

if TYPE_CHECKING:
    from mail_archive_server.settings import Settings


async def forget(settings: Settings, place: Path, *, messages: list[str], is_expired: bool) -> dict[str, int]:
    """Take out messages, what its archive keeps no longer, or whole archives; how many, by archives.

    Raises:
        IndexUnusable: it cannot be written.
        ArchiveError: how long an archive keeps mail cannot be asked.
    """
    index = IndexFile(place, made_of(settings, dkim_keys_of(settings)), writes=True)
    try:
        archives = settings.archive or tuple([each.archive_id for each in index.held()])
        taken: dict[str, int] = {}
        for archive_id in archives:
            if not is_expired:
                taken[archive_id] = index.forget(archive_id, archived_message_ids=messages)
                continue
            begins = await open_access(settings).searcher.lifetimes.begins(archive_id)
            if begins is not None:
                taken[archive_id] = index.forget(archive_id, before=int(begins.timestamp()))
        return taken
    finally:
        index.close()
