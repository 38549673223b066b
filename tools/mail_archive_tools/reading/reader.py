"""Reads messages of one identity: each is fetched and read once for all that is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from mail_archive_tools.cache import Cache
from mail_archive_tools.errors import ArchiveError, DownloadFailed
from mail_archive_tools.patience import Patience
from mail_archive_tools.reading.download import download
from mail_archive_tools.reading.links import LinkRule, no_link
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.untrusted import clean_text

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
class ShownText:
    """A message's text, cleaned: whole, and without what it quotes; and how many lines that is."""

    whole: str
    own: str
    quoted_lines: int


@dataclass(frozen=True)
class Content:
    """What the service says of a message: `text` is cleaned, and made from HTML where `from_html`; then `hidden_words`
    were left out. `has_other`: it is there in the other format too."""

    text: str
    from_html: bool
    hidden_words: int
    has_other: bool
    malformed: bool | None

    @property
    def weight(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Fetched:
    """A message as it was read; the sender's address in its SMTP envelope and when it was received, where the service
    noted it."""

    archived_message_id: str
    message: Message
    envelope_from: str | None
    received: datetime | None = None

    @cached_property
    def shown(self) -> ShownText:
        """The text as answers show it: worked out once for all of its pages. Takes a while for a long one."""
        from mail_archive_tools.mime.quotes import without_quotes

        own, quoted_lines = without_quotes(self.message.text.text)
        return ShownText(clean_text(self.message.text.text), clean_text(own), quoted_lines)

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, in bytes."""
        return 2 * len(self.message.raw) + 12 * len(self.message.text.text)


@dataclass
class Reader:
    """Fetches messages and opens what came with them. `may_download` says which links it follows."""

    client: MailManager
    may_download: LinkRule = no_link
    messages: Cache[Fetched] = field(
        default_factory=lambda: Cache(CACHED_MESSAGE_BYTES, lambda fetched: fetched.weight)
    )
    contents: Cache[Content] = field(default_factory=lambda: Cache(CACHED_FILE_CHARS, lambda content: content.weight))
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

    async def content(self, archived_message_id: str, html: bool) -> Content:
        """The text of a message by the service's own reading, or its HTML source; kept for its other pages.

        Raises:
            ArchiveError: the service refuses it.
        """

        async def fetch() -> Content:
            response = await self.client.get_archive_message_content(archived_message_id)
            # In a thread, since converting HTML can take a while.
            return await to_thread.run_sync(_content, response.get("Body", {}), html)

        return await self.contents.get(f"{archived_message_id}/{html}", fetch)

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


def _content(body: dict[str, Any], html: bool) -> Content:
    text, source = body.get("Text") or "", body.get("Html") or ""
    malformed = body.get("MessageMalformed")
    if html:
        return Content(clean_text(source), False, 0, bool(text), malformed)
    if text.strip() or not source:
        return Content(clean_text(text), False, 0, bool(source), malformed)

    # Imported here: an HTML parser is not needed to start.
    from mail_archive_tools.mime.html.reader import read_html

    read = read_html(source)
    return Content(clean_text(read.text), True, sum(read.hidden.values()), True, malformed)


def _text_of(file: File) -> FileText:
    # Imported here: what opens files is not needed to start.
    from mail_archive_tools.reading.attachments import text_of_file

    return text_of_file(file)
