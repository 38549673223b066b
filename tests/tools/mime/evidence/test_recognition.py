"""A message beside the row that a search found of it: the same, whatever programs make of one header field."""

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_local.importing.record import describe
from mail_archive_tools.mime.evidence.recognition import compared, differing, has_header_section
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.reading.fetching.told import Told
from mail_archive_tools.service.shapes import Row
from tests.bench_reading import corpus_messages

LONG = "a subject of many words, " * 20


@pytest.mark.parametrize(
    ("name", "told", "field"),
    [
        ("Subject", "Grüße aus Köln", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?q?_aus_K=C3=B6ln?="),
        ("Subject", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Subject: =?utf-8?b?R3LDvMOfZQ==?="),
        ("Subject", "Grüße  aus\tKöln ", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?="),
        ("Subject", "Gr\u0075\u0308ße", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?="),
        ("Subject", "one two", "Subject: one\r\n  two"),
        ("Subject", "one\u200b two", "Subject: one two"),
        ("Subject", "Gr\ufffd\ufffde", "Subject: Gr\udcfc\udcdfe"),
        ("Subject", "one", "Subject: one\r\nSubject: two"),
        ("Subject", "two", "Subject: one\r\nSubject: two"),
        ("Subject", "one, two", "Subject: one\r\nSubject: two"),
        ("Subject", LONG[:300], f"Subject: {LONG}"),
        ("From", "Ann <ann@b.example>", 'From: "Ann" <ann@b.example>'),
        ("From", "ann@b.example", "From: Ann <ann@b.example>"),
        ("From", "Änn <ann@b.example>", "From: =?utf-8?q?=C3=84nn?= <ann@b.example>"),
        ("MessageId", "1@b.example", "Message-ID: <1@b.example>"),
        ("MessageId", "<1@b.example>", "Message-ID:\r\n <1@b.example> (comment)"),
        ("Date", "2025-04-01T10:00:00Z", "Date: Tue, 1 Apr 2025 12:00:00 +0200"),
    ],
)
def test_one_value_in_two_forms_is_the_same(name: str, told: str, field: str) -> None:
    raw = field.encode("ascii", "surrogateescape") + b"\r\n\r\nbody"
    assert differing({name: told}, read_headers(raw)) == []


@pytest.mark.parametrize(
    ("name", "told", "field"),
    [
        ("Subject", "Offer 1", "Subject: Offer 2"),
        ("Subject", "offer 1", "Subject: Offer 1"),
        ("Subject", "Offer", "Subject: Offer 1"),
        ("Subject", "Offer 1", "X-Subject: Offer 1"),
        ("Subject", "Gr\ufffde", "Subject: Gar nicht"),
        ("Subject", "ab c", "Subject: a bc"),
        ("From", "Bob <ann@b.example>", "From: Ann <ann@b.example>"),
        ("From", "Ann <ann@c.example>", "From: Ann <ann@b.example>"),
        ("MessageId", "<2@b.example>", "Message-ID: <1@b.example>"),
        ("Date", "Tue, 1 Apr 2025 10:00:01 +0000", "Date: Tue, 1 Apr 2025 10:00:00 +0000"),
        ("Date", "no date", "Date: neither"),
    ],
)
def test_what_a_reader_sees_as_another_differs(name: str, told: str, field: str) -> None:
    assert differing({name: told}, read_headers(field.encode() + b"\r\n\r\nbody")) == [name]


def test_members_that_say_nothing_are_not_compared() -> None:
    told = {"Subject": " \u200b ", "From": "", "Date": "Tue, 1 Apr 2025 10:00:00 +0000"}
    assert compared(told) == ["Date"]
    assert compared({}) == [] and differing({}, read_headers(b"")) == []


@pytest.mark.parametrize(
    ("raw", "has"),
    [
        (b"Subject: x\r\n\r\nbody", True),
        (b"From ann Tue Apr  1\nReceived: from a by b\n\nbody", True),
        (b"a stray line\nTo: ann@b.example\n\nbody", True),
        (b"", False),
        (b'{"message":"Forbidden"}', False),
        (b"Error: not today\n\n", False),
        (b"<html>\n<head>\nhttp://x\n\nSubject: below", False),
        (b"<?xml version='1.0'?><Error><Code>From:</Code></Error>", False),
    ],
)
def test_what_has_a_header_section(raw: bytes, has: bool) -> None:
    assert has_header_section(read_headers(raw)) is has


def rows(raws: list[bytes]) -> list[Row]:
    return [json.loads(describe(raw, "a-1", 0).api_row) for raw in raws]


def test_every_real_message_is_what_its_row_says(corpus: Path) -> None:
    raws = list(islice(corpus_messages(corpus), 0, None, 6))
    assert len(raws) > 400
    told = Told()
    told.note(rows(raws), "a-1")
    for raw, row in zip(raws, rows(raws), strict=True):
        assert differing(told.of(row["ArchivedMessageId"]) or {}, read_headers(raw)) == [], raw[:200]


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_what_their_row_says(subject: bytes, sender: bytes) -> None:
    raw = b"Subject: " + subject + b"\nFrom: " + sender + b"\n\nbody"
    (row,) = rows([raw])
    told = Told()
    told.note([row], "a-1")
    assert differing(told.of(row["ArchivedMessageId"]) or {}, read_headers(raw)) == []


def test_the_oldest_rows_go_and_the_last_word_stands() -> None:
    told = Told(kept_rows=2)
    told.note([{"ArchivedMessageId": each, "Subject": each} for each in "abc"], "a-1")
    assert "a" not in told and told.of("a") is None
    told.note([{"ArchivedMessageId": "c", "From": "ann"}, {"Subject": "of no message"}], "a-2")
    assert told.of("b") == {"Subject": "b"} and told.of("c") == {"From": "ann"}
    told.note([{"ArchivedMessageId": "c", "To": "bob"}, {"ArchivedMessageId": "b"}], "")
    assert told.of("c") == {"other": "yes"} and told.of("b") == {}
    told.note([{"ArchivedMessageId": "d"}], "a-1")
    assert "c" not in told and "b" in told, "what was told again is no longer the oldest"


def test_a_row_says_in_which_archive_its_message_is() -> None:
    told = Told()
    told.note([{"ArchivedMessageId": "m"}], "a-1")
    told.note([{"ArchivedMessageId": "n"}], "a-2")
    assert told.archive_of("m") == "a-1" and told.archive_of("n") == "a-2"
    assert told.archive_of("of which nobody told") == ""
