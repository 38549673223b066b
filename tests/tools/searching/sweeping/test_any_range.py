"""`search_archive` over any range, against a direct look at the store: every row once, in order, whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_local.storage import row_keys as keys
from mail_archive_local.storage.store import Store
from mail_archive_tools.access import Access
from mail_archive_tools.models import FoundRow
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.sweeping.walk import Order
from mail_archive_tools.searching.windows import Limits
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.slow

ROOM = 250_000
"""Seconds of the archive that each example has to itself."""
SMALL = Limits(seconds=400, rows=6)
"""A service in miniature: ranges of days and thousands of rows would make the same decisions, slower."""
CROWD = 24
"""Rows of a search where more may be in one second: windows grow again after it, as they do in earnest."""
MOST_PAGES = 120
WIDE = 60
"""Some examples are that many times longer, so that there are quiet times for windows to end in."""


@dataclass(frozen=True)
class Case:
    """Mail at these seconds (with `True`: to be found), a range, and how it is asked for."""

    mail: list[tuple[int, bool]]
    begin: int
    length: int
    order: Order
    limit: int
    scale: int = 1
    rows: int = SMALL.rows

    @property
    def limits(self) -> Limits:
        return Limits(SMALL.seconds * self.scale, self.rows)

    def found(self) -> list[int]:
        return [second for second, wanted in self.mail if wanted and self.begin <= second <= self.begin + self.length]


def seconds_of_mail() -> st.SearchStrategy[list[int]]:
    """Clustered, regular, sparse and adversarial timelines: bursts, shared seconds, mail on the edges of windows."""
    burst = st.builds(
        lambda start, gaps: [start + sum(gaps[: place + 1]) for place in range(len(gaps))],
        st.integers(0, 3_000),
        st.lists(st.sampled_from([0, 0, 1, 1, 2, 7]), min_size=1, max_size=25),
    )
    regular = st.builds(lambda start, step: list(range(start, 3_000, step)), st.integers(0, 500), st.integers(60, 900))
    edges = st.lists(st.sampled_from([0, 1, 199, 200, 201, 399, 400, 401, 799, 800, 801, 1_200, 2_999, 3_000]))
    scattered = st.lists(st.integers(0, 3_000), max_size=25)
    kinds = st.lists(st.one_of(burst, regular, edges, scattered), max_size=3)
    return kinds.map(lambda lists: [second for each in lists for second in each])


@st.composite
def cases(draw: Any, most_in_a_second: int = SMALL.rows - 1) -> Case:
    seconds: list[int] = []
    for second in draw(seconds_of_mail()):
        if seconds.count(second) < most_in_a_second:
            seconds.append(second)
    wanted = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=len(seconds), max_size=len(seconds)))
    scale = draw(st.sampled_from([1, 1, WIDE]))
    return Case(
        mail=list(zip((second * scale for second in seconds), wanted, strict=True)),
        begin=draw(st.sampled_from([0, 0, 0, 1, 199, 1_000])) * scale,
        length=draw(st.sampled_from([0, 1, 399, 400, 401, 1_600, 3_000, 3_000])) * scale,
        order=draw(st.sampled_from(["newest_first", "oldest_first"])),
        limit=draw(st.sampled_from([1, 3, 10, 50])),
        scale=scale,
    )


@st.composite
def crowded_cases(draw: Any) -> Case:
    """Cases that have, most of them, seconds in which more was received than a search can find."""
    case: Case = draw(cases())
    count = draw(st.sampled_from([1, 1, 2, 3, 0]))
    crowded = draw(st.lists(st.integers(0, case.length), min_size=min(count, case.length + 1), max_size=count))
    mail = list(case.mail)
    for second in crowded:
        mail += [(case.begin + second, True)] * draw(st.integers(CROWD, 2 * CROWD))
    return replace(case, mail=mail, rows=CROWD)


class World:
    """One archive for all examples: each has a stretch of time to itself."""

    def __init__(self, folder: Path) -> None:
        self.timeline = Timeline(folder)
        # An archive begins with its oldest message, and the examples come one after the other.
        self.timeline.put([0])
        self._accesses: dict[Limits, Access] = {}
        self._base = 500_000_000

    def access(self, case: Case) -> Access:
        return self._accesses.setdefault(case.limits, self.timeline.access(case.limits))

    def fill(self, case: Case) -> int:
        """Put the case's mail in; returns where its second 0 is."""
        self._base += ROOM
        for wanted, subject in ((True, "the invoice"), (False, "plain")):
            self.timeline.put((self._base + second for second, is_it in case.mail if is_it is wanted), Subject=subject)
        return self._base

    def truth(self, case: Case, base: int) -> list[str]:
        """What the store holds of it, newest first, without any search."""
        first, last = base + case.begin, base + case.begin + case.length
        with Store(self.timeline.folder) as store, store.reading() as db:
            found = db.execute(
                "SELECT m.archived_message_id FROM message m JOIN searchable s ON s.id = m.id "
                "WHERE m.id BETWEEN ? AND ? AND s.subject LIKE '%invoice%' ORDER BY m.id DESC",
                (keys.first_key(1, first), keys.last_key(1, last)),
            )
            return [archived_message_id for (archived_message_id,) in found]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("timeline") / "archive")


async def all_rows(
    timeline: Timeline,
    case: Case,
    base: int,
    access: Access,
    *,
    between: Callable[[], None] | None = None,
    next_access: Callable[[], Access] | None = None,
) -> list[FoundRow]:
    """The rows of all pages; `between` happens after each page, and `next_access` is another process's."""
    rows: list[FoundRow] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await search_archive(
            timeline.archive_id,
            moment(base + case.begin),
            moment(base + case.begin + case.length),
            subject=["INVOICE"],
            order=case.order,
            limit=case.limit,
            cursor=cursor,
            access=access,
        )
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            assert page.complete
            assert page.rows_so_far >= len(rows) if between else page.rows_so_far == len(rows)
            assert page.running_search_id is None
            return rows
        assert len(cursor) < 2_000
        if between:
            between()
        access = next_access() if next_access else access
    raise AssertionError("there is always another page")


def assert_in_order(rows: list[FoundRow], order: Order) -> None:
    times = [row.received_timestamp for row in rows if row.received_timestamp]
    assert len(times) == len(rows)
    assert times == sorted(times, reverse=order == "newest_first")


def once(ids: list[str | None]) -> set[str | None]:
    assert len(ids) == len(set(ids))
    return set(ids)


ALWAYS = settings(suppress_health_check=list(HealthCheck), max_examples=120)


@ALWAYS
@given(case=cases())
def test_all_pages_together_are_what_the_store_holds(world: World, case: Case) -> None:
    base = world.fill(case)
    rows = anyio.run(partial(all_rows, world.timeline, case, base, world.access(case)))
    assert_in_order(rows, case.order)
    assert once([row.archived_message_id for row in rows]) == set(world.truth(case, base))
    assert len(rows) == len(case.found())


@settings(ALWAYS, max_examples=40)
@given(case=cases())
def test_every_page_by_another_process(world: World, case: Case) -> None:
    base = world.fill(case)
    fresh = partial(world.timeline.access, case.limits)
    rows = anyio.run(partial(all_rows, world.timeline, replace(case, limit=4), base, fresh(), next_access=fresh))
    assert_in_order(rows, case.order)
    assert once([row.archived_message_id for row in rows]) == set(world.truth(case, base))


@settings(ALWAYS, max_examples=60)
@given(
    # Few in a second, so that what arrives makes none too full for a search.
    case=cases(most_in_a_second=SMALL.rows - 2),
    late=st.lists(st.integers(0, 3_000), min_size=1, max_size=12, unique=True),
)
def test_mail_that_arrives_meanwhile_hides_none_and_doubles_none(world: World, case: Case, late: list[int]) -> None:
    base = world.fill(case)
    before = set(world.truth(case, base))
    arriving = iter(late)

    def arrive() -> None:
        world.timeline.put(
            (base + second for second in [next(arriving, None)] if second is not None), Subject="invoice"
        )

    rows = anyio.run(
        partial(all_rows, world.timeline, replace(case, limit=3), base, world.access(case), between=arrive)
    )
    assert_in_order(rows, case.order)
    shown = once([row.archived_message_id for row in rows])
    assert before <= shown <= set(world.truth(case, base))


@settings(ALWAYS, max_examples=6)
@given(case=cases())
def test_with_a_program_that_competes_for_the_slot(world: World, case: Case) -> None:
    base = world.fill(case)
    mine, other = (world.timeline.access(case.limits, search_seconds=0.02) for _ in range(2))

    async def compete(done: anyio.Event) -> None:
        while not done.is_set():
            try:
                await other.client.start_archive_search(
                    world.timeline.archive_id, moment(base), moment(base + 10), None, 10
                )
            except Exception as error:  # noqa: BLE001 (SlotTaken most of the time; whatever it is, the other goes on)
                assert "slot" in str(error)
            await anyio.sleep(0.1)

    async def both() -> list[FoundRow]:
        done = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(compete, done)
            rows = await all_rows(world.timeline, replace(case, limit=50), base, mine)
            done.set()
        return rows

    rows = anyio.run(both)
    assert once([row.archived_message_id for row in rows]) == set(world.truth(case, base))


@settings(ALWAYS, max_examples=12)
@given(case=crowded_cases())
def test_seconds_with_too_many_messages_are_named(world: World, case: Case) -> None:
    base = world.fill(case)
    found = case.found()
    crowded = {second for second in found if found.count(second) >= CROWD}

    async def search() -> tuple[list[FoundRow], Any]:
        rows: list[FoundRow] = []
        page = None
        while page is None or page.next_cursor:
            page = await search_archive(
                world.timeline.archive_id,
                moment(base + case.begin),
                moment(base + case.begin + case.length),
                subject=["invoice"],
                order=case.order,
                limit=50,
                cursor=page.next_cursor if page else None,
                access=world.access(case),
            )
            rows += page.rows
        return rows, page

    rows, page = anyio.run(search)
    shown = once([row.archived_message_id for row in rows])
    assert shown <= set(world.truth(case, base))
    assert len(shown) >= sum(min(found.count(second), CROWD) for second in set(found))
    assert page.complete is not bool(crowded)
    notes = " ".join(page.notes or [])
    assert ("More messages were received than one search can find" in notes) is bool(crowded)
    named = [second for second in crowded if f"{moment(base + second):%Y-%m-%dT%H:%M:%SZ}" in notes]
    assert len(named) == min(len(crowded), 5)
