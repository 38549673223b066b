"""`make bench`: how fast, how large. Prints a Markdown table; every line is measured side by side, in one run.

python -m tests.bench [--quick]
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client, StdioServerParameters

from mail_archive_local.context import Local
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.statements import Query, TextCondition
from mail_archive_local.storage.store import Store
from tests import (
    bench_answers,
    bench_exports,
    bench_facts,
    bench_findings,
    bench_index,
    bench_paint,
    bench_reading,
    bench_sandbox,
    bench_searching,
)
from tests.conftest import CORPUS, Clock, LocalApi
from tests.folder import keeping_archive

QUICK = "--quick" in sys.argv
REPEATS = 3 if QUICK else 15
SIZES = (1_000, 10_000) if QUICK else (1_000, 10_000, 100_000)
NEWEST = 20

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
server.run("stdio")
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        folder = Path(name)
        print("| what | measured | beside it | ratio | peak memory |\n| --- | --- | --- | --- | --- |")
        filled = fill(folder / "thousand", 1_000)
        anyio.run(start_up, folder, filled)
        anyio.run(pages, filled)
        answers()
        facts()
        importing(folder)
        exporting()
        reading()
        workers()
        any_range()
        indexing()
        for size in SIZES:
            searching(fill(folder / f"{size}", size) if size != 1_000 else filled, size)


def indexing() -> None:
    """Indexing and asking an index of content: of how the rest grows, `python -m tests.bench_index` tells."""
    if not CORPUS.is_dir():
        print("| an index of content: not measured, the test corpus is absent |  |  |  |  |")
        return
    measured = bench_index.measure(2_000 if QUICK else 20_000)
    size = f"{measured.bytes_a_message / 1000:.1f} KB a mail"
    what = f"an index of content of {measured.messages:,} mails"
    row(what, f"{measured.per_second:.0f} messages/s, {size}", memory=measured.memory)
    for kind in measured.times:
        row(f"{kind}, over them, p50 / p95", f"{measured.said(kind)} ms")


def row(what: str, measured: str, beside: str = "", ratio: float | None = None, memory: float | None = None) -> None:
    shown_ratio = "" if ratio is None else f"{ratio:.2f}"
    shown_memory = "" if memory is None else f"{memory:.0f} MB"
    print(f"| {what} | {measured} | {beside} | {shown_ratio} | {shown_memory} |", flush=True)


def milliseconds(values: list[float]) -> str:
    return f"{statistics.median(values) * 1000:,.1f} ms"


def timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def peak_megabytes(pid: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def start_up(folder: Path, archive: Path) -> None:
    """A process is started until its tools are listed: ours, and a bare server with one tool. Once by what the servers
    do, line by line, and once with what the SDK's client makes of the answer, which is longer for many tools."""
    (folder / "bare.py").write_text(BARE)
    commands = [str(folder / "bare.py")], ["-m", "mail_archive_server", "--local", str(archive)]
    for what, listed in (("", answered), (", and the SDK's client to read it", listed_by_client)):
        bare: list[float] = []
        ours: list[float] = []
        for _ in range(REPEATS):
            for command, times in zip(commands, (bare, ours), strict=True):
                seconds, memory = await listed(command)
                times.append(seconds)
        ratio = statistics.median(mine / other for mine, other in zip(ours, bare, strict=True))
        beside = f"bare `MCPServer`: {milliseconds(bare)}"
        row(f"process start to first `tools/list`{what}", milliseconds(ours), beside, ratio, memory)


async def listed_by_client(arguments: list[str]) -> tuple[float, float]:
    """Seconds until the tools were listed, and the server's peak memory then, in MB."""
    started = time.perf_counter()
    async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
        await client.list_tools()
        return time.perf_counter() - started, max(map(peak_megabytes, children()))


async def answered(arguments: list[str]) -> tuple[float, float]:
    """The same, spoken to line by line."""
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    started = time.perf_counter()
    async with await anyio.open_process([sys.executable, *arguments], stderr=None) as process:
        assert process.stdin and process.stdout
        answers = BufferedByteReceiveStream(process.stdout)
        for request, is_answered in (
            ({"id": 1, "method": "initialize", "params": client}, True),
            ({"method": "notifications/initialized"}, False),
            ({"id": 2, "method": "tools/list"}, True),
        ):
            await process.stdin.send(json.dumps({"jsonrpc": "2.0", **request}).encode() + b"\n")
            if is_answered:
                await answers.receive_until(b"\n", 10_000_000)
        seconds = time.perf_counter() - started
        memory = peak_megabytes(str(process.pid))
        await process.stdin.aclose()
    return seconds, memory


def answers() -> None:
    """What tools say in an investigation, and how fast a filtered search reads bodies."""
    found = bench_answers.measure()
    text, structured = sum(each.text for each in found), sum(each.structured for each in found)
    row(f"{len(found)} answers on the sample", f"{text:,} bytes of text, {structured:,} of structured content")
    count = 200 if QUICK else 1_000
    row(f"`filter_here.body` over {count:,} messages", f"{bench_answers.bodies_a_second(count):,.0f} bodies/s")


def facts() -> None:
    """Messages that become facts in a second, near and far, and what keeping them takes."""
    found = bench_facts.measure(300 if QUICK else 1_000)
    row(f"facts of {found.count:,} messages, local archive", f"{found.local:,.0f} messages/s")
    row(
        "the same through an endpoint with 30 ms of latency",
        f"{found.far:,.0f} messages/s",
        f"one by one: {found.far_one_by_one:,.1f} messages/s",
        found.far / found.far_one_by_one,
    )
    row("a second question about them", f"{found.second * 1_000:,.0f} ms")
    row(f"{bench_facts.KEPT:,} facts in memory", f"{found.megabytes:,.0f} MB")


async def pages(folder: Path) -> None:
    """A page of 20 of a search that found 1,000, over stdio, and the same call by boto3."""
    with Store(folder) as store:
        clock = Clock()
        clock.now = time.time() - 3600
        api = LocalApi(store, clock, search_seconds=0)
        archive_id = store.archives()[0].archive_id
        direct: list[float] = []
        first: list[float] = []
        second: list[float] = []
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "mail_archive_server", "--local", str(folder)]
        )
        async with Client(server) as client:
            await client.call_tool("list_archives", {})
            for _ in range(REPEATS):
                search_id = api.client.start_archive_search(
                    ArchiveId=archive_id, FromTimestamp=JUNE[0], ToTimestamp=JUNE[1], MaxResults=1000
                )["SearchId"]
                started = time.perf_counter()
                rows = api.client.get_archive_search_results(SearchId=search_id)["Rows"]
                direct.append(time.perf_counter() - started)
                assert len(rows) == 1000
                cursor: dict[str, str] = {}
                for times in (first, second):
                    started = time.perf_counter()
                    page = await client.call_tool("get_archive_search_results", {"search_id": search_id, **cursor})
                    times.append(time.perf_counter() - started)
                    structured = page.structured_content or {}
                    assert len(structured["Rows"]) == NEWEST
                    cursor = {"cursor": structured["NextCursor"]}
            memory = max(map(peak_megabytes, children()))
    beside = f"boto3 directly: {milliseconds(direct)}"
    row("first page of 20 of 1,000 rows over stdio", milliseconds(first), beside, ratio_of(first, direct), memory)
    row("second page", milliseconds(second), beside, ratio_of(second, direct))


def children() -> list[str]:
    """The processes that this one started."""
    task = Path("/proc/self/task")
    return [pid for each in task.iterdir() for pid in (each / "children").read_text().split()]


def ratio_of(mine: list[float], other: list[float]) -> float:
    return statistics.median(mine) / statistics.median(other)


JUNE = (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 30, tzinfo=UTC))
MONTH_SECONDS = 29 * 86_400


def fill(folder: Path, count: int) -> Path:
    """An archive with that many messages in June 2025."""
    with Store(folder, create=True) as store:
        archive = store.archive(keeping_archive(Local(store, str), "bench"))
        assert archive is not None
        begin, step = JUNE[0].timestamp(), MONTH_SECONDS / count
        for start in range(0, count, 5_000):
            store.add_messages(
                archive,
                [
                    describe(message(number), archive.archive_id, begin + number * step)
                    for number in range(start, min(start + 5_000, count))
                ],
            )
    return folder


def message(number: int) -> bytes:
    words = ("invoice", "order", "meeting", "offer", "report", "question", "delivery")
    rare = " zanzibar" if number % 997 == 0 else ""
    lines = [
        f"Received: from mx{number % 13}.supplier-{number % 101}.example (mx.supplier-{number % 101}.example "
        f"[192.0.2.{number % 250}]) by in.here.example with ESMTPS for <team-{number % 17}@here.example>; not dated",
        f"From: Person {number % 503} <person-{number % 503}@supplier-{number % 101}.example>",
        f"To: Team {number % 17} <team-{number % 17}@here.example>",
        f"Subject: {words[number % 7]} {number} about {words[number % 5]}{rare}",
        f"Message-ID: <{number}@supplier.example>",
    ]
    return ("\r\n".join(lines) + "\r\n\r\nHello\r\n").encode()


@contextmanager
def maildir(folder: Path) -> Iterator[Path]:
    """The corpus's single messages, as files that both programs read."""
    mail = folder / "mail"
    for kind in ("spamassassin", "bounces", "rspamd", "notmuch"):
        shutil.copytree(CORPUS / kind, mail / kind)
    for other in mail.rglob("*.md"):
        other.unlink()
    yield mail
    shutil.rmtree(mail)


def importing(folder: Path) -> None:
    """Messages a second, whole process included: ours, and `notmuch new` on the same files."""
    if not CORPUS.is_dir():
        row("import", "--no-index", "no corpus here")
        return
    with maildir(folder) as mail:
        ours, theirs, memory, count = [], [], 0.0, 0
        for _ in range(1 if QUICK else 3):
            seconds, count, memory = import_once(folder / "imported", mail)
            ours.append(count / seconds)
            if shutil.which("notmuch"):
                theirs.append(notmuch_once(folder, mail))
    beside = f"`notmuch new`: {statistics.median(theirs):,.0f} messages/s" if theirs else "notmuch is not installed"
    ratio = statistics.median(ours) / statistics.median(theirs) if theirs else None
    row(f"import of {count:,} real messages", f"{statistics.median(ours):,.0f} messages/s", beside, ratio, memory)


def exporting() -> None:
    """Out of an archive with metadata, and back into another."""
    count = 2_000 if QUICK else 50_000
    found = bench_exports.measure(count)
    what = f"export of {count:,} messages of 2 KB with metadata, to a folder"
    row(what, f"{found.exported:,.0f} messages/s", memory=found.memory)
    row("import of that export", f"{found.imported:,.0f} messages/s", memory=found.import_memory)
    row("`export-local` of them as .eml", f"{found.written:,.0f} messages/s", memory=found.written_memory)


def reading() -> None:
    """The whole reading of a message, beside the standard library's parser, which does a part of it."""
    if not CORPUS.is_dir():
        row("reading", "no corpus here")
        return
    found = bench_reading.reading(CORPUS)
    beside = f"`email`, `policy.default`, parts decoded: {found.theirs:,.0f} messages/s"
    measured = f"{found.ours:,.0f} messages/s ({found.megabytes:.1f} MB/s), p99 {found.p99 * 1000:.0f} ms"
    row(
        f"reading of {found.count:,} real messages, with text from HTML, analysis, cleaning",
        measured,
        beside,
        found.ratio,
    )
    row(f"HTML to text, {found.bodies} of their bodies", f"{found.conversions:,.0f} bodies/s")
    for kind, (ours, theirs) in bench_reading.answers_beside_theirs(CORPUS).items():
        row(
            f"whole answers of `read_archive_message`, {kind}",
            f"{ours:,.0f} a second",
            f"the same parser: {theirs:,.0f} messages/s",
            ours / theirs,
        )
    for kind, shares in bench_findings.by_kind(CORPUS).items():
        told = f"{shares.share:.1%} of {shares.messages:,}, a heavy one {shares.heavy_share:.1%}"
        row(f"messages with a finding other than a changed body, SpamAssassin corpus (2002), {kind}", told)
    for what, told in bench_paint.lines():
        row(what, told)
    size, peak = bench_reading.large_message_peak()
    row(f"reading of one message of {size:.0f} MB", f"{peak / size:.1f} times its size", memory=peak)


def workers() -> None:
    """The processes that read mail: how long one takes to be there, what it may call, and reading in them."""
    found = bench_sandbox.measure(REPEATS)
    row(
        "start of a worker, until it has read a letter",
        f"{found.copy * 1_000:.0f} ms, the first of all {found.first * 1_000:.0f} ms",
        f"a process by itself: {found.by_itself * 1_000:.0f} ms",
        found.copy / found.by_itself,
    )
    row("system calls that a worker may make", bench_sandbox.allowed_calls())
    what = f"reading of {bench_sandbox.COUNT} messages in workers, one batch"
    measured = f"{found.reading:.2f} s, {found.reading_cpu:.2f} s of CPU"
    if found.before is None or found.before_cpu is None:
        row(what, measured, f"commit {bench_sandbox.BEFORE} is not here")
        return
    beside = f"commit {bench_sandbox.BEFORE}: {found.before:.2f} s, {found.before_cpu:.2f} s of CPU"
    row(what, measured, beside, found.reading / found.before)


def any_range() -> None:
    """A search of five years, every page of it, beside a plain loop of searches; and the same counted."""
    found = bench_searching.measure(*((4_000, 6_000) if QUICK else (40_000, 60_000)))
    ours, plain, counting = found.ours, found.plain, found.counting
    assert ours.rows == plain.rows == counting.rows
    row(
        f"all {ours.rows:,} rows of five years, of {found.messages:,} messages, searches of "
        f"{bench_searching.SEARCH_SECONDS} s",
        f"{ours.searches} searches ({found.least} is the least), {ours.seconds:.1f} s, "
        f"{ours.per_thousand:.2f} s per 1,000 rows",
        f"fixed windows, halved: {plain.searches} searches, {plain.seconds:.1f} s, "
        f"{plain.per_thousand:.2f} s per 1,000 rows",
        ours.seconds / plain.seconds,
    )
    row(
        "the same counted by sender, recipient and month",
        f"{counting.searches} searches, {counting.seconds:.1f} s, {counting.per_thousand:.2f} s per 1,000 rows",
    )


def import_once(folder: Path, mail: Path) -> tuple[float, int, float]:
    script = (
        "import sys; from pathlib import Path; from mail_archive_server.cli import main; main(sys.argv[1:]); "
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-c", script, "import", "--no-index", str(folder), str(mail)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    with Store(folder) as store:
        count = store.count_messages(store.archives()[0])
    shutil.rmtree(folder)
    return seconds, count, int(finished.stdout.split()[-1]) / 1024


def notmuch_once(folder: Path, mail: Path) -> float:
    configuration = folder / "notmuch-config"
    configuration.write_text(
        f"[database]\npath={mail}\n[user]\nname=Bench\nprimary_email=bench@here.example\n[new]\ntags=\n[maildir]\nsynchronize_flags=false\n"
    )
    environment = {"NOTMUCH_CONFIG": str(configuration), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    seconds = timed(
        lambda: subprocess.run(["notmuch", "new", "--quiet"], env=environment, check=True, stderr=subprocess.DEVNULL)
    )
    counted = subprocess.run(
        ["notmuch", "count", "--output=files", "*"], env=environment, check=True, capture_output=True
    )
    shutil.rmtree(mail / ".notmuch")
    return int(json.loads(counted.stdout)) / seconds


QUERIES = {
    "a rare word": TextCondition("subject", ("zanzibar",)),
    "a common word": TextCondition("subject", ("invoice",)),
    "two letters": TextCondition("subject", ("nz",)),
    "a word that is nowhere": TextCondition("subject", ("no such word",)),
}


def searching(folder: Path, size: int) -> None:
    """The newest 20 that match, found in the store by a process of its own."""
    command = [sys.executable, "-m", "tests.bench", "--search", str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(printed)
    row(f"newest 20 of {size:,} messages", found["times"], memory=found["memory"])


def search(folder: Path) -> None:
    with Store(folder) as store:
        first, last = (int(each.timestamp()) for each in JUNE)
        found = []
        for name, condition in QUERIES.items():
            query = Query(store.archives()[0].number, first, last, include=(condition,))
            store.find(query, NEWEST)
            times = [timed(partial(store.find, query, NEWEST)) for _ in range(REPEATS)]
            found.append(f"{name} {milliseconds(times)}")
    print(json.dumps({"times": ", ".join(found), "memory": peak_megabytes("self")}))


if __name__ == "__main__":
    if "--search" in sys.argv:
        search(Path(sys.argv[-1]))
    else:
        main()
