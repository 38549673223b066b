"""What the processes cost that read mail: their start, and reading in them beside a commit from before each of them had
one batch and few system calls.

python -m tests.bench_sandbox
"""

import io
import json
import platform
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from mail_archive_tools import system
from mail_archive_tools.reading.reader import new_sandbox
from mail_archive_tools.sandbox import system_calls
from mail_archive_tools.sandbox.pool import Sandbox
from tests.bench_reading import corpus_messages
from tests.conftest import CORPUS, ROOT

BEFORE = "e87ca3a"
"""One worker read 500 messages of whomever, and what it could call was all but a list."""
COUNT = 500
_LARGEST = 1_000_000
_CONTEXT: dict[str, Any] = {"trusted_ids": [], "known": [], "keys": {}}
_LETTER = b"From: a@b.example\r\nSubject: x\r\n\r\nHello\r\n"

# Run by both, each with its own sources first: seconds, and seconds of all processes' CPU.
_READ = """
import sys; sys.path[:0] = [sys.argv[1] + "/tools", sys.argv[1] + "/server"]
import json, os, time, anyio
from contextlib import nullcontext
from pathlib import Path
import mail_archive_tools
from mail_archive_tools.reading.reader import new_sandbox
from mail_archive_tools.reading.readings import MessageReading
assert mail_archive_tools.__file__.startswith(sys.argv[1])
messages = [path.read_bytes() for path in sorted(Path(sys.argv[2]).iterdir())]
context = {"trusted_ids": [], "known": [], "keys": {}}
async def main():
    sandbox = new_sandbox()
    await sandbox.run("message", messages[0], MessageReading.of, context=context)
    left = iter(messages)
    async def read():
        for raw in left:
            await sandbox.run("message", raw, MessageReading.of, context=context)
    started = time.perf_counter()
    with sandbox.batch("a-1") if hasattr(sandbox, "batch") else nullcontext():
        async with anyio.create_task_group() as readers:
            for _ in range(4):
                readers.start_soon(read)
    seconds = time.perf_counter() - started
    sandbox.close()
    times = os.times()
    print(json.dumps([seconds, sum(times[:4])]))
anyio.run(main)
"""


@dataclass(frozen=True)
class Measured:
    """Seconds: until the first worker of all has answered, another one of the same template, and one by itself; for
    `COUNT` messages in one batch, and in the commit from before, where that is to be had."""

    first: float
    copy: float
    by_itself: float
    reading: float
    reading_cpu: float
    before: float | None
    before_cpu: float | None


def allowed_calls() -> str:
    """How many system calls a worker may make."""
    allowed = system_calls.ALLOWED.get(platform.machine())
    if allowed is None:
        return "not known for this machine"
    return f"{len(allowed) + 1}, of fcntl {len(system_calls.FCNTL_ALLOWED)} commands"


def measure(repeats: int) -> Measured:
    first = statistics.median(_first_start() for _ in range(repeats))
    with closing(new_sandbox()) as sandbox:
        _answered(sandbox)
        copies = [_answered(sandbox) for _ in range(repeats * 3)]
    by_itself = statistics.median(_start_by_itself() for _ in range(repeats))
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        mails, older = Path(name) / "mails", Path(name) / "older"
        _write_messages(mails)
        has_older = _unpack(older)
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(_read(ROOT, mails))
            if has_older:
                theirs.append(_read(older, mails))
    seconds, cpu = _medians(ours)
    before, before_cpu = _medians(theirs) if theirs else (None, None)
    return Measured(first, statistics.median(copies), by_itself, seconds, cpu, before, before_cpu)


def _first_start() -> float:
    with closing(new_sandbox()) as sandbox:
        return _answered(sandbox)


def _start_by_itself() -> float:
    could = system.CAN_FORK
    system.CAN_FORK = False
    try:
        with closing(new_sandbox()) as sandbox:
            return _answered(sandbox)
    finally:
        system.CAN_FORK = could


def _answered(sandbox: Sandbox) -> float:
    """Seconds until a worker that did nothing before has read a letter."""

    async def read() -> None:
        await sandbox.run("message", _LETTER, dict, context=_CONTEXT)

    started = time.perf_counter()
    anyio.run(read)
    return time.perf_counter() - started


def _write_messages(folder: Path) -> None:
    folder.mkdir()
    messages = [_LETTER] * COUNT
    if CORPUS.is_dir():
        found = [raw for raw in corpus_messages(CORPUS) if len(raw) < _LARGEST]
        messages = found[:: max(1, len(found) // COUNT)][:COUNT]
    for number, raw in enumerate(messages):
        (folder / f"{number:04}").write_bytes(raw)


def _unpack(folder: Path) -> bool:
    """Whether the commit from before could be put there: this may be no clone, or one without it."""
    done = subprocess.run(["git", "archive", BEFORE, "tools", "server"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return True


def _read(root: Path, mails: Path) -> list[float]:
    command = [sys.executable, "-c", _READ, str(root), str(mails)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: list[float] = json.loads(done.stdout)
    return told


def _medians(runs: list[list[float]]) -> tuple[float, float]:
    return statistics.median(seconds for seconds, _ in runs), statistics.median(cpu for _, cpu in runs)


if __name__ == "__main__":
    print(allowed_calls(), measure(5))
