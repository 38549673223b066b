"""How fast an index of content is made and answers, and how large it is: of the test corpus's mail, repeated with
changes, and of mail that is made up.

python -m tests.bench_index [messages ...] [--made-up messages]
"""

from __future__ import annotations

import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from mail_archive_local.context import Local
from mail_archive_local.importing.record import describe
from mail_archive_local.importing.sources import Found, read_sources
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.index.question import Conditions, Question
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from mail_archive_tools.storage.index_file.index_file import IndexFile
from mail_archive_tools.summarize import summarize_archive_search
from mail_archive_tools.words.questions import WordCondition, read_sought
from mail_archive_tools.words.texts import BODY
from tests.conftest import CORPUS
from tests.folder import keeping_archive
from tests.tools.index.entries import ARCHIVE, entry
from tests.tools.indexing.scene import BEGIN, END

_LARGEST = 400_000
"""Bytes of one mail; larger ones are a matter of attachments."""
_PUT_AT_ONCE = 500
_TIMES = 5
KINDS = {
    "a word": ("linux", "money", "the", "and", "meeting", "free"),
    "a phrase": ("click here", "free money", "in the", "mailing list"),
    "a beginning": ("inv*", "pro*", "re*", "in*", "co*", "linu*"),
    "two CJK letters": ("東京", "中国", "我们", "日本"),
}


@dataclass
class Measured:
    """What was measured of one archive; times in milliseconds."""

    messages: int
    per_second: float
    bytes_a_message: float
    memory: float
    times: dict[str, list[float]] = field(default_factory=dict)

    def said(self, kind: str) -> str:
        found = sorted(self.times[kind])
        p95 = found[min(len(found) - 1, int(len(found) * 0.95))]
        return f"{statistics.median(found):.1f} / {p95:.1f}"


def measure(count: int) -> Measured:
    """An archive of so many mails of the corpus: indexed by the command, and asked through the tools."""
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        folder = Path(name) / "archive"
        archive_id = fill(folder, count)
        measured = _indexed(folder, count)
        anyio.run(_ask, folder, archive_id, measured)
    return measured


def fill(folder: Path, count: int) -> str:
    """Make an archive of so many mails; returns its id."""
    with Store(folder, create=True) as store:
        archive_id = keeping_archive(Local(store, str), "indexed")
        archive = store.archive(archive_id)
        assert archive is not None
        new = [describe(raw, archive_id, 0) for raw in mails(count)]
        store.add_messages(archive, new)
    return archive_id


def mails(count: int) -> Iterator[bytes]:
    """So many mails: the corpus once, and again with other Message-IDs and some more words."""
    found = (each for each in read_sources([CORPUS]) if isinstance(each, Found))
    raws = [each.raw for each in found if len(each.raw) < _LARGEST]
    chance = random.Random(7)
    words = [word for raw in raws[:300] for word in re.findall(rb"[a-z]{4,12}", raw)]
    for number in range(count):
        raw = raws[number % len(raws)]
        turn = number // len(raws)
        if not turn:
            yield raw
            continue
        changed = re.sub(rb"(?im)^(message-id:\s*<)", rb"\g<1>%d." % turn, raw, count=1)
        more = b" ".join(chance.choices(words, k=40))
        yield changed + b"\n" + more + b"\n"


def _indexed(folder: Path, count: int) -> Measured:
    command = [sys.executable, "-m", "mail_archive_server", "index", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as indexer:
        peak = 0.0
        while indexer.poll() is None:
            peak = max(peak, _peak_of(indexer.pid))
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    size = (folder / "index.sqlite3").stat().st_size
    return Measured(count, count / seconds, size / count, peak)


def _peak_of(pid: int) -> float:
    """The most memory that a process has had, in MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0


async def _ask(folder: Path, archive_id: str, measured: Measured) -> None:
    access = open_access(Settings(local=folder, search_seconds=0))

    async def page(word: str) -> Any:
        wanted = FilterHere(body=[word])
        return await search_archive(archive_id, BEGIN, END, filter_here=wanted, access=access)

    async def counts(word: str, by: str) -> Any:
        _forget_counts(access)
        wanted = FilterHere(body=[word])
        return await summarize_archive_search(archive_id, BEGIN, END, filter_here=wanted, group_by=[by], access=access)

    async def headers() -> Any:
        _forget_counts(access)
        return await summarize_archive_search(archive_id, BEGIN, END, access=access)

    # The service is asked what this caller may, once an hour.
    await page("first")
    for kind, asked in KINDS.items():
        measured.times[kind] = [await _timed(partial(page, word)) for word in asked * _TIMES]
    for by in ("month", "sender", "link_host", "finding"):
        of_words = [await _timed(partial(counts, word, by)) for word in _COUNTED]
        measured.times[f"counts by {by}"] = of_words
    measured.times["all header fields"] = [await _timed(headers) for _ in range(_TIMES)]


_COUNTED = ("linux", "inv*", "money", "meeting", "free")


def _forget_counts(access: Access) -> None:
    access.counter = type(access.counter)()


async def _timed(ask: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1000


def measure_made_up(count: int) -> Measured:
    """An index alone, of so many entries that are made up: of 60 words each of a vocabulary of 50,000, as Zipf says."""
    chance = random.Random(7)
    vocabulary = [f"w{number}" for number in range(50_000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        index = IndexFile(Path(name) / "index.sqlite3", writes=True)
        began = time.perf_counter()
        words = iter(chance.choices(vocabulary, weights, k=60 * count))
        for start in range(0, count, _PUT_AT_ONCE):
            numbers = range(start, min(start + _PUT_AT_ONCE, count))
            index.put(ARCHIVE, [_made_up(number, [next(words) for _ in range(60)]) for number in numbers])
        seconds = time.perf_counter() - began
        size = index.path.stat().st_size
        measured = Measured(count, count / seconds, size / count, 0)
        for kind, asked in {"a rare word": "w49000", "a common word": "w3", "a phrase": "w3 w7"}.items():
            found = [_find(index, asked) for _ in range(_TIMES)]
            measured.times[kind] = found
        index.close()
    return measured


def _made_up(number: int, words: list[str]) -> Any:
    sender = f"Person {number % 5_003} <p{number % 5_003}@a.example>"
    return entry(f"m{number:09}", 1_000_000_000 + 60 * number, " ".join(words), From=sender)


def _find(index: IndexFile, asked: str) -> float:
    condition = WordCondition(BODY, (read_sought(asked, "body"),))
    question = Question(ARCHIVE, 0, 4_000_000_000, conditions=Conditions(words=(condition,)))
    began = time.perf_counter()
    part = index.find(question, 100)
    # What was looked at is told with each page.
    index.looked(question)
    assert part.entries or asked == "w49000"
    return (time.perf_counter() - began) * 1000


def rows(counts: list[int], made_up: list[int]) -> Iterator[str]:
    """A Markdown table: medians and p95 in milliseconds."""
    yield "| mails | indexed a second | KB a mail | memory, MB | question: p50 / p95, ms |"
    yield "| --- | --- | --- | --- | --- |"
    for count in counts:
        yield _row(measure(count), f"{count:,} of the corpus, repeated with changes")
    for count in made_up:
        yield _row(measure_made_up(count), f"{count:,} made up, in SQLite alone")


def _row(measured: Measured, what: str) -> str:
    told = "; ".join(f"{kind} {measured.said(kind)}" for kind in measured.times)
    memory = f"{measured.memory:.0f}" if measured.memory else ""
    kilobytes = measured.bytes_a_message / 1000
    return f"| {what} | {measured.per_second:.0f} | {kilobytes:.1f} | {memory} | {told} |"


if __name__ == "__main__":
    words = sys.argv[1:]
    of_made_up: list[int] = []
    if "--made-up" in words:
        place = words.index("--made-up")
        of_made_up = [int(words[place + 1])]
        del words[place : place + 2]
    for line in rows([int(word) for word in words], of_made_up):
        print(line, flush=True)
