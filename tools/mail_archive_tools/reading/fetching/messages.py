"""Fetching a message: by a link of the service, compared with what a search told of it, and read apart."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import anyio

from mail_archive_tools.errors import DownloadFailed, NotThisMessage, Unreadable
from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.reading.dkim_keys import FindKeys
from mail_archive_tools.reading.fetching.download import download
from mail_archive_tools.reading.fetching.told import Told, refuse_other, without_the_message
from mail_archive_tools.reading.links import LinkRule
from mail_archive_tools.sandbox.bounds import Bounds
from mail_archive_tools.sandbox.pool import Batch, NotRead, Sandbox
from mail_archive_tools.service.client import MailManager

if TYPE_CHECKING:
    from mail_archive_tools.reading.readings import MessageReading

FETCHED_AT_ONCE = 12
"""Messages on their way at a time, half of them waiting for another Region's answers: more would be no faster."""


Came = tuple[str | None, str | None]
"""The address that a message was received from, and its sender in the SMTP envelope, where the service noted them."""


@dataclass(frozen=True)
class Fetched:
    """A message as it came and as it was read. Where the service noted it: the sender's address in the SMTP envelope,
    when the message was received, and the address that it was received from. `told` is what a search had told of it
    when it was read."""

    archived_message_id: str
    raw: bytes
    reading: MessageReading
    envelope_from: str | None
    received: datetime | None = None
    received_from: str | None = None
    told: dict[str, str] | None = None

    @property
    def came(self) -> Came:
        return self.received_from, self.envelope_from

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def own_text(self) -> str:
        """The text without what it quotes, cleaned."""
        return self.reading.text.new

    @property
    def weight(self) -> int:
        """Roughly what it takes in memory, in bytes."""
        text = self.reading.text
        chars = sum(len(each or "") for each in (text.whole, text.written))
        chars += sum(len(each.text) for each in text.hidden)
        return len(self.raw) + 4 * chars


class Fetching:
    """What a reader does to have a message, with what the reader knows: nothing of it is kept here."""

    client: MailManager
    may_download: LinkRule
    context: Context
    find_keys: FindKeys
    caller: str
    archive_id: str
    sandbox: Sandbox
    turns: anyio.CapacityLimiter
    told: Told

    def one_batch(self, archived_message_id: str) -> AbstractContextManager[Batch]:
        """What is read within is of that message; with others of its archive, where that is known or a search told it,
        one worker reads it."""
        if self.archive_id:
            return self.sandbox.batch(self.archive_id, self.caller)
        archive_id = self.told.archive_of(archived_message_id)
        if archive_id:
            return self.sandbox.lasting_batch(archive_id, self.caller)
        return self.sandbox.lasting_batch(caller=self.caller, archived_message_id=archived_message_id)

    async def fetch(self, archived_message_id: str) -> Fetched:
        try:
            return await self._fetch_once(archived_message_id)
        except NotThisMessage:
            # One more link, and one more try: what came may be of one host among many, or of a proxy on the way.
            pass
        try:
            return await self._fetch_once(archived_message_id)
        except NotThisMessage as error:
            raise without_the_message(archived_message_id, error, archived_message_id in self.told) from None

    async def compared_now(self, fetched: Fetched) -> Fetched:
        """A message that is here, compared with what a search has told of it since; or fetched anew, where it was
        another."""
        archived_message_id = fetched.archived_message_id
        told = self.told.of(archived_message_id)
        reading = await self.read(archived_message_id, fetched.raw, fetched.came, told)
        try:
            refuse_other(fetched.raw, reading, told)
        except NotThisMessage:
            return await self.fetch(archived_message_id)
        return replace(fetched, reading=reading, told=told)

    async def _fetch_once(self, archived_message_id: str) -> Fetched:
        """
        Raises:
            NotThisMessage: what came is another, or none.
        """

        async def new_link() -> str:
            return str((await self._described(archived_message_id))["MessageDownloadLink"])

        with self.one_batch(archived_message_id):
            return await self._fetch_and_read(archived_message_id, new_link)

    async def _fetch_and_read(self, archived_message_id: str, new_link: Callable[[], Awaitable[str]]) -> Fetched:
        self.sandbox.warm_up()
        told = self.told.of(archived_message_id)
        async with self.turns:
            response = await self._described(archived_message_id)
            raw = await download(str(response["MessageDownloadLink"]), new_link, self.may_download)

        return await self.read_with(archived_message_id, raw, response, told)

    async def read_with(
        self, archived_message_id: str, raw: bytes, noted: Mapping[str, Any], told: dict[str, str] | None
    ) -> Fetched:
        """A message whose bytes are here, read beside what the service noted of it: the members Envelope and Metadata
        of GetArchiveMessage's response.

        Raises:
            NotThisMessage: it is another than a search told of, or none.
            Unreadable: it cannot be read.
        """
        envelope_from = noted.get("Envelope", {}).get("From")
        metadata = noted.get("Metadata", {})
        received_from = _received_from(metadata)
        reading = await self.read(archived_message_id, raw, (received_from, envelope_from), told)
        refuse_other(raw, reading, told)
        received = metadata.get("Timestamp")
        return Fetched(archived_message_id, raw, reading, envelope_from, received, received_from, told)

    async def _described(self, archived_message_id: str) -> dict[str, Any]:
        """GetArchiveMessage's response, with a link in it."""
        response = await self.client.get_archive_message(archived_message_id)
        if not response.get("MessageDownloadLink"):
            raise DownloadFailed(
                f"Mail Manager gave no download link for message {archived_message_id}. "
                "get_archive_message_content shows its text."
            )

        return response

    async def read(
        self, archived_message_id: str, raw: bytes, came: Came, told: dict[str, str] | None
    ) -> MessageReading:
        """The message as a worker reads it, beside what a search told of it: what cannot be read whole, by its header
        fields."""
        received_from, envelope_from = came
        context = {
            "trusted_ids": self.context.trusted_ids,
            "known": self.context.known,
            "keys": self.context.keys,
            "received_from": received_from,
            "envelope_from": envelope_from,
            "told": told,
        }
        try:
            reading = await self._ask("message", raw, context)
            keys = await self.find_keys(reading.key_names())
            if not keys:
                return reading
            # What signatures come to is told with the rest: a broken one is a finding.
            with_keys = {**context, "keys": {**self.context.keys, **keys}}
            return await self._ask("message", raw, with_keys)
        except NotRead as error:
            why = f"it {error}"

        try:
            by_its_headers = await self._ask("header_fields", raw, context)
        except NotRead:
            raise Unreadable(
                f"Message {archived_message_id} cannot be read: {why}. get_archive_message shows what was noted of it."
            ) from None
        return by_its_headers.without_content(why)

    async def _ask(self, job: str, raw: bytes, context: dict[str, Any]) -> MessageReading:
        # Imported here: models are not needed to start.
        from mail_archive_tools.reading.readings import MessageReading

        bounds = Bounds.of_message(len(raw))
        return await self.sandbox.run(job, raw, MessageReading.of, bounds=bounds, context=context)


def _received_from(noted: Mapping[str, Any]) -> str | None:
    """The address that the service received a message from. Without an ingress endpoint it did not: the message was
    sent by its user, or imported."""
    if not noted.get("IngressPointId"):
        return None
    address: str | None = noted.get("SenderIpAddress")
    return address
