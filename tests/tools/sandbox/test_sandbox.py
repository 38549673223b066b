"""The room for hostile bytes: what taken-over workers try there, and what becomes of the server meanwhile."""

import ast
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from mail_archive_tools.sandbox import landlock, seccomp
from mail_archive_tools.sandbox.confinement import PROTECTIONS
from mail_archive_tools.sandbox.pool import NotRead, Sandbox
from tests.conftest import ROOT
from tests.pace import slowness, stopwatch, wait_until
from tests.tools.sandbox.conftest import workers_of
from tests.tools.sandbox.hostile_jobs import ESCAPES

pytestmark = pytest.mark.anyio

SECONDS = 2.0
"""How long a job may take where that is what a test is about."""


def as_it_is(told: object) -> object:
    return told


def children() -> list[int]:
    """The processes that this one has started and that have not ended."""
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += map(int, (thread / "children").read_text().split())
    return found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    yield from workers_of("hostile_jobs", monkeypatch, SECONDS)


NEEDS: dict[str, str] = {
    "environment_of_the_server": "files",
    "memory_of_the_server": "files",
    "read_a_file": "files",
    "write_a_file": "files",
    "list_a_folder": "files",
    "connect": "network",
    "send_a_datagram": "network",
    "end_the_server": "signals",
    "end_by_a_descriptor": "signals",
    "own_a_file_for_the_server": "signals",
    "choose_the_signal_of_a_file": "signals",
}


@pytest.mark.parametrize("kind", ["sandbox", "picky"])
async def test_a_worker_that_was_taken_over_reaches_nothing(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    """With the calls that are allowed, and where these are too few, without those that do harm."""
    sandbox: Sandbox = request.getfixturevalue(kind)
    missing = sandbox.missing_protections()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    before = secret.stat()
    results: dict[str, str] = {}
    with socket.create_server(("127.0.0.1", 0)) as server, sandbox.batch("a-1"):
        port = str(server.getsockname()[1])
        for name in ESCAPES:
            if NEEDS.get(name, "processes") in missing:
                continue
            folder = str(tmp_path) if name == "list_a_folder" else str(secret)
            argument = port if name in ("connect", "send_a_datagram") else folder
            results[name] = await sandbox.run("escape", b"", str, name=name, argument=argument)
    if not missing:
        assert set(results) == set(ESCAPES)
    allowed = ("PermissionError", "OSError")
    assert {name: result for name, result in results.items() if result not in allowed} == {}
    assert secret.read_text() == "secret"
    after = secret.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime) == (before.st_mode, before.st_uid, before.st_mtime)


def test_the_attempts_are_not_refused_everywhere(tmp_path: Path) -> None:
    """Outside the room they would work, so it is the room that refuses them."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.tools.sandbox.hostile_jobs import escape\n"
        "for name in ('environment_of_the_server', 'list_a_folder', 'fork', 'run_a_program', 'leave_the_session'):\n"
        "    print(escape(b'', name, sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["done"] * 5


async def test_a_worker_has_no_credentials_and_no_open_files_of_the_server(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "open").open("wb") as kept:
        os.set_inheritable(kept.fileno(), True)
        assert set(await sandbox.run("environment", b"", dict)) <= {"LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"}
        descriptors = await sandbox.run("inherited_descriptors", b"", list)
    # Standard streams, the two pipes, and /dev/null.
    assert len(descriptors) <= 6


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("fill_memory", r"broke the program that reads it \(MemoryError\)"),
        ("fill_shared_memory", r"broke the program that reads it \((OSError|MemoryError)\)"),
        ("fill_memory_downwards", r"broke the program that reads it \((OSError|MemoryError)\)"),
        ("answer_much", "gave more than an answer may hold|MemoryError"),
        ("crash", "breaks the program that reads it"),
        ("leave", "breaks the program that reads it"),
        ("unknown", r"broke the program that reads it \(KeyError\)"),
    ],
)
async def test_what_is_over_a_limit_ends_and_is_said(sandbox: Sandbox, job: str, said: str) -> None:
    assert await sandbox.run("echo", b"before", as_it_is) == "before"
    with pytest.raises(NotRead, match=said):
        await sandbox.run(job, b"", as_it_is)
    assert await sandbox.run("echo", b"behind", as_it_is) == "behind"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("sleep", "took longer than 2 s to read, so it was given up"),
        ("spin", "took longer than 2 s|needs more memory or time"),
    ],
)
async def test_what_takes_too_long_ends_and_is_said(hasty: Sandbox, job: str, said: str) -> None:
    with stopwatch() as taken, pytest.raises(NotRead, match=said):
        await hasty.run(job, b"", as_it_is)
    assert taken.seconds < SECONDS + 10
    assert await hasty.run("echo", b"behind", as_it_is) == "behind"


async def test_what_a_parser_prints_is_not_taken(sandbox: Sandbox) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await sandbox.run("print_much", b"", as_it_is) == "done"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_what_takes_an_answer_may_refuse_it_and_the_worker_with_it(sandbox: Sandbox) -> None:
    def refuse(_: object) -> object:
        raise NotRead("is none")

    with sandbox.batch("a-1"):
        worker = await sandbox.run("pause", b"0", as_it_is)
        with pytest.raises(NotRead, match="is none"):
            await sandbox.run("lie", b"", refuse)
        assert await sandbox.run("pause", b"0", as_it_is) != worker


async def test_sixty_at_once_hold_as_many_workers_as_cores_and_delay_nobody(sandbox: Sandbox) -> None:
    """The pool's own threads wait for them: the others, which wait for the service, stay free."""
    workers: set[object] = set()
    waits: list[float] = []

    async def read() -> None:
        workers.add(await sandbox.run("pause", b"0.05", as_it_is))

    async def call() -> None:
        while len(waits) < 20:
            started = time.perf_counter()
            await anyio.to_thread.run_sync(int)
            waits.append(time.perf_counter() - started)
            await anyio.sleep(0.02)

    await sandbox.run("echo", b"", as_it_is)
    with sandbox.batch("a-1"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            for _ in range(60):
                tasks.start_soon(read)
    assert 1 <= len(workers) <= (os.cpu_count() or 1)
    assert sorted(waits)[len(waits) // 2] / slowness() < 0.05


async def test_no_process_starts_before_it_is_needed_and_none_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    before = set(children())
    sandbox = Sandbox("tests.tools.sandbox.hostile_jobs")
    assert set(children()) == before
    await sandbox.run("echo", b"", as_it_is)
    assert len(set(children()) - before) == 1
    sandbox.close()
    assert set(children()) == before


async def test_a_worker_is_replaced_in_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Sandbox("tests.tools.sandbox.hostile_jobs", most_workers=1, jobs_of_a_worker=3)
    with few.batch("a-1"):
        assert len({await few.run("pause", b"0", as_it_is) for _ in range(6)}) == 2
    few.close()


def test_a_worker_ends_with_its_server() -> None:
    code = (
        "import os, sys, time; sys.path.insert(0, sys.argv[1])\n"
        "import anyio; from mail_archive_tools.sandbox.pool import Sandbox\n"
        "async def main():\n"
        "    sandbox = Sandbox('tests.tools.sandbox.hostile_jobs')\n"
        "    with sandbox.batch('a-1'):\n"
        "        print(await sandbox.run('pause', b'0', str), flush=True)\n"
        "        os.kill(os.getpid(), 9)\n"
        "anyio.run(main)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=False)
    worker = Path("/proc") / done.stdout.strip()
    wait_until(lambda: not worker.exists())


def test_every_kind_of_mail_is_read_where_little_memory_is_allowed() -> None:
    """A limit that the operator set lower stands, and is no reason to fail."""
    code = (
        "import resource, sys, anyio; sys.path.insert(0, sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (400_000_000, 400_000_000))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "from mail_archive_tools.reading.reader import new_sandbox\n"
        "from tests.tools.test_read import FIVE, letter\n"
        "sandbox = new_sandbox()\n"
        "for number in range(2, 7):\n"
        "    read = anyio.run(lambda: sandbox.run('file', letter('x', *FIVE), dict, file_id=str(number)))\n"
        "    print(repr(read['text']))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    texts = [ast.literal_eval(line) for line in done.stdout.splitlines()]
    for text, words in zip(texts, ("In the PDF", "In Word", "In\tExcel", "In slides", "In,CSV"), strict=True):
        assert words in text


def test_what_is_missing_is_named_with_its_reason(sandbox: Sandbox) -> None:
    """Nothing on a Linux that is as new as this project's tests need it."""
    missing = sandbox.missing_protections()
    assert set(missing) <= set(PROTECTIONS) and all(missing.values())
    if sys.platform == "linux" and seccomp.is_known():
        assert landlock.is_there() or "Landlock" in missing["files"]
        assert "processes" not in missing and "network" not in missing
