"""How fast messages become facts: from the local archive, and from an endpoint that takes 30 ms to answer, which is a
process of its own; how fast a second question is; and what 100,000 facts weigh.

python -m tests.bench_facts
"""

import dataclasses
import hashlib
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import anyio
import boto3
from botocore.config import Config

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.store import Store
from mail_archive_tools.access import Access
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.reading.links import origin_links
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.client import MailManager
from tests.conftest import loopback
from tests.faults import first, late, proxied
from tests.tools.searching.timelines import Timeline, moment

LATENCY = 0.03
KEPT = 100_000
_NOTHING = FilterHere(attachment_name=["no such name"])


@dataclass(frozen=True)
class Measured:
    """Facts in a second; seconds of the second question about `count` messages; megabytes of 100,000 facts."""

    count: int
    local: float
    second: float
    far: float
    far_one_by_one: float
    megabytes: float


def measure(count: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        folder = Path(name) / "archive"
        timeline = Timeline(folder)
        text = "\r\n".join(f"Line {number} of a mail of ordinary length." for number in range(40))
        ids = timeline.put(range(1_000, 1_000 + count, 1), Subject="a", body=f"{text}\r\n")
        access = timeline.access()
        local, second = (anyio.run(_ask, timeline.archive_id, count, access) for _ in range(2))
        with _far(folder) as (url, credentials):
            far = anyio.run(_ask, timeline.archive_id, count, _access(url, credentials))
            some = ids[: count // 10]
            one_by_one = anyio.run(_one_by_one, some, _access(url, credentials))
        return Measured(
            count, count / local, second, count / far, len(some) / one_by_one, _megabytes(access.reader, ids[0])
        )


async def _ask(archive_id: str, count: int, access: Access) -> float:
    started = time.perf_counter()
    page = await search_archive(
        archive_id, moment(0), moment(1_000 + count), filter_here=_NOTHING, wait_seconds=50, access=access
    )
    seconds = time.perf_counter() - started
    assert page.complete and page.filtered_here and page.filtered_here.rows_read == count
    return seconds


async def _one_by_one(ids: list[str], access: Access) -> float:
    started = time.perf_counter()
    for each in ids:
        await access.reader.facts_of(each)
    return time.perf_counter() - started


def _access(url: str, credentials: list[str]) -> Access:
    def connect() -> Any:
        config = Config(max_pool_connections=24)
        key_id, secret = credentials
        return boto3.client(
            "mailmanager",
            "us-east-1",
            endpoint_url=url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=config,
        )

    return Access.to(MailManager(connect), may_download=origin_links(lambda: url))


@contextmanager
def _far(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """An endpoint in another process, of which each answer takes 30 ms more."""
    with Popen([sys.executable, "-m", "tests.bench_facts", str(folder)], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout and process.stdin
        url, *credentials = process.stdout.readline().split()
        yield url, credentials
        process.stdin.close()


def _serve(folder: Path) -> None:
    base: list[str] = []
    with Store(folder) as store:
        local = Local(store, lambda: base[0], search_seconds=0)
        delay = late(LATENCY)
        with loopback(api_app(local)) as service, proxied(service) as proxy:
            base.append(proxy.url)
            proxy.fault = first(sys.maxsize, delay)
            keys = store.credentials
            print(proxy.url, keys.access_key_id, keys.secret_access_key, flush=True)
            sys.stdin.read()


def _megabytes(reader: Reader, archived_message_id: str) -> float:
    """What facts of 100,000 messages take, each with hosts and files of its own."""

    async def facts() -> Facts:
        return await reader.facts_of(archived_message_id)

    typical = anyio.run(facts)
    kept = Reader(reader.client).facts

    async def keep() -> None:
        for number in range(KEPT):
            digest = hashlib.sha256(str(number).encode()).hexdigest()
            hosts = (f"www.{number % 977}.example.com", f"images.{number % 613}.example.com")
            packed = dataclasses.replace(
                typical, sha256=digest, minhash=(digest * 3)[:172], link_hosts=hosts, from_domains=hosts[:1]
            ).packed()

            async def made(packed: bytes = packed) -> bytes:
                return packed

            await kept.get(f"{number:064x}", made)

    tracemalloc.start()
    anyio.run(keep)
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert f"{KEPT - 1:064x}" in kept
    return current / 1e6


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve(Path(sys.argv[1]))
    else:
        print(measure(1_000))
