"""The server as hosts run it: a process on stdio, a process on a port."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2  # the SDK's own
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from mail_archive_local.storage.store import SearchRecord, Store
from tests import copies
from tests.conftest import ERAS, READING, Sample, text_of
from tests.pace import HANGS, wait_until

APRIL = {"from_timestamp": "2025-04-01T00:00:00Z", "to_timestamp": "2025-04-30T00:00:00Z"}
COMMAND = [sys.executable, "-m", "mail_archive_server"]


def on_stdio(*arguments: str, python: str = "", **environment: str) -> StdioServerParameters:
    """A server that is a copy, or one that loads itself with that Python."""
    return StdioServerParameters(
        command=python or copies.python(),
        args=["-m", "mail_archive_server", *arguments],
        env={**os.environ, **environment},
    )


@pytest.mark.anyio
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_talks_over_stdio(sample: Sample, era: Any) -> None:
    async with Client(on_stdio("--local", str(sample.folder), python=sys.executable), mode=era) as client:
        assert client.server_info and client.server_info.name == "mail-archive"
        found = await client.call_tool("search_archive", {"archive_id": sample.archive_id, **APRIL, "limit": 1})
        assert (found.structured_content or {})["RowsSoFar"] > 20


@pytest.mark.anyio
async def test_settings_come_from_the_environment(sample: Sample) -> None:
    server = on_stdio(MAIL_ARCHIVE_LOCAL=str(sample.folder), MAIL_ARCHIVE_DOWNLOAD_LINKS="hide")
    async with Client(server) as client:
        found = await client.call_tool("search_archive", {"archive_id": sample.archive_id, **APRIL, "limit": 1})
        message_id = (found.structured_content or {})["Rows"][0]["ArchivedMessageId"]
        message = await client.call_tool("get_archive_message", {"archived_message_id": message_id})
        assert "hides MessageDownloadLink" in text_of(message)
        assert "MessageDownloadLink" not in (message.structured_content or {})


class Raw:
    """A server on stdio, spoken to line by line, so that nothing of what it writes goes unseen."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._id = 0

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        self._id += 1
        self.send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        assert self.process.stdout
        while True:
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
            assert answer["jsonrpc"] == "2.0"
            if answer.get("id") == self._id:
                return answer

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def shake_hands(self) -> None:
        client = {"name": "test", "version": "1"}
        self.request("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def loaded(self, library: str) -> bool:
        """Whether the process has opened that package's compiled or data files yet."""
        maps = Path(f"/proc/{self.process.pid}/maps").read_text()
        return library in maps

    def end(self) -> tuple[str, str]:
        return self.process.communicate(timeout=HANGS)


def test_stdout_carries_nothing_but_protocol(sample: Sample) -> None:
    raw = Raw("--local", str(sample.folder), "--log-level", "DEBUG")
    raw.shake_hands()
    tools = raw.request("tools/list")["result"]["tools"]
    assert len(tools) == len(READING)
    for name, arguments in (
        ("get_archive", {"archive_id": "nonsense"}),
        ("search_archive", {"archive_id": sample.archive_id, **APRIL}),
        ("get_archive_message", {"archived_message_id": "nothing"}),
    ):
        assert "result" in raw.request("tools/call", name=name, arguments=arguments)
    out, err = raw.end()
    assert raw.process.returncode == 0
    assert [line for line in out.splitlines() if not line.startswith('{"jsonrpc"')] == []
    # Not even at DEBUG do mail, addresses or links go to the log.
    for secret in ("tidewater.example", "Signature=", "198.51.100.7", "bank details"):
        assert secret not in err


OF_CALLS_ALONE = (
    "boto3",
    "botocore",
    "selectolax",
    "tqdm",
    "mail_archive_local.exporting.exporter",
    "mail_archive_local.identity.policies",
    "mail_archive_local.storage.export_records",
    "mail_archive_server.identity.policy",
    "mail_archive_tools.service.buckets",
    "mail_archive_tools.untrusted",
)
"""Modules that a server which only lists its tools has no use for."""


def test_the_tools_are_listed_before_what_calls_need_is_loaded(sample: Sample) -> None:
    script = (
        "import sys\n"
        "from mail_archive_server import app, backends, middleware, settings\n"
        "middleware.WARM_UP_SECONDS = 3600\n"
        "access = backends.accessor(settings.Settings(local=__import__('pathlib').Path(sys.argv[1])))\n"
        "server = app.build_server(access)\n"
        "import anyio\n"
        "from mcp import Client\n"
        "async def main():\n"
        "    async with Client(server) as client:\n"
        "        await client.list_tools()\n"
        "        print(sorted(set(sys.argv[2:]) & set(sys.modules)))\n"
        "        await client.call_tool('list_archives', {})\n"
        "        print('boto3' in sys.modules)\n"
        "anyio.run(main)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, str(sample.folder), *OF_CALLS_ALONE],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    before, after = printed[0], printed[1]
    assert before == "[]"
    assert after == "True"


def test_what_a_start_loaded_is_not_looked_through_for_garbage_and_what_comes_later_is(sample: Sample) -> None:
    script = (
        "import gc, sys\n"
        "from mail_archive_server import cli\n"
        "from mail_archive_server.transport import stdio\n"
        "async def serve_stdio(*_):\n"
        "    print(gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
        "stdio.serve_stdio = serve_stdio\n"
        "cli.main(['--local', sys.argv[1]])\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(sample.folder)],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert finished.stdout == "True True\n"


def test_boto3_is_loaded_once_the_tools_have_been_listed(sample: Sample) -> None:
    script = (
        "import sys, time\n"
        "from mail_archive_server import app, backends, settings\n"
        "access = backends.open_access(settings.Settings(local=__import__('pathlib').Path(sys.argv[1])))\n"
        "import anyio\n"
        "from mcp import Client\n"
        "async def main():\n"
        "    async with Client(app.build_server(lambda: access)) as client:\n"
        "        await client.list_tools()\n"
        "        for _ in range(200):\n"
        "            await anyio.sleep(0.05)\n"
        "            if access.client._client is not None:\n"
        "                print('warm'); break\n"
        "anyio.run(main)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(sample.folder)], check=True, capture_output=True, text=True
    )
    assert finished.stdout == "warm\n"


TOKEN = "a-token-that-only-the-tests-know"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def on_a_port(
    *arguments: str, port: int = 0, log: list[str] | None = None, python: str = "", **environment: str
) -> Iterator[str]:
    """A server's URL: a copy, or one that loads itself with that Python. What it wrote to standard error is in `log`
    once it has ended."""
    port = port or free_port()
    command = [python or copies.python(), "-m", "mail_archive_server"]
    process = subprocess.Popen(
        [*command, "--transport", "http", "--port", str(port), *arguments],
        stderr=subprocess.PIPE,
        env={**os.environ, "MAIL_ARCHIVE_TOKEN": TOKEN, **environment},
    )
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port))
        assert process.poll() is None
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANGS)
        if log is not None:
            log.extend(said.decode(errors="backslashreplace").split("\n"))


@pytest.mark.anyio
async def test_a_client_talks_over_http_and_a_stranger_does_not(own_sample: Sample) -> None:
    log: list[str] = []
    with on_a_port("--local", str(own_sample.folder), "--search-seconds", "60", log=log, python=sys.executable) as url:
        for era in ERAS:
            async with with_token(url, era) as client:
                archives = await client.call_tool("list_archives", {})
                assert own_sample.archive_id in text_of(archives)
        # A page in a browser that a name server sent to this address (DNS rebinding).
        async with httpx.AsyncClient() as stranger:
            rebound = await stranger.post(url, headers=_acting("Host", "evil.example"), json={})
            foreign = await stranger.post(url, headers=_acting("Origin", "https://evil.example"), json={})
            for headers in (
                {},
                {"Authorization": "Bearer another-token-altogether"},
                {"Authorization": f"Basic {TOKEN}"},
            ):
                unknown = await stranger.post(url, headers=headers, json={})
                assert unknown.status_code == 401 and unknown.headers["WWW-Authenticate"] == "Bearer"
        assert (rebound.status_code, foreign.status_code) == (421, 403)
        async with with_token(url) as client:
            await call_and_go_away(client, own_sample)
    # What they sent is told, and acts on no terminal that shows the log.
    told = [line for line in log if "evil.example" in line]
    assert len(set(told)) == 2 and all("\\x9b2J" in line for line in told)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(log))


def _acting(name: str, value: str) -> dict[bytes, bytes]:
    """Headers, one of which clears the screen, as a byte of Latin 1 says it (C1's CSI): HTTP allows that byte."""
    return {b"Authorization": f"Bearer {TOKEN}".encode(), name.encode(): f"{value}\x9b2J".encode("latin-1")}


@asynccontextmanager
async def with_token(url: str, era: Any = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=BEARER, timeout=HANGS) as http,
        Client(streamable_http_client(url, http_client=http), mode=era) as client,
    ):
        yield client


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server over HTTP with these arguments, and what it says at its start."""
    environment = {name: value for name, value in os.environ.items() if name != "MAIL_ARCHIVE_TOKEN"}
    command = [copies.python(), "-m", "mail_archive_server"]
    process = subprocess.Popen(
        [*command, "--transport", "http", "--port", "0", *arguments], stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr
    said = "".join(process.stderr.readline() for _ in range(3))
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANGS)


def status(said: str, **headers: str) -> int:
    found = re.search(r"http://[\d.:]+/mcp", said)
    assert found, said
    return httpx.post(found.group(), headers=headers, json={}).status_code


def test_a_token_is_made_and_said_where_none_is_given(sample: Sample) -> None:
    with served("--local", str(sample.folder)) as (_, said):
        token = re.search(r"Authorization: Bearer (\S{32,})", said)
        assert token and "Cursors are sealed for this run alone" in said
        assert status(said) == 401
        assert status(said, Authorization=f"Bearer {token.group(1)}") not in (401, 403)


def test_a_token_is_kept_in_a_file_for_its_owner_alone(sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / "token"
    for _ in range(2):
        with served("--local", str(sample.folder), "--token-file", str(file)) as (_, said):
            token = file.read_text().strip()
            assert len(token) >= 32 and token not in said and str(file) in said
            assert file.stat().st_mode & 0o777 == 0o600
            assert status(said, Authorization=f"Bearer {token}") not in (401, 403)
    file.chmod(0o644)
    refused = subprocess.run(
        [
            copies.python(),
            *COMMAND[1:],
            "--transport",
            "http",
            "--local",
            str(sample.folder),
            "--token-file",
            str(file),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2 and "can be read by others" in refused.stderr


def test_without_a_token_where_the_operator_says_so(sample: Sample) -> None:
    with served("--local", str(sample.folder), "--no-token") as (_, said):
        assert "every user of this machine can read the mail" in said
        assert status(said) not in (401, 403)


@pytest.mark.anyio
async def test_a_client_talks_over_a_socket_of_its_user(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "s"
    for _ in range(2):
        with served("--local", str(sample.folder), "--socket", str(path)) as (process, said):
            assert "Only this user can open the socket" in said
            assert path.stat().st_mode & 0o777 == 0o600
            async with (
                httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(path)), timeout=HANGS) as http,
                Client(streamable_http_client("http://localhost/mcp", http_client=http)) as client,
            ):
                assert sample.archive_id in text_of(await client.call_tool("list_archives", {}))
            # What a killed server leaves behind does not stand in the way.
            process.kill()
            process.wait()
            assert path.exists()


@pytest.mark.anyio
async def test_a_cursor_over_http_is_of_use_to_its_caller_alone(sample: Sample) -> None:
    arguments = {"archive_id": sample.archive_id, **APRIL, "limit": 1}
    key = "one key of two servers"
    with on_a_port("--local", str(sample.folder), MAIL_ARCHIVE_CURSOR_KEY=key) as url:
        async with with_token(url) as client:
            page = (await client.call_tool("search_archive", arguments)).structured_content or {}
            following = await client.call_tool("search_archive", {**arguments, "cursor": page["NextCursor"]})
            assert not following.is_error
    async with Client(on_stdio("--local", str(sample.folder), MAIL_ARCHIVE_CURSOR_KEY=key)) as client:
        stolen = await client.call_tool("search_archive", {**arguments, "cursor": page["NextCursor"]})
    assert stolen.is_error and "changed, or is none of this server's" in text_of(stolen)


@pytest.mark.anyio
async def test_a_cancelled_call_over_stdio_stops_its_search(own_sample: Sample) -> None:
    async with Client(on_stdio("--local", str(own_sample.folder), "--search-seconds", "60")) as client:
        await call_and_go_away(client, own_sample)


async def call_and_go_away(client: Client, sample: Sample) -> None:
    """Start a long search, leave while it runs, and see that it is stopped."""
    arguments = {"archive_id": sample.archive_id, **APRIL}
    with Store(sample.folder) as store, anyio.fail_after(HANGS):

        async def until(reached: Callable[[SearchRecord], bool]) -> None:
            while not any(reached(search) for search in store.searches(1, None, 1)):
                await anyio.sleep(0.02)

        before = len(store.searches(1, None, 1_000_000))
        async with anyio.create_task_group() as caller:
            caller.start_soon(client.call_tool, "search_archive", arguments)
            while len(store.searches(1, None, 1_000_000)) == before:
                await anyio.sleep(0.02)
            caller.cancel_scope.cancel()
        await until(lambda search: search.cancelled is not None)
