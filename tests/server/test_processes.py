"""The server as hosts run it: a process on stdio, a process on a port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from mail_archive_server.local.storage.store import SearchRecord, Store
from tests.conftest import ERAS, Sample, text_of

APRIL = {"from_timestamp": "2025-04-01T00:00:00Z", "to_timestamp": "2025-04-30T00:00:00Z"}
COMMAND = [sys.executable, "-m", "mail_archive_server"]


def on_stdio(*arguments: str, **environment: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "mail_archive_server", *arguments], env={**os.environ, **environment}
    )


@pytest.mark.anyio
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_talks_over_stdio(sample: Sample, era: Any) -> None:
    async with Client(on_stdio("--local", str(sample.folder)), mode=era) as client:
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
        return self.process.communicate(timeout=20)


def test_stdout_carries_nothing_but_protocol(sample: Sample) -> None:
    raw = Raw("--local", str(sample.folder), "--log-level", "DEBUG")
    raw.shake_hands()
    tools = raw.request("tools/list")["result"]["tools"]
    assert len(tools) == 14
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


def test_the_tools_are_listed_before_boto3_is_loaded(sample: Sample) -> None:
    script = (
        "import sys\n"
        "from mail_archive_server import app, backends, middleware, settings\n"
        "middleware.WARM_UP_SECONDS = 3600\n"
        "access = backends.open_access(settings.Settings(local=__import__('pathlib').Path(sys.argv[1])))\n"
        "server = app.build_server(lambda: access)\n"
        "import anyio\n"
        "from mcp import Client\n"
        "async def main():\n"
        "    async with Client(server) as client:\n"
        "        await client.list_tools()\n"
        "        print(sorted({'boto3', 'botocore', 'selectolax', 'uvicorn', 'tqdm'} & set(sys.modules)))\n"
        "        await client.call_tool('list_archives', {})\n"
        "        print('boto3' in sys.modules)\n"
        "anyio.run(main)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, str(sample.folder)], check=True, capture_output=True, text=True
    ).stdout.split("\n")
    before, after = printed[0], printed[1]
    assert "boto3" not in before and "botocore" not in before and "selectolax" not in before and "tqdm" not in before
    assert after == "True"


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


@contextmanager
def on_a_port(*arguments: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*COMMAND, "--transport", "http", "--port", str(port), *arguments], stderr=subprocess.PIPE
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


@pytest.mark.anyio
async def test_a_client_talks_over_http_and_a_stranger_does_not(own_sample: Sample) -> None:
    with on_a_port("--local", str(own_sample.folder), "--search-seconds", "60") as url:
        for era in ERAS:
            async with Client(url, mode=era) as client:
                archives = await client.call_tool("list_archives", {})
                assert own_sample.archive_id in text_of(archives)
        # A page in a browser that a name server sent to this address (DNS rebinding).
        async with httpx.AsyncClient() as stranger:
            rebound = await stranger.post(url, headers={"Host": "evil.example"}, json={})
            foreign = await stranger.post(url, headers={"Origin": "https://evil.example"}, json={})
        assert (rebound.status_code, foreign.status_code) == (421, 403)
        async with Client(url) as client:
            await call_and_go_away(client, own_sample)


@pytest.mark.anyio
async def test_a_cancelled_call_over_stdio_stops_its_search(own_sample: Sample) -> None:
    async with Client(on_stdio("--local", str(own_sample.folder), "--search-seconds", "60")) as client:
        await call_and_go_away(client, own_sample)


async def call_and_go_away(client: Client, sample: Sample) -> None:
    """Start a long search, leave while it runs, and see that it is stopped."""
    arguments = {"archive_id": sample.archive_id, **APRIL}
    with Store(sample.folder) as store, anyio.fail_after(30):

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
