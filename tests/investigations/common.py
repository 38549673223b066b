"""What the investigations share: the mail as plain Python sees it, and a client that counts what it takes."""

import email
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import httpx
from mcp import Client

from mail_archive_server.backends import backend_of
from mail_archive_server.identity.connecting import Connection
from mail_archive_server.settings import Settings
from tests.conftest import MEASURED, text_of

MOST_CALLS, MOST_BYTES = 3, 6_000
ALL_TIME = {"from_timestamp": "1998-01-01", "to_timestamp": "2026-12-31"}
"""Some of the mail is dated by whoever sent it, or by when it was imported."""


@dataclass(frozen=True)
class Mail:
    """One message, as Python's own parser sees it."""

    raw: bytes
    parsed: Message

    @property
    def subject(self) -> str:
        value = str(self.parsed.get("Subject", ""))
        try:
            return " ".join(str(make_header(decode_header(value))).split())
        except (LookupError, UnicodeError):
            return value

    @property
    def received(self) -> datetime:
        """When the last host received it."""
        return parsedate_to_datetime(str(self.parsed["Received"]).rpartition(";")[2])

    @property
    def texts(self) -> Iterator[str]:
        """Its texts and HTML sources, by the charsets that they declare."""
        for part in self.parsed.walk():
            if part.get_content_maintype() == "text":
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                try:
                    yield content.decode(part.get_content_charset() or "latin-1", "replace")
                except LookupError:
                    yield content.decode("latin-1")

    @property
    def message_id(self) -> str:
        return str(self.parsed.get("Message-ID", "")).strip().strip("<>")

    def addresses(self, name: str) -> list[str]:
        return [address.lower() for _, address in getaddresses(map(str, self.parsed.get_all(name, []))) if address]

    @property
    def file_names(self) -> list[str]:
        return [name for part in self.parsed.walk() if (name := part.get_filename())]


def mails(paths: Iterable[Path]) -> list[Mail]:
    return [mail_of(raw) for path in paths if (raw := path.read_bytes())]


def mail_of(raw: bytes) -> Mail:
    return Mail(raw, email.message_from_bytes(raw))


@dataclass
class Script:
    """What a script over boto3 has to read for the same: the rows of all searches, and where they do not say it the
    messages as well. It is really run, once, and its calls and bytes are counted."""

    settings: Settings
    archive_id: str

    @cached_property
    def rows(self) -> tuple[int, int]:
        """Calls and bytes of what finds all messages."""
        return self._listed[:2]

    @cached_property
    def messages(self) -> tuple[int, int]:
        """Calls and bytes of what finds and fetches all messages."""
        calls, size, ids = self._listed
        # One client for all: each loads what authorities there are.
        with httpx.Client() as links:
            for archived_message_id in ids:
                described = self._client.get_archive_message(ArchivedMessageId=archived_message_id)
                size += len(links.get(described["MessageDownloadLink"]).content) + _size(described)
                calls += 2
        return calls, size

    @cached_property
    def _client(self) -> Any:
        return Connection(self.settings, backend_of(self.settings)).connect()

    @cached_property
    def _listed(self) -> tuple[int, int, list[str]]:
        calls = size = 0
        ids: list[str] = []
        begin, end = (datetime.fromisoformat(f"{day}T00:00:00Z") for day in ALL_TIME.values())
        while begin < end:
            until = min(begin + timedelta(days=30), end)
            started = self._client.start_archive_search(
                ArchiveId=self.archive_id, FromTimestamp=begin, ToTimestamp=until, MaxResults=1_000
            )
            begin = until + timedelta(seconds=1)
            while self._client.get_archive_search(SearchId=started["SearchId"])["Status"]["State"] != "COMPLETED":
                calls += 1
            found = self._client.get_archive_search_results(SearchId=started["SearchId"])
            calls += 3
            size += _size(found)
            ids += [row["ArchivedMessageId"] for row in found["Rows"]]
        return calls, size, ids


def _size(response: dict[str, Any]) -> int:
    return len(json.dumps({**response, "ResponseMetadata": None}, default=str))


@dataclass
class Investigation:
    """Asks the server, and counts: `calls` and the bytes of their text. `script` is what is set beside it."""

    client: Client
    archive_id: str
    question: str
    script: Script | None = None
    calls: int = 0
    bytes: int = 0
    started: float = field(default_factory=time.perf_counter)

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.client.call_tool(tool, arguments)
        text = text_of(result)
        assert not result.is_error, text
        self.calls += 1
        self.bytes += len(text.encode())
        return result.structured_content or {}

    async def search(self, **arguments: Any) -> dict[str, Any]:
        return await self.ask("search_archive", **{"archive_id": self.archive_id, **ALL_TIME, **arguments})

    async def summarize(self, **arguments: Any) -> dict[str, Any]:
        return await self.ask("summarize_archive_search", **{"archive_id": self.archive_id, **ALL_TIME, **arguments})

    def is_answered(self, answer: object, right: object, by: Literal["rows", "messages"] = "rows") -> None:
        """The answer is what plain Python says, and took no more than it may. `by` says what a script would have to
        read for it."""
        seconds = time.perf_counter() - self.started
        state = "right" if answer == right else "wrong"
        MEASURED.append(
            f"{self.question}: {self.calls} calls, {self.bytes:,} bytes, {seconds:.1f} s, {state}{self._beside(by)}"
        )
        assert answer == right, f"{answer!r} is not {right!r}"
        assert self.calls <= MOST_CALLS and self.bytes <= MOST_BYTES

    def _beside(self, by: Literal["rows", "messages"]) -> str:
        if self.script is None:
            return ""
        calls, size = self.script.rows if by == "rows" else self.script.messages
        return f"; a script over boto3: {calls:,} calls, {size:,} bytes"


Ask = Callable[[str], Investigation]


def groups(summary: dict[str, Any]) -> dict[str, int]:
    """The groups of a summary of one grouping, by their values: how many messages each has."""
    (only,) = summary["Summaries"]
    assert "Others" not in only
    return {each["Value"]: each.get("Messages", each["Rows"]) for each in only["Top"]}
