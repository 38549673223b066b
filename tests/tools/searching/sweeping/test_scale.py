"""Five years, a hundred thousand messages, forty thousand hits, under the service's own limits."""

from functools import partial
from pathlib import Path

import pytest

from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.summarize import summarize_archive_search
from tests.tools.searching.timelines import YEARS, Timeline, least_searches, moment, office_hours, records

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HITS, OTHERS = 40_000, 60_000


@pytest.fixture(scope="module")
def five_years(tmp_path_factory: pytest.TempPathFactory) -> tuple[Timeline, list[int]]:
    timeline = Timeline(tmp_path_factory.mktemp("years") / "archive")
    seconds = office_hours(HITS, 1)
    timeline.add(list(records(timeline.archive_id, seconds, "invoice")))
    timeline.add(list(records(timeline.archive_id, office_hours(OTHERS, 2), "meeting")))
    return timeline, seconds


def resident_megabytes() -> float:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


async def test_every_row_in_order_with_few_searches_and_flat_memory(five_years: tuple[Timeline, list[int]]) -> None:
    timeline, seconds = five_years
    search = partial(
        search_archive,
        timeline.archive_id,
        moment(0),
        moment(YEARS),
        subject=["invoice"],
        limit=50,
        access=timeline.access(search_seconds=0.02),
    )
    found: list[float] = []
    ids: set[str | None] = set()
    memory: list[float] = []
    page = await search()
    while True:
        found += [row.received_timestamp.timestamp() for row in page.rows if row.received_timestamp]
        ids |= {row.archived_message_id for row in page.rows}
        if len(found) % 10_000 < 50:
            memory.append(resident_megabytes())
        if page.next_cursor is None:
            break
        page = await search(cursor=page.next_cursor)
    assert page.complete and page.rows_so_far == page.messages_so_far == len(ids) == HITS
    assert found == sorted(seconds, reverse=True)
    assert page.searches_so_far <= 1.3 * least_searches(seconds, Limits())
    # Ten thousand rows are kept for the next page; what comes then takes their place.
    assert memory[-1] - memory[len(memory) // 2] < 20, memory


async def test_a_summary_of_all_of_it(five_years: tuple[Timeline, list[int]]) -> None:
    timeline, seconds = five_years
    # What is loaded once is loaded.
    await summarize_archive_search(
        timeline.archive_id, moment(0), moment(0.1), access=timeline.access(search_seconds=0)
    )
    before = resident_megabytes()
    summary = await summarize_archive_search(
        timeline.archive_id,
        moment(0),
        moment(YEARS),
        subject=["invoice"],
        group_by=["sender", "sender_domain", "pair", "subject", "month", "weekday", "hour"],
        access=timeline.access(search_seconds=0.02),
    )
    assert summary.complete and summary.rows == HITS
    assert (summary.searches_so_far or 0) <= 1.3 * least_searches(seconds, Limits())
    hours = next(each for each in summary.summaries if each.by == "hour")
    assert sum(group.rows for group in hours.top) == HITS
    # Some 100 MB where no test before this one has left room to use again.
    assert resident_megabytes() - before < 130
