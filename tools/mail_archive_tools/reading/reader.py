"""One raw message: its link, its bytes, and what the reader makes of them; fetched once for all that is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mail_archive_tools.errors import DownloadFailed
from mail_archive_tools.reading.download import download

if TYPE_CHECKING:
    from mail_archive_tools.access import Access
    from mail_archive_tools.mime.message import Message


@dataclass(frozen=True)
class Fetched:
    """A message as it was read; the sender's address in its SMTP envelope and when it was received, where the service
    noted it."""

    message: Message
    envelope_from: str | None
    received: datetime | None = None

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, in bytes."""
        return 2 * len(self.message.raw) + 4 * len(self.message.text.text)


async def fetch_message(archived_message_id: str, access: Access) -> Fetched:
    """The message, from the cache of this access or from the service.

    Raises:
        DownloadFailed: it cannot be fetched.
    """

    async def described() -> dict[str, Any]:
        response = await access.client.get_archive_message(archived_message_id)
        if not response.get("MessageDownloadLink"):
            raise DownloadFailed(
                f"Mail Manager gave no download link for message {archived_message_id}. "
                "get_archive_message_content shows its text."
            )
        return response

    async def link() -> str:
        return str((await described())["MessageDownloadLink"])

    async def fetch() -> Fetched:
        # Imported here: the reader is not needed to start.
        from mail_archive_tools.mime.message import read_message

        response = await described()
        raw = await download(str(response["MessageDownloadLink"]), link, access.may_download)
        envelope_from = response.get("Envelope", {}).get("From")
        received = response.get("Metadata", {}).get("Timestamp")
        # In a thread, since a large message takes a second.
        return Fetched(await to_thread.run_sync(read_message, raw), envelope_from, received)

    return await access.messages.get(archived_message_id, fetch)
