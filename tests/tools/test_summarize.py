"""`summarize_archive_search`: counts over a whole search, compared with counting by hand."""

import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.errors import InvalidArgument, NotReady
from mail_archive_tools.models import ArchiveSearchSummary
from mail_archive_tools.models.summary import OF_FACTS, OF_ROWS, WEEKDAYS, GroupBy
from mail_archive_tools.search import search_archive
from mail_archive_tools.searches import start_archive_search
from mail_archive_tools.summarize import summarize_archive_search
from tests.conftest import ERAS, Sample, text_of
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

YEAR = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
APRIL = (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 30, tzinfo=UTC))
EVERYTHING: list[GroupBy] = [*OF_ROWS, *OF_FACTS]


def tops(summary: ArchiveSearchSummary) -> dict[str, dict[str, int]]:
    return {each.by: {group.value: group.rows for group in each.top} for each in summary.summaries}


async def all_rows(sample: Sample, access: Access) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await search_archive(sample.archive_id, *YEAR, limit=50, cursor=cursor, access=access)
        rows += [row.structured() for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return rows


async def test_counts_are_those_of_the_rows(sample: Sample, access: Access) -> None:
    rows = await all_rows(sample, access)
    summarize = partial(summarize_archive_search, sample.archive_id, *YEAR, top=50, access=access)
    summary = await summarize(group_by=["attachment", "month"])
    assert summary.complete and summary.rows == summary.messages == len(rows)
    assert (summary.first_timestamp, summary.last_timestamp) == (
        min(datetime.fromisoformat(row["ReceivedTimestamp"]) for row in rows),
        max(datetime.fromisoformat(row["ReceivedTimestamp"]) for row in rows),
    )
    assert tops(summary) == {
        "attachment": Counter("with" if row.get("HasAttachments") else "without" for row in rows),
        "month": Counter(row["ReceivedTimestamp"][:7] for row in rows),
    }
    by_sender = await summarize(group_by=["sender_domain", "source"])
    (domains, sources) = by_sender.summaries
    assert sum(group.rows for group in domains.top) + (domains.others.rows if domains.others else 0) == len(rows)
    assert {group.value for group in sources.top} == {"received", "sent"}


async def test_days_weekdays_and_hours_are_those_of_the_zone(sample: Sample, access: Access) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    rows = await all_rows(sample, access)
    times = [datetime.fromisoformat(row["ReceivedTimestamp"]).astimezone(zone) for row in rows]
    summary = await summarize_archive_search(
        sample.archive_id, *YEAR, group_by=["weekday", "hour"], zone="Asia/Tokyo", access=access
    )
    found = tops(summary)
    assert found["weekday"] == Counter(WEEKDAYS[each.weekday()] for each in times)
    assert list(found["weekday"]) == [day for day in WEEKDAYS if day in found["weekday"]]
    assert found["hour"] == Counter(f"{each:%H}:00" for each in times)
    assert list(found["hour"]) == sorted(found["hour"])
    assert "Times are of Asia/Tokyo." in render(summary)


async def test_copies_recipients_pairs_and_gaps(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    day = 86_400
    headers = {"From": "Ann <ANN@a.example>", "To": "b@b.example, B <b@b.example>, c@c.example"}
    copied = {"Message_ID": "<1@a.example>", "Date": "Tue, 1 Apr 2025 10:00:00 +0000", **headers}
    timeline.put([10 * day, 10 * day + 1, 10 * day + 2], Subject="Re: [x] Offer", **copied)
    timeline.put([20 * day], Subject="Offer", Cc="d@c.example", **headers)
    timeline.put([50 * day], Subject="", From="nobody at all")
    summary = await summarize_archive_search(
        timeline.archive_id, moment(0), moment(60 * day), group_by=EVERYTHING, access=timeline.access()
    )
    assert (summary.rows, summary.messages, summary.searches_so_far) == (5, 3, 2)
    by = {each.by: each for each in summary.summaries}
    (ann, nobody) = by["sender"].top
    assert (ann.value, ann.rows, ann.messages) == ("ann@a.example", 4, 2)
    assert (nobody.value, nobody.rows, nobody.messages) == ("nobody at all", 1, None)
    assert (ann.first, ann.last) == (moment(10 * day), moment(20 * day))
    found = tops(summary)
    assert found["recipient"] == {"b@b.example": 4, "c@c.example": 4, "d@c.example": 1, "(no address)": 1}
    assert found["recipient_domain"] == {"b.example": 4, "c.example": 4, "(no address)": 1}
    assert found["pair"]["ann@a.example → c@c.example"] == 4
    assert found["subject"] == {"Offer": 4, "(no subject)": 1}
    assert found["week"] == {"1970-01-05": 3, "1970-01-19": 1, "1970-02-16": 1}
    assert summary.gaps and [(gap.from_timestamp, gap.to_timestamp) for gap in summary.gaps][:2] == [
        (moment(20 * day), moment(50 * day)),
        # Before its oldest message there is no archive, and so no silence.
        (moment(50 * day), moment(60 * day)),
    ]
    assert "3 messages (5 rows with copies) counted in all." in render(summary)


async def test_one_search_by_its_id(sample: Sample, access: Access) -> None:
    started = await start_archive_search(sample.archive_id, *APRIL, access=access)
    summary = await summarize_archive_search(search_id=started.search_id, group_by=["sender"], access=access)
    words = await summarize_archive_search(sample.archive_id, *APRIL, group_by=["sender"], access=access)
    assert summary.complete and summary.rows == words.rows and tops(summary) == tops(words)
    assert f"by search {started.search_id} of {sample.archive_id}." in render(summary)
    part = await start_archive_search(sample.archive_id, *APRIL, max_results=5, access=access)
    cut = await summarize_archive_search(search_id=part.search_id, access=access)
    assert not cut.complete and cut.rows == 5 and "may be more" in render(cut)


async def test_what_is_not_finished_goes_on_with_the_same_call(own_sample: Sample) -> None:
    access = open_access(Settings(local=own_sample.folder, search_seconds=0.3))
    call = partial(summarize_archive_search, own_sample.archive_id, *YEAR, access=access)
    summaries = [await call(wait_seconds=1)]
    while not summaries[-1].complete:
        assert "the same call again" in render(summaries[-1])
        summaries.append(await call(wait_seconds=1))
    assert 2 < len(summaries) < 10
    assert summaries[-1].rows == 300 and summaries[-1].searches_so_far == 13
    rows = [summary.rows for summary in summaries]
    assert rows == sorted(rows)
    # Other groupings of it take no search, and two at once count nothing twice.
    again: list[ArchiveSearchSummary] = []

    async def ask() -> None:
        again.append(await call(group_by=["hour"]))

    async with anyio.create_task_group() as calls:
        calls.start_soon(ask)
        calls.start_soon(ask)
    assert [each.rows for each in again] == [300, 300] and again[0].searches_so_far == 13


async def test_a_caller_that_goes_loses_nothing_and_doubles_nothing(own_sample: Sample) -> None:
    access = open_access(Settings(local=own_sample.folder, search_seconds=0.1))
    call = partial(summarize_archive_search, own_sample.archive_id, *YEAR, access=access)
    for _ in range(4):
        with anyio.move_on_after(0.5):
            await call()
    assert (await call()).rows == 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Give archive_id, from_timestamp and to_timestamp, or search_id alone"),
        ({"archive_id": "a-1", "search_id": "s"}, "search_id names a search with its own range"),
        ({"search_id": "s", "sender": ["x"]}, "leave the others out"),
        ({"archive_id": "a-1", "from_timestamp": YEAR[1], "to_timestamp": YEAR[0]}, "before from_timestamp"),
        ({"search_id": "s", "zone": "Mars/Olympus"}, "'Mars/Olympus' is no IANA time zone"),
        ({"search_id": "s", "zone": "../../etc/passwd"}, "no IANA time zone"),
        ({"search_id": "nothing"}, "Search nothing"),
    ],
)
async def test_what_cannot_be_summarized(access: Access, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        await summarize_archive_search(**arguments, access=access)


async def test_a_search_that_still_runs_has_no_summary(own_sample: Sample) -> None:
    access = open_access(Settings(local=own_sample.folder, search_seconds=60))
    started = await start_archive_search(own_sample.archive_id, *APRIL, access=access)
    with pytest.raises(NotReady, match="still QUEUED"):
        await summarize_archive_search(search_id=started.search_id, access=access)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("group_by", [["sender", "pair"], EVERYTHING])
async def test_answers_take_at_most_six_kilobytes(tmp_path: Path, era: Any, group_by: list[GroupBy]) -> None:
    timeline = Timeline(tmp_path / "archive")
    for number in range(60):
        name = "\u4e2d" * 60 + f"-{number}"
        timeline.put(
            [number * 100_000],
            From=f"{name} <{name}@{name}.example>",
            To=", ".join(f"{name}{to}@{name}.example" for to in range(5)),
            Subject=f"{name} {name}",
        )
    access = timeline.access()
    async with Client(build_server(lambda: access), mode=era) as client:
        asked = {"archive_id": timeline.archive_id, "from_timestamp": "1970-01-01", "to_timestamp": "1970-06-01"}
        answer = await client.call_tool("summarize_archive_search", {**asked, "group_by": group_by, "top": 50})
    structured = answer.structured_content or {}
    assert not answer.is_error, text_of(answer)
    assert len(text_of(answer).encode()) <= 6_144
    assert len(json.dumps(structured, ensure_ascii=False).encode()) <= 6_144
    assert [each["By"] for each in structured["Summaries"]] == [each for each in group_by if each != "gap"]
    assert all(each["Top"] and each["Others"]["Rows"] for each in structured["Summaries"][:2])


def test_facts_are_small() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    tracemalloc.start()
    facts = Columns()
    for start in range(0, 10_000, 1_000):
        facts.add(
            {
                "ArchivedMessageId": f"{number:026d}",
                "ReceivedTimestamp": moment(number * 1_000),
                "From": f"Person {number % 5_000} <person-{number % 5_000}@supplier-{number % 301}.example>",
                "To": f"Team <team-{number % 97}@here.example>, Other <other-{number % 89}@here.example>",
                "Subject": f"Re: report {number % 7_000}",
                "MessageId": f"<{number}@supplier.example>",
                "Date": "Tue, 1 Apr 2025 10:00:00 +0000",
            }
            for number in range(start, start + 1_000)
        )
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(facts) == facts.messages == 10_000
    assert size < 8_000_000
