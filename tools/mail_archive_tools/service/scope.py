"""The archives that a server keeps to: what is of another one is refused before the service is called.

Where the credentials themselves are narrowed, the service refuses as well, and this is the second fence. Where they
are not, or nobody knows yet (`alone`), it is the only one: then a message is read only if a search of these archives
found it, since the id of a message says nothing of its archive.
"""

from collections.abc import Iterable

from mail_archive_tools.errors import OutOfScope
from mail_archive_tools.untrusted import clean_line

KEPT_IDS = 200_000
"""Ids of messages that are remembered, the newest of them."""


class Scope:
    """The archives, and what is known to be in them."""

    def __init__(self, archive_ids: Iterable[str], *, alone: bool = False, kept_ids: int = KEPT_IDS) -> None:
        self.archive_ids = frozenset(archive_ids)
        self.alone = alone
        self._remembers = alone
        self._kept_ids = kept_ids
        self._searches: dict[str, None] = {}
        self._messages: dict[str, None] = {}

    def refuse_archive(self, archive_id: str, of: str = "") -> None:
        """Let an archive pass that is one of these; `of` names what is in it.

        Raises:
            OutOfScope: it is another one.
        """
        if archive_id in self.archive_ids:
            return
        what = f"Archive {clean_line(archive_id)}"
        if of:
            what = f"The {of} is in archive {clean_line(archive_id)}, which"
        raise OutOfScope(f"{what} is none of those that this server keeps to (--archive): {self._names}.")

    def knows_search(self, search_id: str) -> bool:
        """Whether the search is one of these archives', as far as is known."""
        return search_id in self._searches

    def note_search(self, search_id: str) -> None:
        """This search is of one of these archives."""
        self._remember(self._searches, search_id)

    def note_messages(self, archived_message_ids: Iterable[str]) -> None:
        """These messages were found in one of these archives."""
        if not self._remembers:
            return
        for each in archived_message_ids:
            self._remember(self._messages, each)

    def refuse_message(self, archived_message_id: str) -> None:
        """Let a message pass that may be in one of these archives.

        Raises:
            OutOfScope: nobody but this server keeps to them, and no search here has found the message.
        """
        if not self.alone or archived_message_id in self._messages:
            return
        raise OutOfScope(
            f"Nothing but this server keeps these credentials to archives {self._names} (--unscoped-ok). So it "
            f"reads only messages that its own searches found, and none has found "
            f"{clean_line(archived_message_id)}: find it with search_archive first."
        )

    @property
    def _names(self) -> str:
        return ", ".join(sorted(self.archive_ids))

    def _remember(self, known: dict[str, None], key: str) -> None:
        known[key] = None
        if len(known) > self._kept_ids:
            oldest = next(iter(known))
            del known[oldest]
