"""What a filtered search claims: no message within `Coverage` that matches is missing from the rows so far."""

from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_tools.access import Access
from mail_archive_tools.models import ArchiveSearchPage
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.sweeping.walk import Order
from mail_archive_tools.searching.windows import Limits
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.slow

LIMITS = Limits(seconds=400, rows=6)
LENGTH = 1_500
MOST_PAGES = 200
WAITS = (0.0, 0.003, 0.02, 45.0)
"""Seconds: mostly too short for all bodies of a window, so that answers end anywhere."""

Mail = list[tuple[int, bool, bool]]
"""Second, whether the body has the word, whether the message was archived twice."""


@st.composite
def mail(draw: st.DrawFn) -> Mail:
    seconds = draw(st.lists(st.integers(0, LENGTH), min_size=1, max_size=25))
    return [(second, draw(st.booleans()), draw(st.booleans())) for second in seconds if seconds.count(second) <= 2]


class World:
    """One archive for all examples: each has a stretch of time to itself."""

    def __init__(self, folder: Path) -> None:
        self.timeline = Timeline(folder)
        self.timeline.put([0])
        self._base = 500_000_000

    def fill(self, mail: Mail) -> tuple[int, dict[str, int]]:
        """Where second 0 is, and the second of each message to be found, by its id."""
        self._base += 100_000
        wanted: dict[str, int] = {}
        for number, (second, is_wanted, is_double) in enumerate(mail):
            body = "a NEEDLE in hay\r\n" if is_wanted else "only hay\r\n"
            headers = {"Message_ID": f"<{self._base}-{number}@a.example>", "Date": "Tue, 1 Apr 2025 10:00:00 +0000"}
            moments = [self._base + second] * (2 if is_double else 1)
            ids = self.timeline.put(moments, Subject="a case", body=body, **headers)
            wanted |= dict.fromkeys(ids, self._base + second) if is_wanted else {}
        return self._base, wanted


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("coverage") / "archive")


def shown_by(page: ArchiveSearchPage) -> set[str]:
    """The ids of all that the rows of a page stand for."""
    return {each for row in page.rows for each in row.copy_ids or [row.archived_message_id or ""]}


def assert_true(page: ArchiveSearchPage, shown: set[str], wanted: dict[str, int]) -> None:
    if page.coverage:
        first, last = page.coverage.from_timestamp, page.coverage.to_timestamp
        covered = {each for each, second in wanted.items() if first <= moment(second) <= last}
        assert covered <= shown
    if page.complete:
        assert set(wanted) == shown
    assert page.complete == (page.next_cursor is None)
    assert page.filtered_here and page.rows_so_far <= page.filtered_here.rows_read <= page.filtered_here.rows_found


@settings(suppress_health_check=list(HealthCheck), max_examples=16)
@given(
    mail=mail(),
    order=st.sampled_from(["newest_first", "oldest_first"]),
    limit=st.sampled_from([1, 2, 5, 50]),
    deduplicate=st.booleans(),
    waits=st.lists(st.sampled_from(WAITS), min_size=1, max_size=5),
)
def test_no_match_within_coverage_is_missing(
    world: World, mail: Mail, order: Order, limit: int, deduplicate: bool, waits: list[float]
) -> None:
    base, wanted = world.fill(mail)
    fresh = world.timeline.access

    async def pages(access: Access) -> None:
        shown: set[str] = set()
        page: ArchiveSearchPage | None = None
        for number in range(MOST_PAGES):
            page = await search_archive(
                world.timeline.archive_id,
                moment(base),
                moment(base + LENGTH),
                subject=["case"],
                filter_here=FilterHere(body=["needle"]),
                order=order,
                limit=limit,
                deduplicate="copies" if deduplicate else "no",
                cursor=page.next_cursor if page else None,
                # In the end there is time, so that every example ends.
                wait_seconds=waits[number] if number < len(waits) else 45,
                access=access if number % 3 else fresh(LIMITS),
            )
            new = shown_by(page)
            assert not new & shown
            shown |= new
            assert_true(page, shown, wanted)
            if page.next_cursor is None:
                assert page.rows_so_far == len(wanted)
                assert page.messages_so_far == sum(is_wanted for _, is_wanted, _ in mail)
                return
        raise AssertionError("there is always another page")

    anyio.run(pages, fresh(LIMITS))


@pytest.mark.anyio
async def test_rows_that_do_not_fit_the_answer_are_not_covered(tmp_path: Path) -> None:
    """Two hundred ids of copies a row leave no room for the last of them: they come with the next page."""
    timeline = Timeline(tmp_path / "archive")
    ids: list[str] = []
    for second in range(100, 1_000, 100):
        headers = {"Message_ID": f"<{second}@a.example>", "Date": "Tue, 1 Apr 2025 10:00:00 +0000"}
        ids += timeline.put([second] * 200, Subject="a case", **headers)
    wanted = dict(zip(ids, (100 * (1 + place // 200) for place in range(len(ids))), strict=True))
    shown: set[str] = set()
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = await search_archive(
            timeline.archive_id,
            moment(0),
            moment(2_000),
            filter_here=FilterHere(subject=["a case"]),
            cursor=cursor,
            access=timeline.access(),
        )
        shown |= shown_by(page)
        assert_true(page, shown, wanted)
        cursor, pages = page.next_cursor, pages + 1
    assert pages > 1 and page.messages_so_far == 9
