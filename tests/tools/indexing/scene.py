"""An archive with an index, and the ways to ask both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mail_archive_server.backends import open_access
from mail_archive_server.indexes import NAME, made_of
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.indexing.indexer import Fetch, Indexer, by_link
from mail_archive_tools.indexing.tally import IndexTally
from mail_archive_tools.models.query import Exclude, FilterHere
from mail_archive_tools.models.search import ArchiveSearchPage
from mail_archive_tools.models.summary import ArchiveSearchSummary
from mail_archive_tools.search import search_archive
from mail_archive_tools.storage.index_file.index_file import IndexFile
from mail_archive_tools.summarize import summarize_archive_search

BEGIN, END = datetime(1990, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Scene:
    """A folder with one archive; `reading` is a program that has no index."""

    folder: Path
    archive_id: str
    reading: Access
    indexed: Access

    @classmethod
    def of(cls, folder: Path, archive_id: str) -> Scene:
        """The archive in a folder: of its index what there is when it is first asked."""
        settings = Settings(local=folder, search_seconds=0, index=str(folder / NAME))
        without = Settings(local=folder, search_seconds=0, index="none")
        return cls(folder, archive_id, open_access(without), open_access(settings))

    @property
    def place(self) -> Path:
        return self.folder / NAME

    async def fill(
        self,
        begin: datetime = BEGIN,
        end: datetime = END,
        stopped: Callable[[], bool] = lambda: False,
        fetch: Fetch = by_link,
        access: Access | None = None,
    ) -> IndexTally:
        """Index a range, as the command does."""
        with closing(IndexFile(self.place, made_of(Settings(), {}), writes=True)) as index:
            indexer = Indexer(access or self.reading, index, stopped=stopped, fetch=fetch)
            return await indexer.complete(self.archive_id, begin, end)


def arguments_of(question: dict[str, Any]) -> dict[str, Any]:
    """A question's arguments as a tool takes them."""
    made = dict(question)
    for name, model in (("filter_here", FilterHere), ("exclude", Exclude)):
        if name in made:
            made[name] = model(**made[name])
    return made


async def page(
    scene: Scene, access: Access, question: dict[str, Any], begin: datetime = BEGIN, end: datetime = END, **more: Any
) -> ArchiveSearchPage:
    return await search_archive(scene.archive_id, begin, end, access=access, **arguments_of(question), **more)


async def pages(
    scene: Scene, access: Access, question: dict[str, Any], limit: int = 50, **more: Any
) -> tuple[list[tuple[str, ...]], ArchiveSearchPage]:
    """The ids of all pages, of copies together, and the last page."""
    found: list[tuple[str, ...]] = []
    cursor = None
    while True:
        answer = await page(scene, access, question, limit=limit, cursor=cursor, **more)
        found += [(row.archived_message_id or "", *sorted(row.copy_ids or ())) for row in answer.rows]
        cursor = answer.next_cursor
        if cursor is None:
            return found, answer


async def summary(
    scene: Scene, access: Access, question: dict[str, Any], group_by: list[str], **more: Any
) -> ArchiveSearchSummary:
    """A summary, asked for until nothing is left to read."""
    while True:
        answer = await summarize_archive_search(
            scene.archive_id, BEGIN, END, group_by=group_by, access=access, **arguments_of(question), **more
        )
        looked = answer.filtered_here
        if looked is None or looked.rows_read + (looked.not_read or 0) >= looked.rows_found:
            return answer


def said(answer: ArchiveSearchSummary) -> dict[str, Any]:
    """What a summary says, but for how it came to know it."""
    members = answer.structured()
    for name in ("SearchesSoFar", "Notes"):
        members.pop(name, None)
    return members
