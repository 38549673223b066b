"""How long a search of five years takes, and how many searches: ours, and what a plain loop would do."""

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from mail_archive_local.storage.store import Store
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.summarize import summarize_archive_search
from tests.conftest import LocalApi
from tests.tools.searching.timelines import YEARS, Timeline, least_searches, moment, office_hours, records

SEARCH_SECONDS = 0.2
"""How long the local archive makes each search take."""
LOOK_SECONDS = 0.05
"""How often the plain loop looks whether a search has ended."""


@dataclass(frozen=True)
class Run:
    """Searches run, seconds taken, rows found."""

    searches: int
    seconds: float
    rows: int

    @property
    def per_thousand(self) -> float:
        """Seconds for a thousand rows."""
        return self.seconds * 1_000 / self.rows


@dataclass(frozen=True)
class Found:
    messages: int
    least: int
    ours: Run
    plain: Run
    counting: Run


def measure(hits: int, others: int) -> Found:
    """A query that finds `hits` of an archive's messages of five years."""
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as folder:
        timeline = Timeline(Path(folder) / "archive")
        seconds = office_hours(hits, 1)
        timeline.add(list(records(timeline.archive_id, seconds, "invoice")))
        timeline.add(list(records(timeline.archive_id, office_hours(others, 2), "meeting")))
        ours, counting = anyio.run(_all_pages, timeline), anyio.run(_summary, timeline)
        return Found(hits + others, least_searches(seconds, Limits()), ours, _plain_loop(timeline), counting)


async def _all_pages(timeline: Timeline) -> Run:
    access = timeline.access(search_seconds=SEARCH_SECONDS)
    search = partial(
        search_archive, timeline.archive_id, moment(0), moment(YEARS), subject=["invoice"], limit=50, access=access
    )
    started = time.perf_counter()
    page = await search()
    rows = len(page.rows)
    while page.next_cursor:
        page = await search(cursor=page.next_cursor)
        rows += len(page.rows)
    assert page.complete
    return Run(page.searches_so_far, time.perf_counter() - started, rows)


async def _summary(timeline: Timeline) -> Run:
    access = timeline.access(search_seconds=SEARCH_SECONDS)
    started = time.perf_counter()
    summary = await summarize_archive_search(
        timeline.archive_id, moment(0), moment(YEARS), subject=["invoice"], wait_seconds=50, access=access
    )
    assert summary.complete
    return Run(summary.searches_so_far or 0, time.perf_counter() - started, summary.rows)


def _plain_loop(timeline: Timeline) -> Run:
    """boto3, windows of thirty days, each one that comes back full halved until it is not."""
    found: Counter[str] = Counter()
    searches = 0
    with Store(timeline.folder) as store:
        clock: Any = time.time
        client = LocalApi(store, clock, search_seconds=SEARCH_SECONDS).client
        started = time.perf_counter()
        limits = Limits()
        waiting = [(max(0, last - limits.seconds), last) for last in range(YEARS, 0, -limits.seconds)]
        while waiting:
            first, last = waiting.pop()
            searches += 1
            rows = _one_search(client, timeline.archive_id, first, last)
            if len(rows) >= limits.rows and last > first:
                middle = (first + last) // 2
                waiting += [(first, middle), (middle + 1, last)]
            else:
                found.update(row["ArchivedMessageId"] for row in rows)
    return Run(searches, time.perf_counter() - started, len(found))


def _one_search(client: Any, archive_id: str, first: int, last: int) -> list[dict[str, Any]]:
    condition = {"Evaluate": {"Attribute": "SUBJECT"}, "Operator": "CONTAINS", "Values": ["invoice"]}
    search_id = client.start_archive_search(
        ArchiveId=archive_id,
        FromTimestamp=moment(first),
        ToTimestamp=moment(last),
        Filters={"Include": [{"StringExpression": condition}]},
        MaxResults=Limits().rows,
    )["SearchId"]
    while client.get_archive_search(SearchId=search_id)["Status"]["State"] != "COMPLETED":
        time.sleep(LOOK_SECONDS)
    rows: list[dict[str, Any]] = client.get_archive_search_results(SearchId=search_id)["Rows"]
    return rows
