"""Mail as bytes: header fields, structure, HTML. Whatever comes, an answer in bounded time and no exception."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.fields.headers import decode_words, read_headers
from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.mime.structure import MAX_DEPTH, MAX_PARTS, read_structure
from tests.pace import worktime

SECONDS = 5.0
"""What each hostile input may take, on a machine that is busy with other tests."""


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody", [("a", "1"), ("b", "2")], b"body"),
        (b"A: 1\nB: 2\n\nbody", [("a", "1"), ("b", "2")], b"body"),
        (b"A: 1\rB: 2\r\rbody", [("a", "1"), ("b", "2")], b"body"),
        (b"A: 1\r\n folded\r\n\tmore\r\n\r\nbody", [("a", "1 folded\tmore")], b"body"),
        (b"A: 1\nno field here\nB: 2\n\nbody", [("a", "1"), ("b", "2")], b"body"),
        (b"From me Sun Jun  1 12:00:00 2025\nA: 1\n\nbody", [("a", "1")], b"body"),
        (b"A : 1\nb:\n\n", [("a", "1"), ("b", "")], b""),
        (b"A: 1\nthis is the body already\nreally", [("a", "1")], b"this is the body already\nreally"),
        (b"just text", [], b"just text"),
        (b"A: 1", [("a", "1")], b""),
        (b"", [], b""),
        (b"\nA: 1\n", [], b"A: 1\n"),
        (b"A: \xc3\xa4 \xff\n\n", [("a", "Ã¤ ÿ")], b""),
        (b"A: \xc3\xa4\n\n", [("a", "ä")], b""),
    ],
)
def test_header_sections_as_they_come(raw: bytes, fields: list[tuple[str, str]], body: bytes) -> None:
    headers = read_headers(raw)
    assert [(field.name, field.unfolded) for field in headers.fields] == fields
    assert raw[headers.body_start :] == body


@given(st.lists(st.sampled_from([b"A: 1", b" fold", b"", b"stray", b"B : 2", b"From x", b"C:\xff"]), max_size=8))
def test_line_ends_make_no_difference(lines: list[bytes]) -> None:
    lf, crlf = (read_headers(end.join([*lines, b"", b"body"])) for end in (b"\n", b"\r\n"))
    assert [(each.name, each.unfolded) for each in lf.fields] == [(each.name, each.unfolded) for each in crlf.fields]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?utf-8?b?Y2Fm?= =?utf-8?b?w6k=?=", "café"),
        ("=?utf-8?b?Y2Fmww==?= =?utf-8?b?qQ==?=", "café"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?b?not base64!?= x", "=?utf-8?b?not base64!?= x"),
        ("=?nonsense?q?=E4?=", "ä"),
        ("=?zlib?q?x?=", "x"),
        ("=?utf-8*de?q?x?=", "x"),
        ("=? =?utf-8?q?", "=? =?utf-8?q?"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decode_words(value) == text


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nested multiparts": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(20_000)
    ),
    "many parts": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "boundary as prefix": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bb\n--b\n" * 100_000,
    "many fields": lambda: b"X: y\n" * 200_000 + b"\n",
    "a field of 20 MB": lambda: b"Subject: " + b"x" * 20_000_000 + b"\n\n",
    "many folds": lambda: b"Subject: a\n" + b" b\n" * 200_000 + b"\n",
    "many encoded words": lambda: b"Subject: " + b"=?utf-8?q?x?= " * 20_000 + b"\n\n",
    "many parameters": lambda: b"Content-Type: text/plain" + b"; name*0*=x" * 50_000 + b"\n\nbody",
    "bare CRs": lambda: b"Subject: x\r" * 100_000,
    "NULs": lambda: b"\0" * 1_000_000,
    "base64 with junk": lambda: b"Content-Transfer-Encoding: base64\n\n" + b"QUJD=\0!" * 500_000,
    "a long quoted-printable line": lambda: b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=41" * 3_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_structure_takes_bounded_time(name: str) -> None:
    raw = HOSTILE[name]()
    with worktime() as taken:
        root = read_structure(raw)
        message = read_message(raw)
    assert taken.seconds < SECONDS
    parts = list(root.walk())
    assert len(parts) <= MAX_PARTS and max(part.depth for part in parts) <= MAX_DEPTH
    message.text.text.encode()


HOSTILE_HTML = {
    "less-than signs": "<" * 2_000_000,
    "nested": "<div>" * 400_000,
    "nested with text between": "<div><p>x</p>" * 100_000,
    "nested behind wrong end tags": "<div></x>" * 200_000,
    "nested and less-than signs": "<div>" * 600 + "<" * 1_900_000,
    "formatting": "<b>x" * 300_000,
    "attributes": "<p " + "x=1 " * 400_000 + ">hi",
    "entities": "&amp;" * 400_000,
    "comments": "<!-- x -->" * 200_000,
    "hidden": '<p style="display:none">x</p>' * 70_000,
}


@pytest.mark.parametrize("name", HOSTILE_HTML)
def test_hostile_html_takes_bounded_time(name: str) -> None:
    with worktime() as taken:
        assert read_html(HOSTILE_HTML[name]).text is not None
    assert taken.seconds < SECONDS


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two <b>bold</b></p>", "one\n\ntwo bold"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
        ('<a href="https://x.example/?a=1&amp;b=2">here</a>', "here <https://x.example/?a=1&b=2>"),
        ('<img alt="a cat" src="x.png">', "[a cat]"),
        ("<style>p{}</style><script>x()</script><title>t</title><p>seen</p>", "seen"),
        ('<p style="color:red; DISPLAY:NONE">unseen</p><p hidden>unseen</p>seen', "seen"),
        ("no markup", "no markup"),
        ("", ""),
    ],
)
def test_html_as_a_person_reads_it(html: str, text: str) -> None:
    assert read_html(html).text == text


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    message = read_message(raw)
    message.text.text.encode()
    assert message.problems is not None


@given(st.lists(st.sampled_from([b"Content-Type: multipart/mixed; boundary=x\n", b"\n", b"--x\n", b"--x--\n", b"A\n"])))
def test_no_structure_raises_or_loses_its_limits(pieces: list[bytes]) -> None:
    root = read_structure(b"".join(pieces))
    for part in root.walk():
        assert part.body_start <= part.end
        part.text().encode()
