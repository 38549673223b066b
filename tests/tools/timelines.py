"""Local archives with mail at chosen moments, for tests of searches over any range."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from mail_archive_server.backends import open_access
from mail_archive_server.local.archives import create_archive
from mail_archive_server.local.context import Local
from mail_archive_server.local.describe import describe
from mail_archive_server.local.store import Store
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.windows import Limits
from tests.conftest import eml


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


class Timeline:
    """An archive in a folder of its own. `put` adds mail, `access` opens it as a program does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        with Store(folder, create=True) as store:
            self.archive_id: str = create_archive(Local(store, str), {"ArchiveName": "timeline"})["ArchiveId"]

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

    def add(self, messages: Sequence) -> list[str]:  # type: ignore[type-arg]
        with Store(self.folder) as store:
            archive = store.archive(self.archive_id)
            assert archive is not None
            store.add_messages(archive, messages)
        return [message.archived_message_id for message in messages]

    def access(self, limits: Limits | None = None, search_seconds: float = 0, cursor_key: str | None = None) -> Access:
        """Access as a program of its own has it: nothing is shared with another one but the folder."""
        settings = Settings(local=self.folder, search_seconds=search_seconds, cursor_key=cursor_key)
        access = open_access(settings)
        access.limits = limits or Limits()
        return access
