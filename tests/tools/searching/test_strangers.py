"""Rows of another search in an answer: in the answer itself, and through the tools of a service that mixes them up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mail_archive_tools.errors import ServiceFailed
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import get_archive_search_results
from mail_archive_tools.searching.strangers import sort_rows
from mail_archive_tools.service.filters import Filters, all_of, contains
from mail_archive_tools.service.shapes import Row, Search
from mail_archive_tools.summarize import summarize_archive_search
from tests.tools.service.test_wire import COMPLETED, FOR_EVER, RANGE, Answering, running, service

pytestmark = pytest.mark.anyio
__all__ = ["running", "service"]

FIRST, LAST = RANGE
HOUR = timedelta(hours=1)
LUNCH: Row = {"From": "Bob <bob@c.example>", "To": "ann@b.example", "Subject": "Lunch?", "HasAttachments": False}
INVOICE: Row = {**LUNCH, "Subject": "=?utf-8?q?Invoice_for_M=C3=A4rz?="}


def row(number: int, received: datetime = FIRST + HOUR, of: Row = LUNCH) -> Row:
    return {**of, "ArchivedMessageId": f"m{number}", "ReceivedTimestamp": received}


def sent(rows: list[Row]) -> dict[str, Any]:
    return {"Rows": [{**each, "ReceivedTimestamp": each["ReceivedTimestamp"].timestamp()} for each in rows]}


def asked(*include: Filters, unless: Filters | None = None) -> Search:
    filters = all_of(list(include), [unless] if unless else [])
    return {"FromTimestamp": FIRST, "ToTimestamp": LAST, "Filters": filters or {}}


def has_attachments(operator: str) -> Filters:
    return {"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": operator}}


@pytest.mark.parametrize(
    ("received", "outside"),
    [
        (FIRST, 0),
        (LAST, 0),
        (FIRST - timedelta(seconds=1), 0),
        (LAST + timedelta(seconds=1), 0),
        (FIRST - timedelta(seconds=2), 1),
        (LAST + timedelta(seconds=2), 1),
        (LAST + timedelta(days=60), 1),
    ],
)
def test_rows_are_of_the_range_with_a_second_of_tolerance(received: datetime, outside: int) -> None:
    found = sort_rows([row(1, received), row(2)], asked())
    assert found.outside == outside and len(found.rows) == 2 - outside


def test_a_row_without_a_time_and_a_search_without_a_range_are_not_judged() -> None:
    assert sort_rows([{"ArchivedMessageId": "m1"}], asked()).outside == 0
    assert sort_rows([row(1, datetime(1970, 1, 1, tzinfo=UTC))], {}).outside == 0
    ends = asked() | {
        "FromTimestamp": datetime.min.replace(tzinfo=UTC),
        "ToTimestamp": datetime.max.replace(tzinfo=UTC),
    }
    assert sort_rows([row(1)], ends).outside == 0


@pytest.mark.parametrize(
    ("filters", "of", "contradicts"),
    [
        ([contains("SUBJECT", ["invoice"])], LUNCH, True),
        ([contains("SUBJECT", ["invoice", "LUNCH"])], LUNCH, False),
        ([contains("SUBJECT", ["lunch"]), contains("FROM", ["carol"])], LUNCH, True),
        # Decoded, and by the beginnings of words, without accents.
        ([contains("SUBJECT", ["invoices"])], INVOICE, False),
        ([contains("SUBJECT", ["Marz"])], INVOICE, False),
        ([contains("SUBJECT", ["mai"])], INVOICE, True),
        # What stands in another field, what the row lacks, and what may be cut.
        ([contains("FROM", ["ann"])], LUNCH, False),
        ([contains("CC", ["carol"])], LUNCH, False),
        ([contains("TO", ["carol"])], {**LUNCH, "To": "x" * 250}, False),
        ([contains("ENVELOPE_FROM", ["carol"])], LUNCH, False),
        # Signs alone, and words of a script without spaces.
        ([contains("SUBJECT", ["@!"])], LUNCH, False),
        ([contains("SUBJECT", ["会議資料"])], {**LUNCH, "Subject": "会議の資料"}, False),
        ([contains("SUBJECT", ["会議資料"])], LUNCH, True),
        ([has_attachments("IS_TRUE")], LUNCH, True),
        ([has_attachments("IS_FALSE")], LUNCH, False),
        ([has_attachments("IS_TRUE")], {"Subject": "Lunch?"}, False),
    ],
)
def test_rows_contradict_the_words_of_a_search_only_where_that_is_certain(
    filters: list[Filters], of: Row, contradicts: bool
) -> None:
    found = sort_rows([row(number, of=of) for number in range(3)], asked(*filters))
    assert found.is_anothers is contradicts
    assert len(found.rows) == 3


def test_what_was_to_be_left_out_counts_for_attachments_alone() -> None:
    rows = [row(number) for number in range(3)]
    assert sort_rows(rows, asked(unless=has_attachments("IS_FALSE"))).is_anothers
    assert not sort_rows(rows, asked(unless=contains("SUBJECT", ["lunch"]))).is_anothers


@pytest.mark.parametrize(("others", "of_all", "is_anothers"), [(2, 2, False), (3, 6, False), (3, 5, True)])
def test_some_rows_that_contradict_are_left_alone(others: int, of_all: int, is_anothers: bool) -> None:
    rows = [row(number, of=LUNCH if number < others else INVOICE) for number in range(of_all)]
    assert sort_rows(rows, asked(contains("SUBJECT", ["invoice"]))).is_anothers is is_anothers


async def test_rows_of_another_month_are_left_out_and_counted_and_the_next_call_asks_anew(service: Answering) -> None:
    access = service.access()
    stray = [row(number, LAST + timedelta(days=60)) for number in range(4)]
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, sent(stray))
    page = await search_archive("a-1", *RANGE, access=access)
    assert page.rows == [] and page.complete is False and "had 4 rows" in " ".join(page.notes or [])
    assert "m1" not in access.reader.told

    service.answers(COMPLETED, sent([row(7)]))
    page = await search_archive("a-1", *RANGE, access=access)
    assert [each.archived_message_id for each in page.rows] == ["m7"] and page.complete


async def test_rows_of_another_month_once_are_asked_for_once_more(service: Answering) -> None:
    stray = sent([row(1, LAST + HOUR)])
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, stray, sent([row(7)]))
    page = await search_archive("a-1", *RANGE, access=service.access())
    assert [each.archived_message_id for each in page.rows] == ["m7"] and page.complete


async def test_a_full_answer_of_another_month_does_not_make_windows_shorter(service: Answering) -> None:
    stray = sent([row(number, LAST + HOUR) for number in range(1_000)])
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, stray)
    page = await search_archive("a-1", *RANGE, access=service.access())
    assert page.complete is False and page.searches_so_far == 1


async def test_rows_of_another_search_are_a_sentence_and_kept_nowhere(service: Answering) -> None:
    access = service.access()
    others = sent([row(number) for number in range(14)])
    service.answers(FOR_EVER, {"SearchId": "s1"}, COMPLETED, others)
    with pytest.raises(ServiceFailed, match=r"search s1 .* 14 of 14 rows"):
        await search_archive("a-1", *RANGE, subject=["invoice"], access=access)
    assert "m1" not in access.reader.told

    service.answers(COMPLETED, sent([row(7, of=INVOICE)]))
    page = await search_archive("a-1", *RANGE, subject=["invoice"], access=access)
    assert [each.archived_message_id for each in page.rows] == ["m7"] and page.complete


async def test_a_summary_and_the_results_of_a_search_are_held_to_the_same(service: Answering) -> None:
    access = service.access()
    search = {
        **COMPLETED,
        "FromTimestamp": FIRST.timestamp(),
        "ToTimestamp": LAST.timestamp(),
        "Filters": all_of([contains("SUBJECT", ["invoice"])]),
    }
    rows = sent([row(1, LAST + HOUR), row(2, of=INVOICE)])
    service.answers(search, rows)
    found = await get_archive_search_results("s1", access=access)
    assert found.total_rows == 1 and found.complete is False and found.notes
    service.answers(search, rows)
    summary = await summarize_archive_search(search_id="s1", access=access)
    assert summary.rows == 1 and summary.complete is False

    service.answers(search, sent([row(number) for number in range(3)]))
    with pytest.raises(ServiceFailed, match="3 of 3 rows"):
        await get_archive_search_results("s1", access=access)
