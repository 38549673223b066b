"""Local archives with mail at chosen moments, for tests of searches over any range."""

import bisect
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from mail_archive_local.context import Local
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.putting import NewMessage
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.searching.windows import Limits
from tests.conftest import eml
from tests.folder import keeping_archive

YEARS = 5 * 365 * 86_400
"""Five years, in seconds."""


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def office_hours(count: int, seed: int) -> list[int]:
    """Seconds of five years of an office's mail: little at night and at weekends, more and more over the years."""
    chance = random.Random(seed)
    found: list[int] = []
    while len(found) < count:
        second = int((chance.random() ** 0.6) * YEARS)
        weekend, night = (second // 86_400) % 7 in (5, 6), not 8 <= second % 86_400 / 3600 <= 18
        if chance.random() < (0.08 if weekend else 1) * (0.07 if night else 1):
            found.append(second)
    return sorted(found)


def least_searches(seconds: list[int], limits: Limits) -> int:
    """As few searches of five years as can be: each window as long as may be, which is known beforehand."""
    edge, count = YEARS, 0
    while edge > 0:
        first = max(0, edge - limits.seconds)
        place = bisect.bisect_right(seconds, edge) - (limits.rows - 1)
        if place > 0 and seconds[place - 1] >= first:
            first = seconds[place - 1] + 1
        edge, count = min(first, edge - 1), count + 1
    return count


def records(archive_id: str, seconds: Iterable[int], subject: str) -> Iterator[NewMessage]:
    """Messages as the archive notes them, without the work of reading any: for archives of a hundred thousand."""
    for number, second in enumerate(seconds):
        sender, recipient = f"person-{number % 503}@supplier-{number % 101}.example", f"team-{number % 17}@here.example"
        key = f"{subject[:6]}{number:020d}"
        row = {
            "ArchivedMessageId": key,
            "ReceivedTimestamp": second,
            "From": f"Person {number % 503} <{sender}>",
            "To": f"Team <{recipient}>",
            "Subject": f"{subject} {number}",
            "MessageId": f"<{key}@supplier.example>",
            "Date": "Tue, 1 Apr 2025 10:00:00 +0000",
            "HasAttachments": False,
            "ReceivedHeaders": [f"from mx.supplier.example by in.here.example for <{recipient}>"],
            "Envelope": {"From": sender, "To": [recipient], "Helo": "mx.supplier.example"},
        }
        searchable = (recipient, sender, "", f"{subject} {number}", recipient, sender)
        yield NewMessage(key, second, False, json.dumps(row), "{}", searchable, b"Subject: x\r\n\r\nx\r\n")


class Timeline:
    """An archive in a folder of its own. `put` adds mail, `access` opens it as a program does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        with Store(folder, create=True) as store:
            self.archive_id: str = keeping_archive(Local(store, str), "timeline")

    def put(self, seconds: Iterable[int], **headers: str) -> list[str]:
        """Add a message for each second; returns their ids."""
        messages = []
        for second in seconds:
            self._count += 1
            received = f"from a.example by b.example; {format_datetime(moment(second))}"
            fields = {"Received": received, "From": "ann@here.example", "Subject": "plain", **headers}
            raw = eml(**fields, X_Number=str(self._count))
            messages.append(describe(raw, self.archive_id, second))
        return self.add(messages)

    def add(self, messages: list[NewMessage]) -> list[str]:
        """Add messages that are described already; returns their ids."""
        with Store(self.folder) as store:
            archive = store.archive(self.archive_id)
            assert archive is not None
            store.add_messages(archive, messages)
        return [message.archived_message_id for message in messages]

    def access(self, limits: Limits | None = None, search_seconds: float = 0, cursor_key: str | None = None) -> Access:
        """Access as a program of its own has it: nothing is shared with another one but the folder."""
        settings = Settings(local=self.folder, search_seconds=search_seconds, cursor_key=cursor_key)
        access = open_access(settings)
        access.searcher.limits = limits or Limits()
        return access
