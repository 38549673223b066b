"""What a tool works with beside its arguments: one identity's client and cache, and what its operator allows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mail_archive_tools.client import MailManager
from mail_archive_tools.results import ResultsCache

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""Told how far a long call is: what is done, of how much (None: unknown), and a sentence."""


async def silent(done: float, total: float | None, sentence: str) -> None:
    """The progress that nobody watches."""


@dataclass
class Access:
    """One identity's access to its archives. Share it between calls of that identity, and no other."""

    client: MailManager
    show_download_links: bool = True
    results: ResultsCache = field(default_factory=ResultsCache)
