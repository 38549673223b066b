"""A range begins where the archive does: what is before costs no search, and that is said."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import session as botocore_session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mail_archive_local.context import Local
from mail_archive_local.storage.store import Store
from mail_archive_tools.access import Access
from mail_archive_tools.archives import get_archive
from mail_archive_tools.errors import NotFound
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.retention import longest_kept
from mail_archive_tools.summarize import summarize_archive_search
from mail_archive_tools.thread import get_archive_thread
from tests.conftest import loopback
from tests.folder import keeping_archive
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

DAY = 86_400
LONG_AGO, NOW = datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC)


@pytest.fixture
def two_years(tmp_path: Path) -> Timeline:
    """An archive with a message each hundred days, the oldest 700 days old."""
    timeline = Timeline(tmp_path / "archive")
    today = int(time.time()) // DAY * DAY
    timeline.put([today - age * DAY for age in range(0, 800, 100)])
    return timeline


async def test_a_range_from_2000_costs_what_the_archive_costs(two_years: Timeline) -> None:
    page = await search_archive(two_years.archive_id, LONG_AGO, NOW, limit=50, access=two_years.access())
    assert page.complete and page.rows_so_far == 8 and page.searches_so_far <= 26
    oldest = page.rows[-1].received_timestamp
    assert oldest and page.coverage and page.coverage.from_timestamp == oldest and page.from_timestamp == LONG_AGO
    assert any(f"nothing older than {oldest:%Y-%m-%d}" in note for note in page.notes or [])
    counted = await summarize_archive_search(
        two_years.archive_id, LONG_AGO, NOW, group_by=["year"], access=two_years.access()
    )
    assert counted.complete and counted.rows == 8 and (counted.searches_so_far or 99) <= 26
    assert counted.coverage and counted.coverage.from_timestamp == oldest


async def test_the_note_comes_once_and_only_where_it_matters(two_years: Timeline) -> None:
    access = two_years.access()
    first = await search_archive(two_years.archive_id, LONG_AGO, NOW, limit=2, access=access)
    second = await search_archive(two_years.archive_id, LONG_AGO, NOW, limit=2, cursor=first.next_cursor, access=access)
    assert "nothing older" in " ".join(first.notes or []) and "nothing older" not in " ".join(second.notes or [])
    within = await search_archive(two_years.archive_id, NOW - timedelta(days=50), NOW, access=access)
    assert within.complete and "nothing older" not in " ".join(within.notes or [])


async def test_a_range_before_the_archive_needs_no_search(two_years: Timeline) -> None:
    page = await search_archive(
        two_years.archive_id, LONG_AGO, datetime(2001, 1, 1, tzinfo=UTC), access=two_years.access()
    )
    assert (page.complete, page.rows, page.searches_so_far, page.coverage) == (True, [], 0, None)
    assert "nothing older" in " ".join(page.notes or [])


async def test_pages_go_on_where_an_archive_loses_its_oldest_mail_meanwhile(two_years: Timeline) -> None:
    """Retention moves the beginning of an archive: a cursor of before stays good."""
    cursors = []
    for order in ("newest_first", "oldest_first"):
        page = await search_archive(
            two_years.archive_id,
            LONG_AGO,
            NOW,
            order=order,
            limit=3,
            access=two_years.access(),
        )
        cursors.append((order, page.next_cursor))
    with Store(two_years.folder) as store, store.writing() as db:
        db.execute("DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT 5)")
    for order, cursor in cursors:
        page = await search_archive(
            two_years.archive_id,
            LONG_AGO,
            NOW,
            order=order,  # type: ignore[arg-type]
            cursor=cursor,
            access=two_years.access(),
        )
        assert page.complete and page.next_cursor is None


async def test_a_thread_is_not_looked_for_before_the_archive(two_years: Timeline) -> None:
    today = int(time.time()) // DAY * DAY
    (answer,) = two_years.put(
        [today - 700 * DAY + 60], Subject="Re: the offer", In_Reply_To="<lost@a.example>", Message_ID="<2@a.example>"
    )
    thread = await get_archive_thread(two_years.archive_id, answer, access=two_years.access())
    assert thread.coverage and thread.coverage.from_timestamp >= moment(today - 700 * DAY)
    assert thread.complete and thread.messages[0].found is False


class Endpoint:
    """A service whose GetArchive answers as told, and whose searches find nothing."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        self.calls: list[str] = []
        self._status, self._answer = status, answer

    def app(self) -> Starlette:
        answers: dict[str, dict[str, Any]] = {
            "StartArchiveSearch": {"SearchId": "s1"},
            "GetArchiveSearch": {"Status": {"State": "COMPLETED"}},
            "GetArchiveSearchResults": {"Rows": []},
        }

        async def answer(request: Request) -> Response:
            operation = request.headers["x-amz-target"].rpartition(".")[2]
            self.calls.append(operation)
            if operation == "GetArchive":
                return said(self._status, self._answer)
            return said(200, answers[operation])

        return Starlette(routes=[Route("/", answer, methods=["POST"])])


def said(status: int, members: dict[str, Any]) -> Response:
    return Response(json.dumps(members), status, media_type="application/x-amz-json-1.0")


def access_to(url: str) -> Access:
    import boto3

    return Access.to(
        MailManager(
            lambda: boto3.client(
                "mailmanager",
                region_name="us-east-1",
                aws_access_key_id="a",
                aws_secret_access_key="b",
                endpoint_url=url,
            )
        )
    )


def archive(created: datetime, retention: str) -> dict[str, Any]:
    return {
        "ArchiveId": "a-1",
        "ArchiveName": "legal",
        "ArchiveArn": "arn:aws:ses:us-east-1:0:mailmanager-archive/a-1",
        "ArchiveState": "ACTIVE",
        "Retention": {"RetentionPeriod": retention},
        "CreatedTimestamp": created.timestamp(),
    }


RANGE = (NOW - timedelta(days=400), NOW - timedelta(days=1))


async def test_without_the_right_to_ask_the_whole_range_is_searched_and_nobody_asks_twice() -> None:
    endpoint = Endpoint(403, {"__type": "AccessDeniedException", "Message": "no"})
    with loopback(endpoint.app()) as url:
        access = access_to(url)
        for _ in range(2):
            page = await search_archive("a-1", *RANGE, access=access)
            assert page.complete and page.coverage is None and not page.notes
    assert page.searches_so_far in (0, 14) and endpoint.calls.count("GetArchive") == 1


@pytest.mark.parametrize(
    ("created", "retention", "days"),
    [(NOW - timedelta(days=50), "PERMANENT", 49), (LONG_AGO, "THREE_MONTHS", 92), (LONG_AGO, "AS_NEVER_SEEN", 399)],
)
async def test_creation_and_retention_bound_a_range(created: datetime, retention: str, days: int) -> None:
    endpoint = Endpoint(200, archive(created, retention))
    with loopback(endpoint.app()) as url:
        page = await search_archive("a-1", *RANGE, access=access_to(url))
    assert page.complete
    first = page.coverage.from_timestamp if page.coverage else page.from_timestamp
    assert abs((page.to_timestamp - first).days - days) <= 1
    assert endpoint.calls.count("StartArchiveSearch") == -(-days // 30)


async def test_an_archive_that_is_not_there_is_said_before_a_search() -> None:
    endpoint = Endpoint(404, {"__type": "ResourceNotFoundException", "Message": "no"})
    with loopback(endpoint.app()) as url, pytest.raises(NotFound, match="no archive a-1 here"):
        await search_archive("a-1", *RANGE, access=access_to(url))
    assert endpoint.calls == ["GetArchive"]


def test_every_retention_of_the_api_is_known() -> None:
    model = botocore_session.get_session().get_service_model("mailmanager")
    periods = model.shape_for("RetentionPeriod").enum
    assert len(periods) == 16
    assert [period for period in periods if longest_kept(period) is None] == ["PERMANENT"]
    assert longest_kept("ONE_YEAR") == timedelta(days=372)


async def test_a_local_archive_is_as_old_as_its_oldest_mail(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    details = await get_archive(timeline.archive_id, access=timeline.access())
    assert details.created_timestamp and (NOW - details.created_timestamp) < timedelta(hours=1)
    timeline.put([1_000])
    details = await get_archive(timeline.archive_id, access=timeline.access())
    assert details.created_timestamp == moment(1_000)


async def test_an_archive_without_mail_is_searched_as_others_are(tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "empty")
    timeline = Timeline.__new__(Timeline)
    timeline.folder, timeline.archive_id = tmp_path / "archive", archive_id
    page = await search_archive(archive_id, NOW - timedelta(days=3), NOW + timedelta(days=1), access=timeline.access())
    assert page.complete and page.rows == [] and page.searches_so_far == 1
