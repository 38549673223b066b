"""What a tool works with beside its arguments: one identity's rooms, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mail_archive_tools.cache import Cache
from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.counting.counter import Counter
from mail_archive_tools.errors import InvalidArgument, Misconfigured, OutOfScope
from mail_archive_tools.index.engine import Index
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.reading.dkim_keys import FindKeys, no_keys
from mail_archive_tools.reading.links import LinkRule, no_link
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.reading.similarity import Similar
from mail_archive_tools.searching.cursors import Cursors
from mail_archive_tools.searching.indexed.answering import Indexes
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.service.buckets import Buckets, Location
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.storage.kept_facts import FactsKept, Nowhere

_LEADERS = 50_000
"""Messages that others are compared with (`deduplicate="similar"`), of all searches together: some 60 MB."""


@dataclass
class Access:
    """One identity's access to its archives. Share it between calls of that identity, and no other."""

    client: MailManager
    searcher: Searcher
    reader: Reader
    counter: Counter
    indexes: Indexes
    cursors: Cursors = field(default_factory=Cursors)
    show_download_links: bool = True
    buckets: Buckets = field(default_factory=lambda: Buckets(_no_buckets))
    export_to: tuple[Location, ...] = ()
    leaders: Cache[Similar] = field(default_factory=lambda: Cache(_LEADERS, lambda similar: len(similar.ids) + 1))

    def destination(self, url: str) -> Location:
        """The place in S3 of that URL, where exports may go there. Nothing is asked of anybody.

        Raises:
            InvalidArgument: it is no place in S3, or not plainly one.
            Misconfigured: nobody said where exports may go, or they go nowhere.
            OutOfScope: exports may go to other places only.
        """
        try:
            location = Location.named(url)
        except ValueError:
            raise InvalidArgument(
                f"{quoted(url)} is no place to export to. Name one such as s3://bucket/prefix, of letters, digits and "
                "!_.-'(), with no part between slashes that is empty, . or .. ; nothing was sent anywhere."
            ) from None

        if not self.export_to:
            raise Misconfigured(
                "Nothing is exported before somebody says where to: whoever runs this server names the places with "
                "--export-to s3://bucket/prefix, a program with `export_to`."
            )
        if not self.exports_to(location):
            allowed = ", ".join(map(str, self.export_to))
            raise OutOfScope(f"This server exports to {allowed} only (--export-to), and {location} is none of these.")
        self.buckets.refuse_nowhere()
        return location

    def exports_to(self, location: Location) -> bool:
        """Whether it is one of the places that exports may go to, or in one."""
        return any(location.is_within(each) for each in self.export_to)

    async def leaders_of(self, query: str) -> Similar:
        """The messages that the answers of a search have shown so far, none of them like another."""

        async def none_yet() -> Similar:
            return Similar()

        return await self.leaders.get(query, none_yet)

    @classmethod
    def to(
        cls,
        client: MailManager,
        *,
        may_download: LinkRule = no_link,
        context: Context = NOTHING_KNOWN,
        find_keys: FindKeys = no_keys,
        facts_kept: FactsKept | None = None,
        open_index: Callable[[], Index] | None = None,
        buckets: Buckets | None = None,
        export_to: tuple[Location, ...] = (),
        cursors: Cursors | None = None,
        show_download_links: bool = True,
    ) -> Access:
        """The access that a client gives; `may_download` says which links to raw messages it follows, `context` what
        is known beside a message, `find_keys` looks for the keys of signatures, `facts_kept` keeps facts beyond a
        process; `open_index` opens an index of content, which answers what it holds; exports go to `buckets`, and there
        to the places `export_to` alone."""
        reader = Reader(client, may_download, context, find_keys, facts_kept or Nowhere())
        # What a search told of a message is compared with what the reader is given for it.
        searcher = Searcher(client, told=reader.told)
        return cls(
            client,
            searcher,
            reader,
            Counter(),
            Indexes(searcher, open_index),
            cursors or Cursors(),
            show_download_links,
            buckets or Buckets(_no_buckets),
            export_to,
        )


def _no_buckets() -> Any:
    raise Misconfigured("This access knows no S3: give it `buckets` to export.")
