"""Whether a body is the one that was signed, by the raw bytes alone."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.evidence.dkim import MAX_SIGNATURES, Signature, read_signatures
from mail_archive_tools.mime.evidence.findings import find
from mail_archive_tools.mime.evidence.passing_on import passed_on
from mail_archive_tools.mime.evidence.route import read_route
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.mime.message import read_message
from tests.pace import fastest

EMPTY_SIMPLE = "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
EMPTY_RELAXED = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""The hashes of an empty body that RFC 6376 gives (3.4.3, 3.4.4)."""


def signed(body: bytes, *, bh: str, c: str = "relaxed/relaxed", a: str = "rsa-sha256", more: str = "") -> bytes:
    field = f"DKIM-Signature: v=1; a={a}; c={c}; d=a.example; s=sel;\r\n\tbh={bh};{more} b=abc\r\n"
    return field.encode() + b"From: b@a.example\r\nDate: Mon, 10 Mar 2025 18:00:00 +0000\r\n\r\n" + body


def digest(canonical: bytes, name: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(name, canonical).digest()).decode()


def state(raw: bytes) -> Signature:
    (signature,) = read_signatures(raw, read_headers(raw))
    return signature


# RFC 6376, 3.4.5, with the white space that it names.
EXAMPLE = b" C \r\nD \t E\r\n\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "c", "canonical"),
    [
        (EXAMPLE, "relaxed/relaxed", b" C\r\nD E\r\n"),
        (EXAMPLE, "relaxed/simple", b" C \r\nD \t E\r\n"),
        (EXAMPLE, "relaxed", b" C \r\nD \t E\r\n"),
        (EXAMPLE.replace(b"\r\n", b"\n"), "simple/relaxed", b" C\r\nD E\r\n"),
        (b"no line end", "simple/simple", b"no line end\r\n"),
        (b"x\r\n \t\r\n", "relaxed/relaxed", b"x\r\n"),
        (b"x\r\n \t\r\n", "relaxed/simple", b"x\r\n \t\r\n"),
    ],
)
def test_a_body_is_taken_in_the_form_that_was_signed(body: bytes, c: str, canonical: bytes) -> None:
    assert state(signed(body, c=c, bh=digest(canonical))) == Signature("a.example", "sel", "match")


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b"  ", b"a"]), max_size=9))
def test_any_body_is_relaxed_line_by_line(pieces: list[bytes]) -> None:
    """As RFC 6376 says it, 3.4.4. Where a CR stands alone at the end is told below."""
    body = b"".join(pieces).replace(b"\r\n", b"\n").replace(b"\r", b"")
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\n")]
    while lines and not lines[-1]:
        lines.pop()
    canonical = b"".join(line + b"\r\n" for line in lines)
    assert state(signed(body, bh=digest(canonical))).body_hash == "match"


@pytest.mark.parametrize("body", [b"x\r\r\n", b"x\r\r\n\r\n\r\n"])
def test_a_lone_cr_at_the_end_belongs_to_its_line(body: bytes) -> None:
    for c in ("relaxed/relaxed", "relaxed/simple"):
        assert state(signed(body, c=c, bh=digest(b"x\r\r\n"))).body_hash == "match"


def test_an_empty_body() -> None:
    for body in (b"", b"\r\n", b"\r\n\r\n"):
        assert state(signed(body, c="simple/simple", bh=EMPTY_SIMPLE)).body_hash == "match"
        assert state(signed(body, bh=EMPTY_RELAXED)).body_hash == "match"


CHANGED = (
    "The body was changed after a.example signed it (DKIM body hash): by the sender's enemy, "
    "a list or whoever stored it."
)


def test_one_changed_word_shows() -> None:
    raw = signed(b"Pay 100 euros.\r\n", bh=digest(b"Pay 100 euros.\r\n"))
    assert state(raw).body_hash == "match"
    changed = raw.replace(b"Pay 100", b"Pay 900")
    assert state(changed).body_hash == "mismatch"
    message = read_message(changed)
    signatures = read_signatures(message.raw, message.headers)
    sentences = [each.sentence for each in find(message, read_route(message.headers), None, signatures)]
    assert CHANGED in sentences


def test_a_part_that_was_signed_is_said_to_be_one() -> None:
    raw = signed(b"Hello\r\nand more\r\n", bh=digest(b"Hello\r\n"), more=" l=7;")
    assert state(raw) == Signature("a.example", "sel", "cut by l=", unsigned=10)
    assert state(signed(b"Hello\r\n", bh=digest(b"Hello\r\n"), more=" l=7;")).body_hash == "match"
    assert state(signed(b"Hello\r\n", bh=digest(b"Hello\r\n"), more=" l=8;")).body_hash == "mismatch"
    message = read_message(raw)
    found = find(message, [], None, read_signatures(message.raw, message.headers))
    assert "a.example signed the body without its last 10 bytes (DKIM, l=)." in [each.sentence for each in found]


def test_a_footer_of_a_list_is_no_finding() -> None:
    raw = b"Return-Path: <bounce@l.example>\r\nList-Id: <l.example>\r\n" + signed(
        b"Hello\r\n-- \r\na list\r\n", bh=digest(b"Hello\r\n")
    )
    message = read_message(raw)
    assert passed_on(message.headers)
    signatures = read_signatures(message.raw, message.headers)
    assert signatures[0].body_hash == "mismatch"
    assert [each for each in find(message, [], None, signatures) if each.about == "authentication"] == []


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (signed(b"x", bh="abc", a="rsa-md5"), "the algorithm rsa-md5"),
        (signed(b"x", bh=""), "no body hash"),
        (signed(b"x", bh="%%%"), "no body hash"),
        (signed(b"x", bh="YWJj", c="relaxed/nowsp"), "the canonicalization nowsp"),
        (signed(b"x", bh="YWJj", more=" l=-1;"), "the length l="),
        (b"DKIM-Signature: nonsense\r\n\r\nx", "the algorithm is missing"),
    ],
)
def test_what_cannot_be_read_is_said(raw: bytes, why: str) -> None:
    assert (state(raw).body_hash, state(raw).why) == ("not read", why)


def test_older_hashes_and_many_signatures() -> None:
    assert state(signed(b"x\r\n", bh=digest(b"x\r\n", "sha1"), a="rsa-sha1")).body_hash == "match"
    assert state(signed(b"x\r\n", bh=digest(b"x\r\n"), a="ed25519-sha256")).body_hash == "match"
    many = b"DKIM-Signature: a=rsa-sha256; bh=YWJj\r\n" * 50 + b"\r\nx"
    assert len(read_signatures(many, read_headers(many))) == MAX_SIGNATURES


@pytest.mark.parametrize("body", [b" " * 3_000_000, b"\n" * 3_000_000, b" \t\r\n" * 500_000, b"a \n" * 700_000])
def test_time_is_linear(body: bytes) -> None:
    raw = signed(body, bh=digest(b"x"))
    headers = read_headers(raw)
    assert fastest(lambda: read_signatures(raw, headers), enough=2) < 2


@given(st.text(alphabet="abchlds=;/ \t1-relaxdsimp", max_size=80))
def test_nothing_raises(value: str) -> None:
    raw = f"DKIM-Signature: a=rsa-sha256; {value}\r\n\r\nx".encode()
    read_signatures(raw, read_headers(raw))


def test_real_signatures_hold(corpus: Path) -> None:
    """Mail that was kept as it came: the peer's own tests verify it."""
    found = []
    for path in sorted((corpus / "rspamd").rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            found += [each.body_hash for each in read_signatures(raw, read_headers(raw))]
    assert found.count("match") >= 25
