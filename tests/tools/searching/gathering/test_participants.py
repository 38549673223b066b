"""`participant`: in From, To or Cc, as several searches whose rows are merged."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_tools.models import ArchiveSearchPage, FoundRow, SearchWords
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.summarize import summarize_archive_search
from tests.tools.searching.timelines import Timeline, moment

ANN, BOB = "Ann <ann@a.example>", "bob@b.example"
FIELDS = ("From", "To", "Cc")


def put_one_of_each(timeline: Timeline) -> dict[str, str]:
    """A message with Ann in each field, one with her in all, and one without her; ids by what they are."""
    ids = {}
    for second, field in enumerate(FIELDS, 100):
        headers = {"From": BOB, "To": BOB, "Cc": BOB, field: ANN}
        (ids[field],) = timeline.put([second], **headers)
    (ids["all"],) = timeline.put([110], From=ANN, To=ANN, Cc=ANN)
    (ids["none"],) = timeline.put([120], From=BOB, To=BOB)
    return ids


async def search(timeline: Timeline, **words: Any) -> ArchiveSearchPage:
    return await search_archive(timeline.archive_id, moment(0), moment(1_000), access=timeline.access(), **words)


def ids_of(rows: list[FoundRow]) -> list[str | None]:
    return [row.archived_message_id for row in rows]


@pytest.mark.anyio
async def test_a_participant_is_found_in_each_field_and_each_message_once(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    ids = put_one_of_each(timeline)
    page = await search(timeline, participant=["ANN"])
    assert ids_of(page.rows) == [ids["all"], ids["Cc"], ids["To"], ids["From"]]
    assert (page.rows_so_far, page.searches_so_far, page.complete) == (4, 3, True)
    # No single search found these rows.
    assert page.search_id is None
    assert ids_of((await search(timeline, recipient=["ann"])).rows) == [ids["all"], ids["To"]]


@pytest.mark.anyio
async def test_a_participant_beside_other_words_and_excluded(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    ids = put_one_of_each(timeline)
    assert ids_of((await search(timeline, participant=["ann"], sender=["bob"])).rows) == [ids["Cc"], ids["To"]]
    page = await search(timeline, exclude=SearchWords(participant=["ann"]))
    assert ids_of(page.rows) == [ids["none"]] and page.searches_so_far == 1
    counted = await summarize_archive_search(
        timeline.archive_id,
        moment(0),
        moment(1_000),
        participant=["ann"],
        group_by=["sender", "year"],
        access=timeline.access(),
    )
    assert (counted.rows, counted.searches_so_far, counted.complete) == (4, 3, True)
    assert {each.by: [group.value for group in each.top] for each in counted.summaries}["year"] == ["1970"]


@pytest.mark.anyio
async def test_what_still_runs_is_taken_up_by_another_process(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    ids = put_one_of_each(timeline)
    cursor, pages = None, 0
    while pages < 20:
        page = await search_archive(
            timeline.archive_id,
            moment(0),
            moment(1_000),
            participant=["ann"],
            cursor=cursor,
            # Shorter than the three searches take together, longer than one.
            wait_seconds=0.6,
            access=timeline.access(search_seconds=0.4),
        )
        pages += 1
        assert page.complete == bool(page.rows)
        if page.complete:
            break
        assert page.running_search_id and page.next_cursor
        cursor = page.next_cursor
    assert set(ids_of(page.rows)) == set(ids.values()) - {ids["none"]}
    # Each search was started once, by whichever process.
    assert pages > 1 and page.searches_so_far == 3


@pytest.mark.slow
@settings(suppress_health_check=list(HealthCheck), max_examples=16)
@given(
    mail=st.lists(st.tuples(st.integers(0, 900), st.lists(st.booleans(), min_size=3, max_size=3)), max_size=25),
    limit=st.sampled_from([1, 4, 50]),
)
def test_all_pages_together_are_what_the_store_holds(
    tmp_path_factory: pytest.TempPathFactory, mail: list[tuple[int, list[bool]]], limit: int
) -> None:
    timeline = Timeline(tmp_path_factory.mktemp("participants") / "archive")
    wanted = []
    seconds = [second for second, _ in mail]
    for second, places in mail:
        if seconds.count(second) > 4:
            continue
        headers = {name: ANN if is_there else BOB for name, is_there in zip(FIELDS, places, strict=True)}
        ids = timeline.put([second], **headers)
        wanted += ids if any(places) else []

    async def all_rows() -> list[FoundRow]:
        rows: list[FoundRow] = []
        cursor = None
        while True:
            page = await search_archive(
                timeline.archive_id,
                moment(0),
                moment(900),
                participant=["ann"],
                limit=limit,
                deduplicate="no",
                cursor=cursor,
                access=timeline.access(Limits(seconds=400, rows=6)),
            )
            rows += page.rows
            cursor = page.next_cursor
            if cursor is None:
                assert page.complete and page.rows_so_far == len(rows)
                return rows

    rows = anyio.run(all_rows)
    assert len(rows) == len(wanted) and set(ids_of(rows)) == set(wanted)
    times = [row.received_timestamp for row in rows if row.received_timestamp]
    assert times == sorted(times, reverse=True)
