"""Answers of the service that come late: a call ends in its own time and says what is not done, no search is lost, and
the process ends when it is told to. The lateness is small here, and so are the times of calls."""

import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import boto3
import httpx
import pytest
from anyio import to_thread
from botocore.config import Config
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_tools.access import Access
from mail_archive_tools.calls import patience
from mail_archive_tools.errors import Late
from mail_archive_tools.reading.links import origin_links
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.windows import Window
from mail_archive_tools.service.client import MailManager
from tests import copies
from tests.conftest import Sample, text_of
from tests.faults import Forward, Reply, late
from tests.pace import HANGS, stopwatch, wait_until
from tests.server.test_faults import World, world
from tests.server.transport.test_requests import (
    INITIALIZE,
    INITIALIZED,
    LEGACY,
    MODERN,
    SECONDS,
    TOKEN,
    OnStdio,
    call,
    on_a_port,
)

pytestmark = pytest.mark.anyio

GRACE = 0.5
APRIL = {"from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}


@pytest.fixture(scope="module")
def running(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(pristine, tmp_path_factory.mktemp("late") / "archive") as made:
        yield made


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self, proxy: Any, *operations: str) -> None:
        self._proxy = proxy
        self._opened = threading.Event()
        self.held = threading.Semaphore(0)

        def fault(operation: str, before: int, forward: Forward) -> Reply:
            reply = forward()
            if not operations or operation in operations:
                self.held.release()
                self._opened.wait(HANGS)
            return reply

        proxy.fault = fault

    def open(self) -> None:
        self._proxy.fault = lambda operation, before, forward: forward()
        self._opened.set()


@pytest.fixture
def shut(running: World) -> Iterator[Callable[..., Gate]]:
    """Makes gates; they are open when the test is over."""
    gates: list[Gate] = []

    def make(*operations: str) -> Gate:
        gates.append(Gate(running.proxy, *operations))
        return gates[-1]

    yield make
    for gate in gates:
        gate.open()


@pytest.fixture(autouse=True)
def little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "GRACE_SECONDS", GRACE)


def calls(sample: Sample) -> dict[str, dict[str, Any]]:
    where = {"archive_id": sample.archive_id}
    one = {"archived_message_id": "m-1"}
    return {
        "list_archives": {},
        "get_archive": where,
        "get_archive_search": {"search_id": "s-1"},
        "get_archive_search_results": {"search_id": "s-1"},
        "list_archive_searches": where,
        "stop_archive_search": {"search_id": "s-1"},
        "start_archive_search": {**where, **APRIL},
        "get_archive_message": one,
        "get_archive_message_content": one,
        "read_archive_message": one,
        "read_archive_messages": {"archived_message_ids": ["m-1"], "wait_seconds": 0},
        "check_quotations": {
            "quotations": [{"archived_message_id": "m-1", "quotation": "hello there"}],
            "wait_seconds": 0,
        },
        "search_archive": {**where, **APRIL, "subject": ["lateness"], "wait_seconds": 0},
        "summarize_archive_search": {**where, **APRIL, "group_by": ["sender"], "wait_seconds": 0},
        "get_archive_thread": {**where, **one, "wait_seconds": 0},
    }


async def test_every_tool_ends_in_its_time_when_no_answer_comes(
    running: World, pristine: Sample, shut: Callable[..., Gate]
) -> None:
    """All at once: each waits for nothing but the service, and that never answers."""
    gate = shut()
    access = running.access()
    results: dict[str, Any] = {}
    async with Client(build_server(lambda: access, request_seconds=0.2)) as client:

        async def ask(tool: str, arguments: dict[str, Any]) -> None:
            results[tool] = await client.call_tool(tool, arguments)

        with anyio.fail_after(HANGS):
            async with anyio.create_task_group() as together:
                for tool, arguments in calls(pristine).items():
                    together.start_soon(ask, tool, arguments)

        # What was started is nobody's business in other tests.
        gate.open()
        await until_no_start_is_under_way(access)

    for tool, result in results.items():
        text = text_of(result)
        assert "Traceback" not in text
        if result.is_error:
            assert "time" in text, (tool, text)
        else:
            structured = result.structured_content
            assert structured.get("Complete") is False or "time" in text.lower(), (tool, text)


async def until_no_start_is_under_way(access: Access) -> None:
    with anyio.fail_after(HANGS):
        while access.searcher.starts.under_way:
            await anyio.sleep(0.01)


@pytest.mark.parametrize(("word", "has_come"), [("invoice", False), ("bank", True)])
async def test_a_late_start_does_not_hold_its_call_and_the_next_call_takes_its_search_up(
    running: World, pristine: Sample, shut: Callable[..., Gate], word: str, has_come: bool
) -> None:
    """The id of the search comes to the next call, or between the two."""
    asked = {"archive_id": pristine.archive_id, **APRIL, "subject": [word], "wait_seconds": 0}
    before = running.proxy.calls["StartArchiveSearch"]
    gate = shut("StartArchiveSearch")
    access = running.access()
    async with Client(build_server(lambda: access)) as client:
        first = await client.call_tool("search_archive", asked)
        assert first.is_error and "Call again with the same arguments" in text_of(first)
        gate.open()
        if has_come:
            await until_no_start_is_under_way(access)
        found = await client.call_tool("search_archive", {**asked, "wait_seconds": 20})
    assert (found.structured_content or {})["Complete"] is True
    assert (found.structured_content or {})["Rows"]
    assert running.proxy.calls["StartArchiveSearch"] == before + 1


GONE: dict[str, dict[str, Any]] = {
    "search_archive": {"subject": ["gone"], "wait_seconds": 20},
    "start_archive_search": {"max_results": 12},
}  # fmt: skip


@pytest.mark.parametrize("tool", GONE)
async def test_a_late_search_of_a_caller_that_has_gone_is_stopped(
    running: World, pristine: Sample, shut: Callable[..., Gate], tool: str
) -> None:
    asked = {"archive_id": pristine.archive_id, **APRIL, **GONE[tool]}
    stopped = running.proxy.calls["StopArchiveSearch"]
    gate = shut("StartArchiveSearch")
    access = running.access()
    async with Client(build_server(lambda: access)) as client:
        async with anyio.create_task_group() as caller:
            caller.start_soon(client.call_tool, tool, asked)
            await to_thread.run_sync(gate.held.acquire)
            caller.cancel_scope.cancel()
        gate.open()
        with anyio.fail_after(HANGS):
            while running.proxy.calls["StopArchiveSearch"] == stopped:
                await anyio.sleep(0.01)
        await until_no_start_is_under_way(access)
    with running.store.writing() as db:
        assert not list(running.store.unfinished_searches(db, time.time()))


async def test_a_late_start_by_hand_does_not_hold_its_call_and_the_next_call_has_its_search(
    running: World, pristine: Sample, shut: Callable[..., Gate]
) -> None:
    asked = {"archive_id": pristine.archive_id, **APRIL, "max_results": 11}
    before = running.proxy.calls["StartArchiveSearch"]
    gate = shut("StartArchiveSearch")
    access = running.access()
    async with Client(build_server(lambda: access, request_seconds=0.2)) as client:
        first = await client.call_tool("start_archive_search", asked)
        assert first.is_error and "Call again with the same arguments" in text_of(first)
        assert access.searcher.starts.under_way == 1
        gate.open()
        await until_no_start_is_under_way(access)
    async with Client(build_server(lambda: access)) as client:
        second = (await client.call_tool("start_archive_search", asked)).structured_content or {}
        assert "none was started now" in " ".join(second["Notes"])
        assert running.proxy.calls["StartArchiveSearch"] == before + 1
        with anyio.fail_after(HANGS):
            while (await access.client.get_archive_search(second["SearchId"]))["Status"]["State"] != "COMPLETED":
                await anyio.sleep(0.01)
        # It is given once: whoever asks again wants another.
        third = (await client.call_tool("start_archive_search", asked)).structured_content or {}
    assert third["SearchId"] != second["SearchId"]
    assert running.proxy.calls["StartArchiveSearch"] == before + 2


async def test_a_late_search_of_a_caller_that_has_gone_is_not_stopped_where_another_waits_for_it(
    running: World, pristine: Sample, shut: Callable[..., Gate]
) -> None:
    request = SearchRequest(pristine.archive_id, Window(1_743_465_600, 1_745_971_200), None, 13)
    stopped = running.proxy.calls["StopArchiveSearch"]
    gate = shut("StartArchiveSearch")
    access = running.access()
    started: list[str] = []
    one = anyio.CancelScope()

    async def first() -> None:
        with one:
            await access.searcher.start(request)

    async def second() -> None:
        started.append((await access.searcher.start(request)).search_id)

    async with anyio.create_task_group() as callers:
        callers.start_soon(first)
        await to_thread.run_sync(gate.held.acquire)
        one.cancel()
        await anyio.wait_all_tasks_blocked()
        callers.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        gate.open()

    assert running.proxy.calls["StopArchiveSearch"] == stopped
    with anyio.fail_after(HANGS):
        while (await access.client.get_archive_search(started[0]))["Status"]["State"] != "COMPLETED":
            await anyio.sleep(0.01)


async def once_it_has_begun(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    """What a search that does not wait answers; again, where a busy machine had not even started it in that time."""
    with anyio.fail_after(HANGS):
        while True:
            result = await client.call_tool("search_archive", asked)
            if not result.is_error:
                return result.structured_content or {}
            assert "Call again" in text_of(result) or "call again" in text_of(result), text_of(result)


async def test_a_search_that_is_late_to_say_how_far_it_is_has_a_handle(
    running: World, pristine: Sample, shut: Callable[..., Gate]
) -> None:
    asked = {"archive_id": pristine.archive_id, **APRIL, "subject": ["statement"], "wait_seconds": 0}
    access = running.access()
    gate = shut("GetArchiveSearch", "GetArchiveSearchResults")
    async with Client(build_server(lambda: access)) as client:
        first = await once_it_has_begun(client, asked)
        assert first["Complete"] is False and first["RunningSearchId"] and first["NextCursor"]
        gate.open()
        rest = await client.call_tool("search_archive", {**asked, "wait_seconds": 20, "cursor": first["NextCursor"]})
    assert (rest.structured_content or {})["Complete"] is True


async def test_threads_that_were_left_behind_are_bounded(running: World, shut: Callable[..., Gate]) -> None:
    gate = shut()
    client = running.access().client
    client._waiting._most = 2

    async with anyio.create_task_group() as callers:
        for _ in range(2):
            callers.start_soon(client.list_archives, 10)
            await to_thread.run_sync(gate.held.acquire)
        callers.cancel_scope.cancel()
    with pytest.raises(Late, match="2 calls still wait"):
        await client.list_archives(10)
    gate.open()
    with anyio.fail_after(HANGS):
        while client._waiting._threads:
            await anyio.sleep(0.01)
    assert await client.list_archives(10)


async def test_the_thread_of_a_call_ends_with_the_calls_time_whatever_hangs(
    running: World, shut: Callable[..., Gate]
) -> None:
    shut("ListArchives")
    tried = running.proxy.calls["ListArchives"]
    client = MailManager(lambda: connected(running, read_timeout=300))
    with patience.Patience(0), pytest.raises(Late):
        await client.list_archives(10)
    with anyio.fail_after(HANGS):
        while client._waiting._threads:
            await anyio.sleep(0.01)
    assert running.proxy.calls["ListArchives"] == tried + 1


async def test_no_try_is_made_when_nobody_waits_any_more(running: World) -> None:
    tried = running.proxy.calls["ListArchives"]
    failing = threading.Event()

    def fault(operation: str, before: int, forward: Forward) -> Reply:
        failing.wait(HANGS)
        return Reply(500, b"{}", {"Content-Type": "application/x-amz-json-1.0"})

    running.proxy.fault = fault
    client = running.access().client
    with patience.Patience(0), pytest.raises(Late):
        await client.list_archives(10)
    failing.set()
    with anyio.fail_after(HANGS):
        while client._waiting._threads:
            await anyio.sleep(0.01)
    assert running.proxy.calls["ListArchives"] == tried + 1


async def test_the_time_that_a_person_takes_is_not_the_calls() -> None:
    began = time.monotonic()
    with patience.Patience(0.01):
        asked = time.monotonic()
        with patience.waiting_for_a_person():
            await anyio.sleep(0.1)
            answered = time.monotonic()
        left = patience.seconds_left(0)
        # Up to now it took what is left of its time but for the person's.
        own = (time.monotonic() - began) - (answered - asked)
    assert left >= 0.01 + GRACE - own


async def test_a_wait_within_another_ends_with_it() -> None:
    with patience.Patience(1) as outer:
        with patience.Patience(60) as inner:
            assert inner.deadline == outer.deadline
        with patience.Patience(60, apart=True) as apart:
            assert apart.left > 50


ENDING = (
    "import sys\n"
    "from mail_archive_server import stopping\n"
    "from mail_archive_server.cli import main\n"
    "stopping.END_SECONDS = 0.3\n"
    "sys.exit(main(sys.argv[1:]))\n"
)
"""The server, which has less time to end than 4 s."""


def environment(running: World) -> dict[str, str]:
    keys = running.store.credentials
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "MAIL_ARCHIVE_TOKEN": TOKEN,
    }


@pytest.mark.parametrize("era", [MODERN, LEGACY])
def test_a_server_whose_stdin_was_closed_ends_whatever_hangs(
    running: World, shut: Callable[..., Gate], era: str
) -> None:
    gate = shut()
    command = [sys.executable, "-c", ENDING, "--endpoint-url", running.proxy.url, "--region", "us-east-1"]
    server = OnStdio(command, environment(running))
    if era == LEGACY:
        server.speak(INITIALIZE)
        server.write(INITIALIZED)
    server.write(call(era, 1, '"a-1"'))
    gate.held.acquire()
    # The answer that the call waits for does not come before the server has ended.
    server.end()
    assert server.process.returncode == 0


def test_a_server_on_a_port_ends_when_told_to_whatever_hangs(running: World, shut: Callable[..., Gate]) -> None:
    gate = shut()
    command = [sys.executable, "-c", ENDING, "--endpoint-url", running.proxy.url, "--region", "us-east-1"]
    with on_a_port(command, environment(running), MODERN) as (_, speak, _, process), ThreadPoolExecutor() as caller:
        asked = caller.submit(speak, call(MODERN, 1, '"a-1"'))
        gate.held.acquire()
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
        assert isinstance(asked.exception(), httpx.HTTPError)
    assert process.returncode == 128 + signal.SIGTERM


HELD_BACK = ("StartArchiveSearch", "GetArchiveSearch")
"""While the start has no answer yet, or the search runs."""


@pytest.fixture
def lasting(pristine: Sample, tmp_path: Path) -> Iterator[World]:
    """An archive whose searches run until they are stopped: one that had ended would not be stopped any more, and
    which of both comes first would be left to the machine."""
    with world(pristine, tmp_path / "lasting", search_seconds=HANGS) as made:
        yield made


@pytest.mark.parametrize("held_back", HELD_BACK)
def test_a_client_whose_connection_is_cut_takes_its_search_along(
    lasting: World, pristine: Sample, held_back: str
) -> None:
    """A real connection, of a process that is gone."""
    gate = Gate(lasting.proxy, held_back)
    asked = {"archive_id": pristine.archive_id, **APRIL, "subject": ["cut"], "wait_seconds": 40}
    with on_a_port(to_proxy(lasting), environment(lasting), MODERN) as (_, speak, _, _):
        ask_and_cut(speak, searching(MODERN, asked), gate)
        wait_until(lambda: lasting.proxy.calls["StopArchiveSearch"])


@pytest.mark.parametrize("held_back", HELD_BACK)
def test_in_a_session_a_connection_that_is_cut_takes_nothing_along(
    running: World, pristine: Sample, shut: Callable[..., Gate], held_back: str
) -> None:
    """A disconnection is no cancellation there (Transports of 2025-11-25): who asks again has that search's rows."""
    gate = shut(held_back)
    before = running.proxy.calls.copy()
    asked = {"archive_id": pristine.archive_id, **APRIL, "subject": ["invoice"], "limit": 3}
    asked |= {"sender": [held_back[:1]], "wait_seconds": 40}
    with on_a_port(to_proxy(running), environment(running), LEGACY) as (_, speak, _, _):
        ask_and_cut(speak, searching(LEGACY, asked), gate)
        found = speak(searching(LEGACY, asked, 2))["result"]["structuredContent"]
    assert found["Complete"] and found["Rows"]
    made = running.proxy.calls - before
    assert made["StartArchiveSearch"] == 1 and not made["StopArchiveSearch"]


def to_proxy(running: World) -> list[str]:
    """The command of a server of the archive behind the proxy."""
    command = [copies.python(), "-m", "mail_archive_server"]
    return [*command, "--endpoint-url", running.proxy.url, "--region", "us-east-1"]


def ask_and_cut(speak: Any, request: bytes, gate: Gate) -> None:
    """Ask for a search, and break the connection off when it comes to the gate, which is opened then."""
    client, url = cast("partial[Any]", speak).args
    headers = {name: value for name, value in client.headers.items() if name not in ("host", "connection")}
    if "mcp-name" in headers:
        headers["mcp-name"] = "search_archive"
    head = [f"POST {httpx.URL(url).path} HTTP/1.1", f"Host: {httpx.URL(url).netloc.decode()}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    head += [f"Content-Length: {len(request)}", "", ""]
    lost = socket.create_connection((httpx.URL(url).host, httpx.URL(url).port))
    lost.sendall("\r\n".join(head).encode() + request)
    assert gate.held.acquire(timeout=SECONDS)
    lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    lost.close()
    gate.open()


def searching(era: str, arguments: dict[str, Any], request_id: int = 1) -> bytes:
    request = json.loads(call(era, request_id, "null"))
    request["params"] |= {"name": "search_archive", "arguments": arguments}
    return json.dumps(request).encode()


@pytest.mark.slow
def test_a_server_whose_stdin_was_closed_ends_within_5_s_while_calls_hang(
    running: World, shut: Callable[..., Gate]
) -> None:
    """In earnest, with the time that it has."""
    gate = shut()
    command = [sys.executable, "-m", "mail_archive_server"]
    command += ["--endpoint-url", running.proxy.url, "--region", "us-east-1"]
    server = OnStdio(command, environment(running))
    for number in range(3):
        server.write(call(MODERN, number, f'"a-{number}"'))
    for _ in range(3):
        gate.held.acquire()
    with stopwatch() as taken:
        server.end()
    assert server.process.returncode == 0 and taken.seconds < 5


@pytest.mark.soak
async def test_with_every_answer_30_s_late_each_tool_ends_within_50_and_a_wait_of_8_within_12(
    running: World, pristine: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    running.proxy.fault = lambda operation, before, forward: late(30)(forward)
    access = Access.to(MailManager(lambda: connected(running)), may_download=origin_links(lambda: running.proxy.url))
    took: dict[str, float] = {}
    async with Client(build_server(lambda: access)) as client:

        async def ask(name: str, tool: str, arguments: dict[str, Any]) -> None:
            began = time.monotonic()
            await client.call_tool(tool, arguments)
            took[name] = time.monotonic() - began

        async with anyio.create_task_group() as together:
            for tool, arguments in calls(pristine).items():
                if "wait_seconds" in arguments:
                    together.start_soon(ask, f"{tool}, 8", tool, {**arguments, "wait_seconds": 8})
                given = {name: value for name, value in arguments.items() if name != "wait_seconds"}
                together.start_soon(ask, tool, tool, given)
    running.proxy.fault = lambda operation, before, forward: forward()
    assert {name: seconds for name, seconds in took.items() if seconds > (12 if ", 8" in name else 50)} == {}


def connected(running: World, read_timeout: int = 20) -> Any:
    """A client with the time-outs of a server, if nothing else is said."""
    keys = running.store.credentials
    return boto3.client(
        "mailmanager",
        "us-east-1",
        endpoint_url=running.proxy.url,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(
            connect_timeout=5, read_timeout=read_timeout, retries={"mode": "standard", "total_max_attempts": 4}
        ),
    )
