"""Patterns of `filter_here`: whole values, any case, in no time whatever strangers write."""

import fnmatch
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_local.importing.record import describe
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.gathering.asking import conditions_of, facts_tests
from mail_archive_tools.words.globs import folded, pattern
from tests.pace import worktime
from tests.tools.searching.timelines import Timeline, moment


@pytest.mark.parametrize(
    ("glob", "value", "matches"),
    [
        ("invoice", "invoice", True),
        ("invoice", "an invoice", False),
        ("*invoice*", "an invoice here", True),
        ("invoice ??-*", "invoice bo-2025", True),
        ("invoice ??-*", "invoice b-2025", False),
        ("*", "", True),
        ("*@a.example>", "ann <ann@a.example>", True),
        ("*@a.example>", "ann <ann@a.example> x", False),
        ("a*a", "a", False),
        ("a*b*a", "aba", True),
        ("[list]*", "[list] offer", True),
        ("STRASSE", "strasse", True),
        ("(a+)+$*", "(a+)+$", True),
    ],
)
def test_a_pattern_is_of_the_whole_value(glob: str, value: str, matches: bool) -> None:
    assert pattern(glob)(value) is matches


@given(glob=st.text("ab*?", min_size=1, max_size=8), value=st.text("ab", max_size=10))
def test_it_is_what_the_shell_means(glob: str, value: str) -> None:
    assert pattern(glob)(value) is fnmatch.fnmatchcase(value, glob)


def test_no_value_takes_long() -> None:
    with worktime() as taken:
        hostile = pattern("*a*" * 60 + "b")
        for value in ("a" * 10_000, "ab" * 5_000, "a" * 9_999 + "b"):
            hostile(value)
    assert taken.seconds < 1


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("𝐔𝐫𝐠𝐞𝐧𝐭 𝓹𝓪𝔂𝓶𝓮𝓷𝓽", "urgent payment"),
        ("ｐａｙ　ｎｏｗ", "pay now"),
        ("pay\u200bm\u00adent\u2060 due", "payment due"),
        ("ﬁnal oﬀer", "FINAL OFFER"),
        ("STRAẞE", "strasse"),
        ("Ⅳ²", "iv2"),
        ("I\u0307stanbul", "i\u0307stanbul"),
        ("Ａ\u034fＢ", "ab"),
    ],
)
def test_text_is_compared_as_a_person_reads_it(written: str, sought: str) -> None:
    assert folded(written) == folded(sought)
    assert pattern(f"*{sought}*")(folded(f"x {written} y"))


@given(text=st.text(max_size=60))
def test_folding_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


BODY = "Bitte überweisen Sie 𝟓𝟎𝟎 Euro.\n\nSee ![x](https://a.example) <script>\n"


def archived(folder: Path, *, subject: str = "An invoice", name: str = "plan.txt", body: str = BODY) -> Timeline:
    timeline = Timeline(folder)
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "Ann <ann@a.example>", subject, "<One.2@a.example>"
    message.set_content(body)
    message.add_attachment(b"hello", maintype="application", subtype="octet-stream", filename=name)
    timeline.add([describe(message.as_bytes(), timeline.archive_id, 1_000)])
    return timeline


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"body": ["500 EURO"]}, True),
        ({"body": ["quarterly-figures"]}, True),
        ({"body": ["![x](https"]}, True),
        ({"body": ["! [x] (https"]}, True),
        ({"body": ["< script"]}, True),
        ({"body": ["absent", "überweisen"]}, True),
        ({"body": ["absent"]}, False),
        ({"message_id": ["one.*@A.example"]}, True),
        ({"message_id": ["<One.2@a.example>"]}, True),
        ({"message_id": ["one"]}, False),
        ({"message_id": ["*"], "subject": ["*invoice"], "sender": ["ann <*"], "body": ["euro"]}, True),
        ({"message_id": ["*"], "subject": ["invoice"]}, False),
    ],
    ids=str,
)
async def test_a_message_is_matched_by_what_is_shown_of_it(tmp_path: Path, wanted: dict[str, Any], found: bool) -> None:
    timeline = archived(tmp_path / "archive", subject="𝑨𝒏 invoice", name="Quarterly\u00ad-figures.xlsx")
    page = await search_archive(
        timeline.archive_id,
        moment(0),
        moment(2_000),
        filter_here=FilterHere(**wanted),
        access=timeline.access(),
    )
    assert page.complete and len(page.rows) == int(found)


@pytest.mark.anyio
async def test_a_copy_with_another_body_is_no_hiding_place(tmp_path: Path) -> None:
    """Two messages with the same header fields are one row; either body may hold what is looked for."""
    timeline = Timeline(tmp_path / "archive")
    headers = {"Message_ID": "<1@a.example>", "Date": "Tue, 1 Apr 2025 10:00:00 +0000"}
    harmless = timeline.put([1_000], body="all is well\r\n", **headers)
    hidden = timeline.put([1_000], body="send the needle\r\n", **headers)
    page = await search_archive(
        timeline.archive_id,
        moment(0),
        moment(2_000),
        filter_here=FilterHere(body=["needle"]),
        access=timeline.access(),
    )
    (row,) = page.rows
    assert set(row.copy_ids or []) == {*harmless, *hidden}


@pytest.mark.parametrize(
    ("asked", "matches"),
    [("zh", True), ("ZH-hant", True), ("zh*", True), ("z", False), ("zh-", False), ("de", False), ("en", True)],
)
def test_a_language_is_for_its_kinds_too(asked: str, matches: bool) -> None:
    facts = Facts(
        size_bytes=1, sha256="", date_distance=None, checks=(), body_hashes=(), from_domains=(), reply_to_domains=(),
        return_path_domain=None, link_hosts=(), form_hosts=(), image_hosts=(), files=(), findings=(), hidden_words=0,
        problems=(), languages=("zh-Hant", "en"), minhash="",
    )  # fmt: skip
    (test,) = facts_tests(conditions_of(FilterHere(language=[asked]))).of_body
    assert test(facts) is matches
