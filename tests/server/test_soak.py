"""Many sessions and calls for a while: what the server holds stays flat, and calls that are cancelled leave nothing."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from mcp import Client

from mail_archive_local.storage.store import Store
from tests.conftest import MEASURED, Sample
from tests.pace import HANGS
from tests.server.test_processes import on_a_port, with_token

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MEMORY_MB = 25.0
"""How much more the server may hold at the end than at half-time: the allocator's own coming and going."""


class Held(NamedTuple):
    """What a process holds: open files, processes below it, memory in MB (its own and theirs)."""

    files: int
    processes: int
    memory: float


def held(process: int) -> Held:
    children = [
        int(child)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]
    memory = sum(
        int(line.split()[1]) / 1024
        for each in (process, *children)
        for line in Path(f"/proc/{each}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return Held(len(list(Path(f"/proc/{process}/fd").iterdir())), len(children), memory)


def listening_on(url: str) -> int:
    """The process that was started for that port."""
    port = url.split(":")[2].split("/", maxsplit=1)[0]
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--port" in words and words[words.index(b"--port") + 1] == port.encode():
                return int(process.name)
    raise AssertionError(f"nobody serves {url}")


async def a_session(url: str, sample: Sample, calls: int, seed: int, done: Counter[str]) -> None:
    """One client's calls, in an order of its own; half of the searches are new ones."""
    chance = random.Random(seed)
    archive = {"archive_id": sample.archive_id}
    async with with_token(url) as client:
        found = await client.call_tool(
            "search_archive", {**archive, "from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31", "limit": 50}
        )
        ids = [row["ArchivedMessageId"] for row in (found.structured_content or {})["Rows"]]
        for _ in range(calls):
            month = chance.randrange(1, 12)
            range_ = {"from_timestamp": f"2025-{month:02}-01", "to_timestamp": f"2025-{month:02}-28"}
            message = {"archived_message_id": chance.choice(ids)}
            tool, arguments = chance.choice(
                [
                    ("list_archives", {}),
                    ("search_archive", {**archive, **range_, "subject": [chance.choice(["bank", "invoice", "re"])]}),
                    ("summarize_archive_search", {**archive, **range_, "group_by": ["sender"]}),
                    ("read_archive_message", message),
                    ("read_archive_messages", {"archived_message_ids": chance.sample(ids, 5)}),
                    ("compare_archive_messages", dict(zip("ab", chance.sample(ids, 2), strict=True))),
                    ("check_quotations", {"quotations": [{**message, "quotation": "new account"}]}),
                    ("get_archive_message", message),
                    ("get_archive_message_content", message),
                    ("read_archive_attachment", {**message, "attachment_id": "2"}),
                    ("get_archive_search", {"search_id": "none"}),
                ]
            )
            result = await client.call_tool(tool, arguments)
            done[tool if not result.is_error else f"{tool}, refused"] += 1


@pytest.mark.parametrize(
    ("sessions", "calls"), [(8, 600), pytest.param(50, 10_000, marks=pytest.mark.soak)], ids=["short", "long"]
)
async def test_what_the_server_holds_stays_flat(own_sample: Sample, sessions: int, calls: int) -> None:
    done: Counter[str] = Counter()
    seen: list[Held] = []
    with on_a_port("--local", str(own_sample.folder), "--search-seconds", "0") as url:
        process = listening_on(url)
        started = time.perf_counter()
        # The first of three parts is for what is loaded when it is first needed, by each of the processes.
        for part in range(3):
            async with anyio.create_task_group() as together:
                for number in range(sessions):
                    together.start_soon(a_session, url, own_sample, calls // sessions // 3, part * 1000 + number, done)
            # Connections that were closed take a moment to be gone.
            await anyio.sleep(1)
            seen.append(held(process))
    took = time.perf_counter() - started
    MEASURED.append(f"soak: {done.total():,} calls of {sessions} sessions in {took:.0f} s; {seen[1]} then {seen[2]}")
    assert done["read_archive_message"] and done["search_archive"] and done["get_archive_search, refused"]
    _, middle, end = seen
    assert end.files <= middle.files + 5
    assert end.processes <= middle.processes
    assert end.memory <= middle.memory + MEMORY_MB


async def cancelled_calls(client: Client, sample: Sample, count: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(count):
        day = {"from_timestamp": f"2025-0{1 + number % 9}-01", "to_timestamp": f"2025-0{1 + number % 9}-27"}
        arguments: dict[str, Any] = {"archive_id": sample.archive_id, **day, "sender": [f"nobody{seed}.{number}"]}
        with anyio.move_on_after(chance.uniform(0.01, 0.4)):
            await client.call_tool("search_archive", arguments)


@pytest.mark.parametrize(("sessions", "calls"), [(4, 6), pytest.param(20, 10, marks=pytest.mark.soak)])
async def test_cancelled_calls_leave_no_search_running(own_sample: Sample, sessions: int, calls: int) -> None:
    with on_a_port("--local", str(own_sample.folder), "--search-seconds", "3000") as url:
        async with anyio.create_task_group() as together:

            async def session(seed: int) -> None:
                async with with_token(url) as client:
                    # The first call of a server loads boto3: none of those that are cancelled is to wait for that.
                    await client.call_tool("list_archives", {})
                    await cancelled_calls(client, own_sample, calls, seed)

            for seed in range(sessions):
                together.start_soon(session, seed)
        with Store(own_sample.folder) as store, anyio.fail_after(HANGS):
            while True:
                with store.writing() as db:
                    left = store.unfinished_searches(db, time.time())
                if not left:
                    break
                await anyio.sleep(0.2)
            assert [each for each in store.searches(1, None, 1_000) if each.cancelled is not None]
