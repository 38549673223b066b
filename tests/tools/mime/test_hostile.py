"""Hostile mail: no exception, bounded time and memory, and the answer says what was cut."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.pace import fastest
from tests.tools.mime.hostile import HOSTILE, HTML, SECONDS, work

PEAK_BYTES = 300_000_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("100 nested multiparts", "nested deeper than 50"),
        ("3,000 nested messages", "nested deeper than 50"),
        ("text outside the parts", "bytes stand outside its parts"),
        ("many files", "files: 500 are listed"),
        ("100,000 parts", "more than 1000 parts"),
        ("a boundary that is nowhere", "boundary is missing"),
        ("200,000 fields", "the rest was not read"),
        ("a field of 20 MB", "the rest was not read"),
        ("two types, two encodings", "Content-Type: occurs several times"),
        ("two authors", "From: occurs 2 times"),
        ("impossible dates", "Date: is no date"),
        ("TNEF that claims 4 GB", "breaks off"),
        ("100,000 elements deep", "nested deeper than 2,000"),
        ("60,000 attributes", "more than 250 attributes"),
        ("60,000 attributes after a quote", "more than 250 attributes"),
        ("60,000 attributes of one body", "attributes the others were not read"),
        ("1M entities", "beyond 1,500,000 characters"),
        ("20,000 rules on 5,000 nodes", "not all of its style rules"),
        ("uuencode that breaks off", "broken off"),
    ],
)  # fmt: skip
def test_what_was_cut_is_said(name: str, said: str) -> None:
    assert said in "\n".join(map(str, work(HOSTILE[name]()).problems))


@pytest.mark.slow
def test_hostile_mail_takes_bounded_time_and_memory() -> None:
    command = [sys.executable, "-m", "tests.tools.mime.hostile"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    taken = json.loads(done.stdout)
    assert set(taken) == set(HOSTILE)
    assert {name: peak for name, (peak, _) in taken.items() if not 0 < peak < PEAK_BYTES} == {}
    assert {name: seconds for name, (_, seconds) in taken.items() if not seconds < SECONDS} == {}


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        (b"", b"To: a@b.example\n", b"\n"),
        (HTML, b"> quoted\nnew\n", b""),
        (HTML, b"<p style='color:red'>x <a href=y>z</a></p>\n", b""),
    ],
)
def test_time_is_linear_in_size(start: bytes, piece: bytes, end: bytes) -> None:
    """Four times the mail takes no more than eight times as long."""
    best = {count: fastest(partial(work, start + piece * count + end), 5) for count in (2_000, 8_000)}
    assert best[8_000] < best[2_000] * 8


PIECES = [
    *(b"From: a@b.example\n", b"Subject: =?utf-8?q?x?=\n", b"Content-Type: multipart/mixed; boundary=b\n"),
    *(b"Content-Type: text/html\n", b"Content-Type: message/rfc822\n", b"Content-Type: text/calendar\n"),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Disposition: attachment; filename=a.zip\n"),
    *(
        b"Received: from x by y; Mon, 1 Jan 2024 0:0:0 +0000\n",
        b"\n",
        b"--b\n",
        b"--b--\n",
        b"PK\3\4",
        b"\0\xff",
        b"\r",
    ),
    *(b"<p hidden>x</p>", b"> q\n", b"begin 644 x\n#0V%T\n`\nend\n", b"BEGIN:VCALENDAR\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_composition_raises(pieces: list[bytes]) -> None:
    work(b"".join(pieces))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_mutation_of_real_mail_raises(corpus: Path, data: st.DataObject) -> None:
    names = sorted((corpus / "stalwart").rglob("*.eml"))
    raw = bytearray(data.draw(st.sampled_from(names)).read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 8))):
        if raw:
            place = data.draw(st.integers(0, len(raw) - 1))
            raw[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10))
    work(bytes(raw))
