"""What a tool works with beside its arguments: one identity's client and caches, and what its operator allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mail_archive_tools.cache import Cache
from mail_archive_tools.searching.cursors import Cursors
from mail_archive_tools.searching.job import Recent
from mail_archive_tools.searching.polling import Pace
from mail_archive_tools.searching.results import CACHED_ROWS, Results
from mail_archive_tools.searching.slot import Slot
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.service.client import MailManager

if TYPE_CHECKING:
    from mail_archive_tools.counting.tally import Tally
    from mail_archive_tools.reading.attachments import FileText
    from mail_archive_tools.reading.reader import Fetched

LinkRule = Callable[[str], bool]
"""Whether a download link leads to a host that the service uses."""

CACHED_MESSAGE_BYTES = 100_000_000
"""Raw messages kept at most, in bytes."""

CACHED_FILE_CHARS = 10_000_000
"""Characters of the texts of attachments that are kept at most: a long one is read a page at a time."""

COUNTED_ROWS = 1_000_000
"""Rows of which the facts are kept at most, for summaries that are asked for again: about 200 MB."""


def no_link(link: str) -> bool:
    """The rule of an access that may not download."""
    return False


@dataclass
class Access:
    """One identity's access to its archives. Share it between calls of that identity, and no other."""

    client: MailManager
    show_download_links: bool = True
    may_download: LinkRule = no_link
    results: Cache[Results] = field(default_factory=lambda: Cache(CACHED_ROWS, lambda results: len(results.rows)))
    messages: Cache[Fetched] = field(
        default_factory=lambda: Cache(CACHED_MESSAGE_BYTES, lambda fetched: fetched.weight)
    )
    tallies: Cache[Tally] = field(default_factory=lambda: Cache(COUNTED_ROWS, lambda tally: len(tally.facts)))
    slot: Slot = field(default_factory=Slot)
    pace: Pace = field(default_factory=Pace)
    recent: Recent = field(default_factory=Recent)
    cursors: Cursors = field(default_factory=Cursors)
    limits: Limits = field(default_factory=Limits)
    files: Cache[FileText] = field(default_factory=lambda: Cache(CACHED_FILE_CHARS, lambda text: len(text.text or "")))
