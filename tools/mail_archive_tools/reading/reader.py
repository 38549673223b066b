"""Reads messages of one identity: each is fetched and read once for all that is asked of it, and facts are kept."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from mail_archive_tools.cache import Cache
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, Unreadable
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.models.facts.facts import Facts, usable
from mail_archive_tools.models.facts.getting import Read
from mail_archive_tools.reading.dkim_keys import FindKeys, no_keys
from mail_archive_tools.reading.fetching.download import shared_connections
from mail_archive_tools.reading.fetching.messages import FETCHED_AT_ONCE, Fetched, Fetching
from mail_archive_tools.reading.fetching.told import Told
from mail_archive_tools.reading.links import LinkRule, no_link
from mail_archive_tools.reading.proving import Proving
from mail_archive_tools.sandbox.bounds import Bounds
from mail_archive_tools.sandbox.pool import Batch, NotRead, Sandbox
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.storage.kept_facts import FactsKept, Nowhere
from mail_archive_tools.untrusted import clean_text

if TYPE_CHECKING:
    from mail_archive_tools.reading.readings import AllFilesReading, FileReading, MessageReading

CACHED_MESSAGE_BYTES = 100_000_000
"""Raw messages kept at most, in bytes."""

CACHED_FILE_CHARS = 10_000_000
"""Characters of the texts of attachments that are kept at most: a long one is read a page at a time."""

CACHED_FACTS_BYTES = 80_000_000
"""What is kept of the facts of messages at most, in bytes: of some 100,000 of them."""

_BESIDE_FACTS = 350
"""What a key and its places in a cache weigh, in bytes."""


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Content:
    """What the service says of a message: `text` is cleaned, and made from HTML where `from_html`; then `hidden_words`
    were left out, and `cut` says what was not looked at. `has_other`: it is there in the other format too."""

    text: str
    has_other: bool
    malformed: bool | None
    from_html: bool = False
    hidden_words: int = 0
    cut: str | None = None

    @property
    def weight(self) -> int:
        return len(self.text)


def _facts_weight(packed: bytes) -> int:
    return len(packed) + _BESIDE_FACTS


def _file_weight(reading: FileReading) -> int:
    return len(reading.text or "")


def new_sandbox() -> Sandbox:
    """The workers of one reader; none starts before it is needed."""
    return Sandbox("mail_archive_tools.reading.jobs")


@dataclass
class Reader(Fetching):
    """Fetches messages and has them read apart.

    `may_download` says which links it follows. `context` is what is known beside a message, and `find_keys` looks for
    keys of signatures that are not in it. `facts_kept` keeps facts for longer than this process. `told` is what
    searches told of messages: what comes for a message is compared with it.

    Two members say which readings one worker may do. `caller` is who asks, where callers are told apart; `archive_id`
    is the archive that all messages are of, where that is known."""

    client: MailManager
    may_download: LinkRule = no_link
    context: Context = NOTHING_KNOWN
    find_keys: FindKeys = no_keys
    facts_kept: FactsKept = field(default_factory=Nowhere)
    caller: str = ""
    archive_id: str = ""
    proving: Proving = field(default_factory=Proving)
    sandbox: Sandbox = field(default_factory=new_sandbox)
    turns: anyio.CapacityLimiter = field(default_factory=partial(anyio.CapacityLimiter, FETCHED_AT_ONCE))
    messages: Cache[Fetched] = field(
        default_factory=lambda: Cache(CACHED_MESSAGE_BYTES, lambda fetched: fetched.weight)
    )
    facts: Cache[bytes] = field(default_factory=partial(Cache, CACHED_FACTS_BYTES, _facts_weight))
    contents: Cache[Content] = field(default_factory=lambda: Cache(CACHED_FILE_CHARS, lambda content: content.weight))
    files: Cache[FileReading] = field(default_factory=partial(Cache, CACHED_FILE_CHARS, _file_weight))
    told: Told = field(default_factory=Told)

    def of(self, archive_id: str) -> Reader:
        """The same, for messages of that archive alone."""
        return replace(self, archive_id=archive_id)

    def knowing(self, facts_kept: FactsKept) -> Reader:
        """The same, which looks there for facts before it reads a message."""
        return replace(self, facts_kept=facts_kept)

    def batch(self) -> AbstractContextManager[Batch | None]:
        """What is read within may be read by one worker, where all of it is of one archive. Where that is not known,
        each message has a worker of its own."""
        if not self.archive_id:
            return nullcontext()
        return self.sandbox.batch(self.archive_id, self.caller)

    async def message(self, archived_message_id: str) -> Fetched:
        """The message, from here or from the service.

        Raises:
            DownloadFailed: it cannot be fetched, or another came.
            ArchiveError: the service refuses it.
        """
        have = partial(self.fetch, archived_message_id)
        here = self.messages.kept(archived_message_id)
        if here is not None and here.reading.compared is None and archived_message_id in self.told:
            # It came before a search told of it.
            self.messages.forget(archived_message_id)
            have = partial(self.compared_now, here)
        return await self.messages.get(archived_message_id, have)

    async def message_once(self, archived_message_id: str) -> Fetched:
        """The message for somebody who will not ask for it again: it is not kept here.

        Raises:
            DownloadFailed: it cannot be fetched, or another came.
            ArchiveError: the service refuses it.
        """
        return self.messages.kept(archived_message_id) or await self.fetch(archived_message_id)

    async def facts_of(self, archived_message_id: str) -> Facts:
        """What a message shows: kept much longer than the message itself.

        Raises:
            DownloadFailed: it cannot be fetched, or another came.
            ArchiveError: the service refuses it.
        """

        # Thousands of them are asked for in a row: those that are here are not worth a lock.
        here = self.facts.kept(archived_message_id)
        if here is not None:
            facts = Facts.unpacked(here)
            if self._is_compared(archived_message_id, facts):
                return facts
            self.facts.forget(archived_message_id)

        async def read() -> bytes:
            with self.one_batch(archived_message_id):
                return await self._kept_or_read(archived_message_id)

        return Facts.unpacked(await self.facts.get(archived_message_id, read))

    async def _kept_or_read(self, archived_message_id: str) -> bytes:
        """The facts of a message, packed: those that are kept beyond this process, or newly read ones, which are kept
        there from then on."""
        packed = self.facts_kept.get(archived_message_id)
        kept = usable(packed)
        if packed is not None and kept is not None and self._is_compared(archived_message_id, kept):
            return packed

        fetched = await self.message(archived_message_id)
        facts = facts_read(fetched, fetched.reading)
        if facts.unread or isinstance(self.facts_kept, Nowhere):
            # What could not be read may be read another time.
            return facts.packed()
        return await self._keep(archived_message_id, fetched, facts.packed())

    def _is_compared(self, archived_message_id: str, facts: Facts) -> bool:
        """Whether facts are of what was compared with what a search told, where one did."""
        return facts.compared or archived_message_id not in self.told

    async def all_messages(self, archived_message_ids: list[str], patience: Patience) -> dict[str, Fetched]:
        """These messages by their ids; without those that cannot be fetched or for which there is no time."""
        fetched: dict[str, Fetched] = {}

        async def fetch(archived_message_id: str) -> None:
            with suppress(ArchiveError):
                fetched[archived_message_id] = await self.message(archived_message_id)

        with self.batch(), anyio.move_on_after(max(patience.left, 0)):
            async with shared_connections(), anyio.create_task_group() as fetches:
                for archived_message_id in archived_message_ids:
                    fetches.start_soon(fetch, archived_message_id)

        return fetched

    async def all_facts(
        self, archived_message_ids: list[str], patience: Patience
    ) -> tuple[dict[str, Facts], dict[str, str]]:
        """What these messages show, by their ids, and why not, or no more than their header fields tell, of those that
        cannot be read; neither of those for which there is no time."""
        known: dict[str, Facts] = {}
        unread: dict[str, str] = {}

        async def read(archived_message_id: str) -> None:
            try:
                facts = await self.facts_of(archived_message_id)
            except ArchiveError as error:
                unread[archived_message_id] = str(error)
                return

            known[archived_message_id] = facts
            if facts.unread:
                unread[archived_message_id] = f"Message {archived_message_id}: {facts.unread}."

        with self.batch(), anyio.move_on_after(max(patience.left, 0)):
            async with shared_connections(), anyio.create_task_group() as readers:
                for archived_message_id in dict.fromkeys(archived_message_ids):
                    readers.start_soon(read, archived_message_id)

        return known, unread

    async def content(self, archived_message_id: str, html: bool) -> Content:
        """The text of a message by the service's own reading, or its HTML source; kept for its other pages.

        Raises:
            ArchiveError: the service refuses it.
        """

        async def fetch() -> Content:
            response = await self.client.get_archive_message_content(archived_message_id)
            return await self._content(archived_message_id, response.get("Body", {}), html)

        return await self.contents.get(f"{archived_message_id}/{html}", fetch)

    async def text_of(self, fetched: Fetched, file_id: str, password: str | None = None) -> FileReading:
        """The text of a file that came with a message; it is opened once for all of its pages. `password` opens what
        is encrypted."""
        # What a password opens is for who knows it.
        opened_by = "" if password is None else _digest(password)
        # By the bytes of the message, too: what came once for it may have been another.
        key = f"{fetched.archived_message_id}/{fetched.sha256}/{file_id}/{opened_by}"
        return await self.files.get(key, partial(self._open_file, fetched, file_id, password))

    async def text_of_all_files(self, fetched: Fetched) -> AllFilesReading:
        """What the files of a message say, pictures apart; what cannot be read says nothing, and is said to be cut."""
        from mail_archive_tools.reading.readings import AllFilesReading

        if not fetched.reading.about.attachments:
            return AllFilesReading()
        try:
            with self.one_batch(fetched.archived_message_id):
                return await self.sandbox.run("all_files", fetched.raw, AllFilesReading.of, bounds=Bounds.of_text())
        except NotRead:
            return AllFilesReading(is_cut=True)

    async def _keep(self, archived_message_id: str, fetched: Fetched, packed: bytes) -> bytes:
        """Keep facts beyond this process, and give them; some are read again first, by a worker that read nothing else.
        Where that says something else, nothing of the batch is kept."""
        with self.one_batch(archived_message_id) as batch:
            if self.proving.is_next():
                with self.sandbox.batch("", self.caller, apart=True):
                    again = await self.read(archived_message_id, fetched.raw, fetched.came, fetched.told)
                proven = facts_read(fetched, again).packed()
                if proven != packed:
                    self._discard(batch)
                    self.messages.forget(archived_message_id)
                    return proven

            self.facts_kept.put(archived_message_id, packed)
            self.proving.kept(batch, archived_message_id)
        return packed

    def _discard(self, batch: Batch) -> None:
        """Forget what the workers of a batch told."""
        self.sandbox.end_workers(batch)
        ids = self.proving.discard(batch)
        self.facts_kept.forget(ids)
        for archived_message_id in ids:
            self.messages.forget(archived_message_id)
            self.facts.forget(archived_message_id)

    async def _open_file(self, fetched: Fetched, file_id: str, password: str | None) -> FileReading:
        from mail_archive_tools.reading.readings import FileReading

        try:
            with self.one_batch(fetched.archived_message_id):
                return await self.sandbox.run(
                    "file", fetched.raw, FileReading.of, bounds=Bounds.of_text(), file_id=file_id, password=password
                )
        except NotRead as error:
            return FileReading(text=None, notes=[f"The file {error}."])

    async def _content(self, archived_message_id: str, body: dict[str, Any], html: bool) -> Content:
        text = body.get("Text") or ""
        source = body.get("Html") or ""
        malformed = body.get("MessageMalformed")
        if html:
            return Content(await _cleaned(source), bool(text), malformed)
        if text.strip() or not source:
            return Content(await _cleaned(text), bool(source), malformed)

        from mail_archive_tools.reading.readings import HtmlReading

        try:
            data = source.encode("utf-8", "surrogatepass")
            with self.one_batch(archived_message_id):
                read = await self.sandbox.run("html", data, HtmlReading.of, bounds=Bounds.of_message(len(data)))
        except NotRead as error:
            raise Unreadable(
                f"The HTML of message {archived_message_id} {error}. format='html' gives it as it stands."
            ) from None
        return Content(read.text, True, malformed, from_html=True, hidden_words=read.hidden_words, cut=read.cut)


def facts_read(fetched: Fetched, reading: MessageReading) -> Facts:
    """The facts of a message by one of its readings."""
    read = Read(
        about=reading.about,
        size_bytes=len(fetched.raw),
        sha256=fetched.sha256,
        received=fetched.received,
        moment=reading.moment,
        languages=reading.languages,
        minhash=reading.minhash,
        unread=reading.unread,
        compared=reading.compared is not None,
    )
    return Facts.of(read)


async def _cleaned(text: str) -> str:
    """In a thread, since a long one takes a while."""
    return await to_thread.run_sync(clean_text, text)
