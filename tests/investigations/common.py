"""What the investigations share: the mail as plain Python sees it, and a client that counts what it takes."""

import email
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from mcp import Client

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
    def message_id(self) -> str:
        return str(self.parsed.get("Message-ID", "")).strip().strip("<>")

    def addresses(self, name: str) -> list[str]:
        return [address.lower() for _, address in getaddresses(map(str, self.parsed.get_all(name, []))) if address]

    @property
    def file_names(self) -> list[str]:
        return [name for part in self.parsed.walk() if (name := part.get_filename())]


def mails(paths: Iterable[Path]) -> list[Mail]:
    return [Mail(raw, email.message_from_bytes(raw)) for path in paths if (raw := path.read_bytes())]


@dataclass
class Investigation:
    """Asks the server, and counts: `calls` and the bytes of their text."""

    client: Client
    archive_id: str
    question: str
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

    def is_answered(self, answer: object, right: object) -> None:
        """The answer is what plain Python says, and took no more than it may."""
        seconds = time.perf_counter() - self.started
        state = "right" if answer == right else "wrong"
        MEASURED.append(f"{self.question}: {self.calls} calls, {self.bytes:,} bytes, {seconds:.1f} s, {state}")
        assert answer == right
        assert self.calls <= MOST_CALLS and self.bytes <= MOST_BYTES


Ask = Callable[[str], Investigation]


def groups(summary: dict[str, Any]) -> dict[str, int]:
    """The groups of a summary of one grouping, by their values: how many messages each has."""
    (only,) = summary["Summaries"]
    assert "Others" not in only
    return {each["Value"]: each.get("Messages", each["Rows"]) for each in only["Top"]}
