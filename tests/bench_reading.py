"""How fast mail is read, beside the standard library's parser; how much memory a large message takes.

python -m tests.bench_reading large  prints the peak of reading a message of 40 MB, in MB.
"""

import base64
import contextlib
import email
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.reading.describing import describe

LARGE_BYTES = 40_000_000
CHUNK = 100
"""Messages read by one before the other reads them, so that both meet the same state of the machine."""


def corpus_messages(corpus: Path) -> list[bytes]:
    """Every file of the corpus that holds mail."""
    paths = sorted(path for path in corpus.rglob("*") if path.is_file() and path.suffix not in (".json", ".md"))
    return [path.read_bytes() for path in paths if path.parent.name != "expected"]


def ours(raw: bytes) -> None:
    """What a worker does: text from HTML, analysis, cleaning."""
    json.dumps(describe(read_message(raw)))


def answer(raw: bytes) -> None:
    """All that an answer of `read_archive_message` takes, in both channels, but for the way to a worker and back."""
    # Not with the others: what the server is made of is no part of what a worker takes in memory.
    from mail_archive_tools.answers.rendering import render
    from mail_archive_tools.read import DEFAULT_CHARS, answer_of
    from mail_archive_tools.reading.fetching.messages import Fetched
    from mail_archive_tools.reading.readings import MessageReading

    reading = MessageReading.of(json.loads(json.dumps(describe(read_message(raw)))))
    shown = answer_of(Fetched("id", raw, reading, None), 0, DEFAULT_CHARS, [])
    render(shown)
    json.dumps(shown.structured())


def theirs(raw: bytes) -> None:
    """All headers read, all parts decoded, and nothing else."""
    # It raises on some real mail.
    with contextlib.suppress(Exception):
        for part in email.message_from_bytes(raw, policy=default).walk():
            assert isinstance(part, EmailMessage)
            for value in part.values():
                str(value)
            if part.get_content_maintype() == "text":
                part.get_content()
            elif not part.is_multipart():
                part.get_payload(decode=True)


@dataclass(frozen=True)
class Reading:
    """Rates in messages, MB and HTML bodies a second; `p99` in seconds."""

    count: int
    ours: float
    theirs: float
    megabytes: float
    p99: float
    bodies: int
    conversions: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def reading(corpus: Path) -> Reading:
    """All of the corpus, read by both in turns."""
    messages = corpus_messages(corpus)
    mine: list[float] = []
    other = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for start in range(0, len(messages), CHUNK):
            mine += [timed(ours, raw) for raw in messages[start : start + CHUNK]]
            other += sum(timed(theirs, raw) for raw in messages[start : start + CHUNK])
    parts = (part for raw in messages for part in read_message(raw).bodies.html)
    bodies = [part.html() for part in parts if part.content_type == "text/html"]
    converting = sum(timed(read_html, body) for body in bodies)
    count, total = len(messages), sum(mine)
    size, p99 = sum(map(len, messages)) / 1e6, sorted(mine)[count * 99 // 100]
    return Reading(count, count / total, count / other, size / total, p99, len(bodies), len(bodies) / converting)


def timed(call: Callable[[Any], object], argument: Any) -> float:
    started = time.perf_counter()
    call(argument)
    return time.perf_counter() - started


def large_message_peak() -> tuple[float, float]:
    """The size of a large message, and the peak memory of a process that reads it, in MB."""
    command = [sys.executable, "-m", "tests.bench_reading", "large"]
    return LARGE_BYTES / 1e6, float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def large_message() -> bytes:
    """A letter with one attachment, 40 MB in all."""
    head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
    head += b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    head += b"Content-Disposition: attachment; filename=large.pdf\r\n\r\n"
    data = base64.encodebytes(os.urandom(int(LARGE_BYTES * 0.73)))
    return head + data.replace(b"\n", b"\r\n") + b"\r\n--b--\r\n"


KINDS = {"spam": "spam-*", "list mail and letters": "easy-ham-*", "newsletters": "hard-ham-*"}
"""The kinds of mail of the SpamAssassin corpus, and their folders."""


def of_kind(corpus: Path, kind: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(corpus.glob(f"spamassassin/{KINDS[kind]}/*")) if path.is_file()]


def answers_beside_theirs(corpus: Path) -> dict[str, tuple[float, float]]:
    """How many whole answers a second of each kind of mail, and how many messages the standard library's parser."""
    rates = {}
    for kind in KINDS:
        messages = of_kind(corpus, kind)
        mine = other = 0.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for start in range(0, len(messages), CHUNK):
                mine += sum(timed(answer, raw) for raw in messages[start : start + CHUNK])
                other += sum(timed(theirs, raw) for raw in messages[start : start + CHUNK])
        rates[kind] = (len(messages) / mine, len(messages) / other)
    return rates


if __name__ == "__main__" and sys.argv[-1] == "large":
    made = large_message()
    ours(b"Subject: warm\n\nx")
    # The peak so far is that of making the message; from here on it counts anew.
    Path("/proc/self/clear_refs").write_text("5")
    ours(made)
    print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024)
