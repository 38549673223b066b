"""Throttling, met over a real connection: absorbed while there is time, and no longer."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.database import KeyPair
from mail_archive_local.storage.store import Store
from mail_archive_tools.access import Access
from mail_archive_tools.archives import list_archives
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import Throttled
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.client import MailManager
from tests.conftest import Sample, loopback
from tests.tools.test_search import APRIL

pytestmark = pytest.mark.anyio


class Throttling:
    """The local archive on a port, which throttles the next calls that it is told to."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.left = 0
        self.retry_after: str | None = None
        self.refused = 0
        self.answered = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self.left:
            self.answered += 1
            await self._app(scope, receive, send)
            return
        self.left -= 1
        self.refused += 1
        headers = [(b"content-type", b"application/x-amz-json-1.0")]
        if self.retry_after is not None:
            headers.append((b"retry-after", self.retry_after.encode()))
        body = json.dumps({"__type": "ThrottlingException", "Message": "Rate exceeded"}).encode()
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def throttling(own_sample: Sample) -> Iterator[tuple[Throttling, Access]]:
    with Store(own_sample.folder) as store:
        app = Throttling(api_app(Local(store, str, search_seconds=0)))
        with loopback(app) as url:
            yield app, Access.to(MailManager(lambda: client(url, store.credentials)))


def client(url: str, keys: KeyPair) -> Any:
    """One that does not try again by itself, so that the test need not wait for that."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client(
        "mailmanager",
        "us-east-1",
        endpoint_url=url,
        config=config,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )


async def test_a_search_goes_on_when_throttling_ends(own_sample: Sample, throttling: Any) -> None:
    app, access = throttling
    await list_archives(access=access)
    app.left = 2
    page = await search_archive(own_sample.archive_id, *APRIL, subject=["bank"], access=access)
    assert page.messages_so_far == 4 and app.refused == 2


async def test_it_waits_as_long_as_the_service_asks_for(throttling: Any) -> None:
    app, access = throttling
    await list_archives(access=access)
    app.left, app.retry_after = 1, "2"
    started = anyio.current_time()
    await list_archives(access=access)
    assert 2 <= anyio.current_time() - started < 4


@pytest.mark.parametrize("retry_after", ["3600", "30"])
async def test_what_takes_longer_than_there_is_time_is_said_at_once(throttling: Any, retry_after: str) -> None:
    app, access = throttling
    await list_archives(access=access)
    app.left, app.retry_after = 1, retry_after
    started = anyio.current_time()
    with pytest.raises(Throttled, match="fewer calls"), Patience(5):
        await list_archives(access=access)
    assert anyio.current_time() - started < 1


async def test_a_page_that_was_begun_is_answered_with_what_there_is(own_sample: Sample, throttling: Any) -> None:
    app, access = throttling
    years = {"limit": 50, "wait_seconds": 1.5, "access": access}
    begin, end = (moment.replace(year=year) for moment, year in zip(APRIL, (2024, 2026), strict=True))

    async def throttle_later() -> None:
        while app.answered < 10:
            await anyio.sleep(0.01)
        app.left = 1_000

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(throttle_later)
        page = await search_archive(own_sample.archive_id, begin, end, subject=["bank"], **years)
    assert not page.complete and page.next_cursor
    assert any("fewer calls" in note for note in page.notes or []), page
    app.left = 0
    pages = [page]
    while cursor := pages[-1].next_cursor:
        pages.append(await search_archive(own_sample.archive_id, begin, end, subject=["bank"], cursor=cursor, **years))
    assert pages[-1].complete and sum(len(each.rows) for each in pages) == 4


async def test_a_date_in_retry_after_is_no_number(throttling: Any) -> None:
    app, access = throttling
    await list_archives(access=access)
    app.left, app.retry_after = 1, "Wed, 21 Oct 2015 07:28:00 GMT"
    assert (await list_archives(access=access)).archives
