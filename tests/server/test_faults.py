"""Faults of the network and of the service, through a real client: the same answer as without the fault, or a sentence;
in time; and no search is left running that nobody will read."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import boto3
import pytest
from botocore.config import Config
from mcp import Client

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_tools.access import Access
from mail_archive_tools.reading.links import origin_links
from mail_archive_tools.service.client import MailManager
from tests.conftest import Sample, loopback, text_of
from tests.faults import (
    RESET,
    Fault,
    Forward,
    Proxy,
    Reply,
    changed,
    error,
    first,
    late,
    proxied,
    reset_after,
    truncated,
)
from tests.pace import HANGS, stopwatch

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

READ_SECONDS = 2
"""How long a call waits for an answer here; 20 s in earnest."""

WAIT_SECONDS = 8
MESSAGES = ("Link", "GetArchiveMessage")
HTML = Reply(200, b"<html>Sign in to this network</html>", {"Content-Type": "text/html"})
LOST = error(404, "ResourceNotFoundException")
EXPIRED = error(403, "ExpiredTokenException", "The security token included in the request is expired")
SKEWED = error(403, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than")


def ended(members: dict[str, Any]) -> None:
    members["Status"] = {**members["Status"], "State": "FAILED", "ErrorMessage": "an internal error"}


def running_still(members: dict[str, Any]) -> None:
    members["Status"] = {**members["Status"], "State": "RUNNING"}


def done_and_failed(forward: Forward) -> Reply:
    forward()
    return error(500, "InternalServerException")


def every_other(instead: Any) -> Fault:
    return lambda _, before, forward: instead(forward) if before % 2 == 0 else forward()


FAULTS: dict[str, Fault] = {
    "throttled, with Retry-After": first(1, lambda _: error(429, "ThrottlingException", Retry_After="1")),
    "throttled": first(2, lambda _: error(400, "ThrottlingException", "Rate exceeded")),
    "500 now and then": every_other(lambda _: error(500, "InternalServerException")),
    "503 at first": first(2, lambda _: error(503, "ServiceUnavailable")),
    "reset before it was done": every_other(lambda _: RESET),
    "reset after it was done": every_other(reset_after),
    "the answer to each start is lost": first(10_000, reset_after, "StartArchiveSearch"),
    "500 after a start was done": first(10_000, done_and_failed, "StartArchiveSearch"),
    "truncated": every_other(truncated),
    "a page of somebody else": first(1, lambda _: HTML),
    "no JSON": first(1, lambda _: Reply(200, b"{", {"Content-Type": "application/x-amz-json-1.0"})),
    "late at first": first(1, late(READ_SECONDS + 1)),
    "expired credentials": first(10_000, lambda _: EXPIRED),
    "clocks that differ": first(10_000, lambda _: SKEWED),
    "always 500": first(10_000, lambda _: error(500, "InternalServerException")),
    "searches that fail": first(10_000, changed(ended), "GetArchiveSearch"),
    "results that are lost": first(10_000, lambda _: LOST, "GetArchiveSearchResults"),
    "messages that are reset": first(10_000, lambda _: RESET, *MESSAGES),
    "messages that are truncated": first(10_000, truncated, *MESSAGES),
}  # fmt: skip
RECOVERS = ("throttled, with Retry-After", "the answer to each start is lost", "500 after a start was done")
"""Faults under which searches come to the same answer as without them."""


@dataclass(frozen=True)
class World:
    """An archive behind a proxy, which begins to fail when it is told to."""

    proxy: Proxy
    store: Store
    attempts: int = 4

    def access(self) -> Access:
        """Access by a client that knows nothing yet."""
        return Access.to(MailManager(self._connect), may_download=origin_links(lambda: self.proxy.url))

    def _connect(self) -> Any:
        return boto3.client(
            "mailmanager",
            "us-east-1",
            endpoint_url=self.proxy.url,
            aws_access_key_id=self.store.credentials.access_key_id,
            aws_secret_access_key=self.store.credentials.secret_access_key,
            config=Config(read_timeout=READ_SECONDS, retries={"mode": "standard", "total_max_attempts": self.attempts}),
        )


@contextmanager
def world(pristine: Sample, folder: Path, *, attempts: int = 4, **more: Any) -> Iterator[World]:
    """`attempts` is how often a call is tried, `more` is of the archive."""
    base: list[str] = []
    shutil.copytree(pristine.folder, folder)
    with Store(folder) as store:
        local = Local(store, lambda: base[0], **{"search_seconds": 0.02, **more})
        with loopback(api_app(local)) as service, proxied(service) as proxy:
            base.append(proxy.url)
            yield World(proxy, store, attempts)


@pytest.fixture
def faulty(pristine: Sample, tmp_path: Path) -> Iterator[World]:
    with world(pristine, tmp_path / "archive") as running:
        yield running


Answers = dict[str, tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def right(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Each call, and what it answers where nothing fails."""

    async def ask(access: Access) -> Answers:
        async with Client(build_server(lambda: access)) as client:
            found = await client.call_tool("search_archive", {**calls(pristine, "")["search_archive"], "limit": 1})
            message_id = (found.structured_content or {})["Rows"][0]["ArchivedMessageId"]
            return {
                tool: (arguments, answer((await client.call_tool(tool, arguments)).structured_content or {}))
                for tool, arguments in calls(pristine, message_id).items()
            }

    with world(pristine, tmp_path_factory.mktemp("right") / "archive") as running:
        return anyio.run(ask, running.access())


def calls(pristine: Sample, message_id: str) -> dict[str, dict[str, Any]]:
    years = {"from_timestamp": "2023-06-01", "to_timestamp": "2026-05-31", "wait_seconds": WAIT_SECONDS}
    where = {"archive_id": pristine.archive_id}
    return {
        "search_archive": {**where, **years, "subject": ["invoice"], "limit": 50},
        "summarize_archive_search": {**where, **years, "subject": ["invoice"], "group_by": ["sender", "month"]},
        "get_archive_thread": {**where, "archived_message_id": message_id, "wait_seconds": WAIT_SECONDS},
        "read_archive_message": {"archived_message_id": message_id},
    }


CHANGES = ("SearchId", "SearchesSoFar", "Searches", "RunningSearchId", "NextCursor", "Coverage", "Notes")
"""Members that tell of the searches themselves, and of where the range was clipped, which GetArchive tells."""


def answer(structured: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, apart from its own marks."""
    kept = {name: value for name, value in structured.items() if name not in CHANGES}
    if "Text" in kept:
        kept["Text"] = kept["Text"].split("\n", 1)[1].rsplit("\n", 1)[0]
    return kept


IN_CI = ("throttled, with Retry-After", "the answer to each start is lost", "truncated", "expired credentials",
         "searches that fail", "messages that are truncated")  # fmt: skip
"""The others are for `make soak`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in IN_CI else pytest.mark.soak) for name in FAULTS]
)
async def test_under_each_fault_the_same_answer_or_a_sentence(
    pristine: Sample, tmp_path: Path, right: Answers, name: str
) -> None:
    async def under_fault(running: World, tool: str) -> None:
        arguments, wanted = right[tool]
        access = running.access()
        async with Client(build_server(lambda: access)) as client:
            running.proxy.fault = FAULTS[name]
            with stopwatch() as taken:
                result = await client.call_tool(tool, arguments)
            assert taken.seconds < WAIT_SECONDS + 4 * READ_SECONDS + 5, (tool, taken)
            structured = result.structured_content or {}
            assert_honest(tool, result, answer(structured), wanted)
            if name in RECOVERS and tool in ("search_archive", "summarize_archive_search"):
                structured = await gone_on_with(client, tool, arguments, structured)
                assert answer(structured) == wanted, tool
        with running.store.writing() as db:
            left = {each.search_id for each in running.store.unfinished_searches(db, time.time())}
        assert left <= {structured.get("RunningSearchId")}, tool

    with ExitStack() as worlds:
        async with anyio.create_task_group() as together:
            for tool in right:
                running = worlds.enter_context(world(pristine, tmp_path / tool))
                together.start_soon(under_fault, running, tool)


async def gone_on_with(
    client: Client, tool: str, arguments: dict[str, Any], structured: dict[str, Any]
) -> dict[str, Any]:
    """What the same call answers in the end, where a busy machine left it too little time at first."""
    with anyio.fail_after(HANGS):
        while structured.get("Complete") is False:
            structured = (await client.call_tool(tool, arguments)).structured_content or {}
    return structured


def assert_honest(tool: str, result: Any, said: dict[str, Any], right: dict[str, Any]) -> None:
    """The right answer, a sentence, or one that says it is not the whole."""
    if result.is_error:
        text = text_of(result)
        assert text.endswith(".") or "`" in text, text
        for leaked in ("Traceback", "Signature=", "Credential=", "botocore"):
            assert leaked not in text
        return
    if said != right:
        assert said.get("Complete") is False, (tool, said, right)


async def test_a_search_whose_start_was_lost_is_found_again(pristine: Sample, faulty: World) -> None:
    """No second one is started beside it: one may run."""
    before = len(faulty.store.searches(1, None, 10_000))
    faulty.proxy.fault = FAULTS["the answer to each start is lost"]
    month = {"from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30", "archive_id": pristine.archive_id}
    access = faulty.access()
    async with Client(build_server(lambda: access)) as client:
        found = await client.call_tool("search_archive", {**month, "subject": ["bank"]})
        assert (found.structured_content or {})["MessagesSoFar"] == 4
        started = len(faulty.store.searches(1, None, 10_000)) - before
        assert started == faulty.proxy.calls["StartArchiveSearch"] == 1
        by_hand = await client.call_tool("start_archive_search", month)
        assert (by_hand.structured_content or {})["SearchId"]
        assert len(faulty.store.searches(1, None, 10_000)) - before == faulty.proxy.calls["StartArchiveSearch"] == 2

        # Where it cannot be looked for either, the answer says how to.
        faulty.proxy.fault = first(10_000, reset_after, "StartArchiveSearch", "ListArchiveSearches")
        lost = await client.call_tool("start_archive_search", {**month, "max_results": 7})
    assert lost.is_error and "It may have started all the same: look at list_archive_searches" in text_of(lost)


async def test_a_search_that_never_ends_is_named(pristine: Sample, faulty: World) -> None:
    faulty.proxy.fault = first(10_000, changed(running_still), "GetArchiveSearch")
    arguments = {**calls(pristine, "")["search_archive"], "wait_seconds": 2}
    access = faulty.access()
    async with Client(build_server(lambda: access)) as client:
        with stopwatch() as taken:
            found = (await client.call_tool("search_archive", arguments)).structured_content or {}
        assert taken.seconds < 6
        assert found["Complete"] is False and found["RunningSearchId"] and found["NextCursor"]
        faulty.proxy.fault = lambda operation, before, forward: forward()
        following = {**arguments, "cursor": found["NextCursor"]}
        rest = (await client.call_tool("search_archive", following)).structured_content
    assert rest and rest["Rows"]


@pytest.mark.parametrize("status", [None, {"State": "PONDERING"}])
async def test_a_search_without_a_known_state_says_so_in_both_channels(
    pristine: Sample, faulty: World, status: dict[str, str] | None
) -> None:
    month = {"archive_id": pristine.archive_id, "from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}
    access = faulty.access()

    def other_state(members: dict[str, Any]) -> None:
        members["Status"] = status
        if status is None:
            del members["Status"]

    async with Client(build_server(lambda: access)) as client:
        started = (await client.call_tool("start_archive_search", month)).structured_content or {}
        asked = {"search_id": started["SearchId"]}
        faulty.proxy.fault = first(10_000, changed(other_state), "GetArchiveSearch")
        looked = await client.call_tool("get_archive_search", asked)
        faulty.proxy.fault = lambda operation, before, forward: forward()
        known = await client.call_tool("get_archive_search", asked)
    (note,) = (looked.structured_content or {})["Notes"]
    assert "In which state it is cannot be told" in note and text_of(looked).count(note) == 1
    assert "Notes" not in (known.structured_content or {}) and "cannot be told" not in text_of(known)
