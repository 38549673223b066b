"""Rows that fit an answer."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_tools.answers.budget import ROWS_BYTES, TOOL_ANSWER_BYTES
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.answers.rows import FROM_BYTES, SUBJECT_BYTES, TO_BYTES, fit_rows
from mail_archive_tools.models import SearchResultRow, SearchResults
from tests.pace import worktime

LONGEST = "\u4e2d" * 5_000

TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"ArchivedMessageId": st.just("m" * 26)}, optional={"From": TEXTS, "To": TEXTS, "Subject": TEXTS, "Cc": TEXTS}
    ),
    max_size=20,
)


def monster(number: int) -> dict[str, Any]:
    """A row in which everything is as long as mail allows."""
    return {
        "ArchivedMessageId": f"{number:026d}",
        "ReceivedTimestamp": "2025-01-01T00:00:00Z",
        **dict.fromkeys(["From", "To", "Cc", "Subject", "XMailer", "MessageId", "InReplyTo"], LONGEST),
        "Date": "Sat, 1 Apr 2017 10:00:00 +0000 (" + LONGEST,
        "ReceivedHeaders": [LONGEST] * 50,
        "Envelope": {"From": LONGEST, "To": [LONGEST] * 100, "Helo": LONGEST},
        "HasAttachments": True,
    }


def test_twenty_summaries_take_less_than_six_kilobytes() -> None:
    rows, notes = fit_rows([monster(number) for number in range(20)], "summary", SearchResultRow)
    text = render(SearchResults(search_id="s" * 64, rows=rows, total_rows=1000, truncated=True, notes=notes))
    assert len(rows) == 20
    assert len(text.encode()) < 6_000
    assert "… marks cut values." in notes


def dated(date: str) -> SearchResultRow:
    row = {"ArchivedMessageId": "m", "ReceivedTimestamp": "2025-04-01T10:00:00Z", "Date": date}
    ((shown,), _) = fit_rows([row], "summary", SearchResultRow)
    return shown


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 1 Apr 2025 12:00:01 +0100",
        "Sat, 01 Apr 2017 10:00:00 -1100",
        "1 Jan 1900 00:00:00 GMT",
        "Fri, 31 Dec 9990 23:00:00 -0900",
    ],
)
def test_a_date_of_another_hour_is_shown(date: str) -> None:
    assert dated(date).date == date
    rows, _ = fit_rows(
        [{"ArchivedMessageId": "m", "ReceivedTimestamp": "2025-04-01T10:00:00Z", "Date": date}],
        "summary",
        SearchResultRow,
    )
    text = render(SearchResults(search_id="s", rows=rows, total_rows=1))
    assert text.splitlines()[-3].endswith("\tDate") and text.splitlines()[-2].endswith(f"\t{date}")


@pytest.mark.parametrize(
    "date",
    ["Tue, 1 Apr 2025 12:00:00 +0200", "Tue, 1 Apr 2025 10:59:59 -0000", "Tue, 1 Apr 2025 09:30:00", "no date", ""],
)
def test_a_date_of_the_same_hour_or_none_is_left_out(date: str) -> None:
    assert dated(date).date is None


@pytest.mark.parametrize("count", [1, 50])
def test_full_rows_stay_under_forty_kilobytes(count: int) -> None:
    rows, notes = fit_rows([monster(number) for number in range(count)], "full", SearchResultRow)
    results = SearchResults(search_id="s" * 64, rows=rows, total_rows=1000, notes=notes)
    assert 1 <= len(rows) <= count
    assert len(render(results).encode()) < TOOL_ANSWER_BYTES
    assert len(json.dumps(results.structured(), ensure_ascii=False).encode()) < TOOL_ANSWER_BYTES
    assert any("cut" in note for note in notes)


# The first text that hypothesis makes takes a second, for which the code is not to blame.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_summaries_keep_their_limits_and_say_when_they_cut(rows: list[dict[str, Any]]) -> None:
    fitting, notes = fit_rows(rows, "summary", SearchResultRow)
    assert len(fitting) == len(rows)
    for row in fitting:
        assert len((row.from_ or "").encode()) <= FROM_BYTES
        assert len((row.to or "").encode()) <= TO_BYTES
        assert len((row.subject or "").encode()) <= SUBJECT_BYTES
        assert row.cc is None
    if not notes:
        whole, _ = fit_rows(rows, "full", SearchResultRow)
        assert [(each.from_, each.to, each.subject) for each in whole] == [
            (each.from_, each.to, each.subject) for each in fitting
        ]


def shown(name: str, value: str) -> str:
    (row,), _ = fit_rows([{name: value}], "summary", SearchResultRow)
    return str(row.structured()[name])


def test_an_address_is_worth_more_than_the_name_before_it() -> None:
    long_name = "The Right Honourable Accounts Department of Some Very Large Company"
    assert shown("From", f'"{long_name}" <pay@evil.example>').endswith("<pay@evil.example>")
    address = "a" * 80 + "@look-alike.example"
    assert shown("From", f"<{address}>").endswith("look-alike.example>")
    assert shown("To", f"{long_name} <first@here.example>, <b@here.example>, <c@here.example>").endswith(
        "<first@here.example> +2"
    )
    assert shown("To", "first@here.example, b@here.example, c@here.example") == "first@here.example +2"
    assert shown("To", '"Tanaka, Aiko (Support Department)" <a@here.example>, b@here.example').endswith(
        "<a@here.example> +1"
    )


@pytest.mark.parametrize(
    "disguise",
    [
        '"Nora Feld <nora@good.example>, Accounts of Brightwell Optics" <nora@evil.example>',
        "Nora Feld <nora@good.example>, Accounts of Brightwell Optics <nora@evil.example>",
        "=?utf-8?q?Nora_Feld_=3Cnora=40good=2Eexample=3E=2C_Accounts_of_Brightwell?= <nora@evil.example>",
        '"' + "Nora Feld <nora@good.example> " * 50 + '" <nora@evil.example>',
    ],
)
def test_an_address_in_the_name_does_not_hide_the_one_behind_it(disguise: str) -> None:
    assert shown("From", disguise).endswith("<nora@evil.example>")


@pytest.mark.parametrize("value", [" " * 100_000 + "x", '"' * 100_000, "<" * 100_000, "a, " * 50_000, '"\\' * 50_000])
def test_odd_address_headers_take_no_time(value: str) -> None:
    with worktime() as taken:
        shown("From", value)
        shown("To", value)
    assert taken.seconds < 1


def test_encoded_words_are_decoded_before_they_are_cleaned() -> None:
    assert shown("From", "=?utf-8?b?w4lsb2RpZeKArg==?= <e@x.example>") == "Élodie <e@x.example>"
    assert "\n" not in shown("Subject", "=?utf-8?q?a=0Ab=09c?=")


def test_page_bytes_leave_room_for_the_rest_of_an_answer() -> None:
    assert ROWS_BYTES < TOOL_ANSWER_BYTES * 0.9
