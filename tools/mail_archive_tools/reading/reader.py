"""Reads messages of one identity: each is fetched and read once for all that is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from mail_archive_tools.cache import Cache
from mail_archive_tools.errors import ArchiveError, DownloadFailed
from mail_archive_tools.patience import Patience
from mail_archive_tools.reading.download import download
from mail_archive_tools.reading.links import LinkRule, no_link
from mail_archive_tools.service.client import MailManager

if TYPE_CHECKING:
    from mail_archive_tools.mime.files import File
    from mail_archive_tools.mime.message import Message
    from mail_archive_tools.reading.attachments import FileText

CACHED_MESSAGE_BYTES = 100_000_000
"""Raw messages kept at most, in bytes."""

CACHED_FILE_CHARS = 10_000_000
"""Characters of the texts of attachments that are kept at most: a long one is read a page at a time."""

FETCHED_AT_ONCE = 6


@dataclass(frozen=True)
class Fetched:
    """A message as it was read; the sender's address in its SMTP envelope and when it was received, where the service
    noted it."""

    archived_message_id: str
    message: Message
    envelope_from: str | None
    received: datetime | None = None

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, in bytes."""
        return 2 * len(self.message.raw) + 4 * len(self.message.text.text)


@dataclass
class Reader:
    """Fetches messages and opens what came with them. `may_download` says which links it follows."""

    client: MailManager
    may_download: LinkRule = no_link
    messages: Cache[Fetched] = field(
        default_factory=lambda: Cache(CACHED_MESSAGE_BYTES, lambda fetched: fetched.weight)
    )
    files: Cache[FileText] = field(default_factory=lambda: Cache(CACHED_FILE_CHARS, lambda text: len(text.text or "")))

    async def message(self, archived_message_id: str) -> Fetched:
        """The message, from here or from the service.

        Raises:
            DownloadFailed: it cannot be fetched.
            ArchiveError: the service refuses it.
        """
        return await self.messages.get(archived_message_id, partial(self._fetch, archived_message_id))

    async def all_messages(self, archived_message_ids: list[str], patience: Patience) -> dict[str, Fetched]:
        """These messages by their ids, several at a time; without those that cannot be fetched or for which there is
        no time."""
        fetched: dict[str, Fetched] = {}
        at_once = anyio.CapacityLimiter(FETCHED_AT_ONCE)

        async def fetch(archived_message_id: str) -> None:
            async with at_once:
                try:
                    fetched[archived_message_id] = await self.message(archived_message_id)
                except ArchiveError:
                    return

        with anyio.move_on_after(max(patience.left, 0)):
            async with anyio.create_task_group() as fetches:
                for archived_message_id in archived_message_ids:
                    fetches.start_soon(fetch, archived_message_id)
        return fetched

    async def text_of(self, fetched: Fetched, file: File) -> FileText:
        """The text of a file that came with a message; a document is opened once for all of its pages."""
        return await self.files.get(
            f"{fetched.archived_message_id}/{file.id}", partial(to_thread.run_sync, _text_of, file)
        )

    async def _fetch(self, archived_message_id: str) -> Fetched:
        # Imported here: what reads messages is not needed to start.
        from mail_archive_tools.mime.message import read_message

        async def new_link() -> str:
            return str((await self._described(archived_message_id))["MessageDownloadLink"])

        response = await self._described(archived_message_id)
        raw = await download(str(response["MessageDownloadLink"]), new_link, self.may_download)
        # In a thread, since a large message takes a second.
        message = await to_thread.run_sync(read_message, raw)
        return Fetched(
            archived_message_id,
            message,
            envelope_from=response.get("Envelope", {}).get("From"),
            received=response.get("Metadata", {}).get("Timestamp"),
        )

    async def _described(self, archived_message_id: str) -> dict[str, Any]:
        """GetArchiveMessage's response, with a link in it."""
        response = await self.client.get_archive_message(archived_message_id)
        if not response.get("MessageDownloadLink"):
            raise DownloadFailed(
                f"Mail Manager gave no download link for message {archived_message_id}. "
                "get_archive_message_content shows its text."
            )
        return response


def _text_of(file: File) -> FileText:
    # Imported here: what opens files is not needed to start.
    from mail_archive_tools.reading.attachments import text_of_file

    return text_of_file(file)
