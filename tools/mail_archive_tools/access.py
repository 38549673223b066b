"""What a tool works with beside its arguments: one identity's rooms, put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from mail_archive_tools.counting.counter import Counter
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.reading.keys import FindKeys, no_keys
from mail_archive_tools.reading.links import LinkRule, no_link
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.cursors import Cursors
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.service.client import MailManager


@dataclass
class Access:
    """One identity's access to its archives. Share it between calls of that identity, and no other."""

    client: MailManager
    searcher: Searcher
    reader: Reader
    counter: Counter
    cursors: Cursors = field(default_factory=Cursors)
    show_download_links: bool = True

    @classmethod
    def to(
        cls,
        client: MailManager,
        *,
        may_download: LinkRule = no_link,
        context: Context = NOTHING_KNOWN,
        find_keys: FindKeys = no_keys,
        cursors: Cursors | None = None,
        show_download_links: bool = True,
    ) -> Access:
        """The access that a client gives; `may_download` says which links to raw messages it follows, `context` what
        is known beside a message, `find_keys` looks for the keys of signatures."""
        return cls(
            client,
            Searcher(client),
            Reader(client, may_download, context, find_keys),
            Counter(),
            cursors or Cursors(),
            show_download_links,
        )
