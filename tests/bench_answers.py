"""How much tools say: the bytes of twenty answers of an investigation of the sample; and how fast bodies are read.

python -m tests.bench_answers  prints each answer's bytes, as text and as structured content
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from mail_archive_local import ArchiveFolder
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.sample.fill import fill
from mail_archive_server.settings import Settings
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from tests.tools.searching.timelines import Timeline, moment

YEAR = {"from_timestamp": "2025-01-02", "to_timestamp": "2025-12-31"}
APRIL = {"from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}


@dataclass(frozen=True)
class Answer:
    """Bytes of UTF-8; of JSON without spaces."""

    tool: str
    text: int
    structured: int


@contextmanager
def sample() -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        folder = Path(name) / "sample"
        with ArchiveFolder(folder, create=True) as opened:
            archive_id = fill(opened)
        yield folder, archive_id


async def twenty(folder: Path, archive_id: str) -> list[Answer]:
    """What the tools answer, as a client hears it."""
    access = open_access(Settings(local=folder, search_seconds=0))
    answers: list[Answer] = []
    where = {"archive_id": archive_id}
    async with Client(build_server(lambda: access)) as client:

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            text = "".join(block.text for block in result.content if block.type == "text")
            assert not result.is_error, text
            structured = result.structured_content or {}
            compact = json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
            answers.append(Answer(tool, len(text.encode()), len(compact.encode())))
            return structured

        search = partial(call, "search_archive", **where, **YEAR)
        await call("list_archives")
        await call("get_archive", **where)
        suspect = {"archived_message_id": (await search(subject=["bank"]))["Rows"][-1]["ArchivedMessageId"]}
        await search(cursor=(await search())["NextCursor"])
        await search(sender=["brightwel"], limit=5)
        await search(subject=["no such words"])
        spring = {"from_timestamp": "2025-03-01T00:00:00", "to_timestamp": "2025-04-30T00:00:00"}
        await call("search_archive", **where, **spring, has_attachments="yes", limit=10)
        await search(filter_here={"body": ["account"]}, limit=5)
        await search(limit=3, order="oldest_first")
        await call("summarize_archive_search", **where, **YEAR)
        await call("summarize_archive_search", **where, **YEAR, group_by=["sender_domain", "subject"], top=5)
        await call("get_archive_thread", **where, **suspect)
        started = {"search_id": (await call("start_archive_search", **where, **APRIL))["SearchId"]}
        await call("get_archive_search", **started)
        await call("get_archive_search_results", **started, page_size=5)
        await call("get_archive_message", **suspect)
        await call("get_archive_message_content", **suspect)
        file = (await call("read_archive_message", **suspect))["Attachments"][0]["AttachmentId"]
        await call("read_archive_attachment", **suspect, attachment_id=file)
    return answers


def measure() -> list[Answer]:
    with sample() as (folder, archive_id):
        return anyio.run(twenty, folder, archive_id)


def bodies_a_second(count: int) -> float:
    """Bodies that a filtered search reads in a second: all of them, for a word that none has."""
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        timeline = Timeline(Path(name) / "archive")
        text = "\r\n".join(f"Line {number} of a mail of ordinary length." for number in range(40))
        timeline.put(range(1_000, 1_000 + count * 60, 60), Subject="a", body=f"{text}\r\n")
        started = time.perf_counter()
        page = anyio.run(
            partial(
                search_archive,
                timeline.archive_id,
                moment(0),
                moment(1_000 + count * 60),
                filter_here=FilterHere(body=["no such words"]),
                access=timeline.access(),
            )
        )
        assert page.complete and page.filtered_here and page.filtered_here.rows_read == count
        return count / (time.perf_counter() - started)


if __name__ == "__main__":
    for answer in measure():
        print(f"{answer.tool:<28} {answer.text:>6,} {answer.structured:>6,}")
