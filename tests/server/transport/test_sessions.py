"""Sessions over HTTP: so many for each caller, and none for ever."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import httpx
import httpx2  # the SDK's own
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mail_archive_server.app import build_server
from mail_archive_server.hosting.callers import for_each_caller
from mail_archive_server.settings import Settings
from mail_archive_server.transport.application import PATH, application
from mail_archive_server.transport.sessions import IDLE_SECONDS
from mail_archive_tools.access import Access
from tests.conftest import Sample, loopback, text_of
from tests.issuer import AuthorizationServer, authorization_server
from tests.pace import HANGS

pytestmark = pytest.mark.anyio

MAIL = "https://mail.example.com/mcp"
SESSION = "mcp-session-id"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[AuthorizationServer]:
    with authorization_server() as server:
        yield server


@contextmanager
def served(access: Access, settings: Settings, token: str | None = None, idle: float = IDLE_SECONDS) -> Iterator[str]:
    """The real server, with room for one session of each caller."""
    server = build_server(for_each_caller(lambda: access))
    with loopback(application(server, settings, token, most_sessions=1, idle_seconds=idle), lifespan="on") as url:
        yield f"{url}{PATH}"


@asynccontextmanager
async def calling(url: str, token: str, says_goodbye: bool = True) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client of the protocols that have sessions, and the names of its sessions."""
    named: list[str] = []

    async def look(response: httpx2.Response) -> None:
        named.extend(response.headers.get_list(SESSION))

    async with (
        httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, timeout=HANGS, event_hooks={"response": [look]}
        ) as http,
        Client(streamable_http_client(url, http_client=http, terminate_on_close=says_goodbye), mode="legacy") as client,
    ):
        yield client, named


def opened(url: str, token: str, session: str | None = None) -> httpx.Response:
    """The answer to who opens a session, or goes on with one."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    if session is not None:
        headers[SESSION] = session
    return httpx.post(url, headers=headers, json=INITIALIZE if session is None else {**INITIALIZE, "method": "ping"})


async def test_a_caller_with_too_many_sessions_is_told_so_and_another_caller_goes_on(
    issuer: AuthorizationServer, access: Access, sample: Sample
) -> None:
    of_ann, of_bob = issuer.token(MAIL), issuer.token(MAIL, sub="bob@corp.example")
    with served(access, Settings(issuer=issuer.url, resource_url=MAIL)) as url:
        async with calling(url, of_ann) as (ann, _):
            refused = await anyio.to_thread.run_sync(opened, url, issuer.token(MAIL))
            assert refused.status_code == 429 and refused.headers["Retry-After"] == "900"
            assert refused.json() == {
                "error": "This caller has 1 session open, and may have no more: end one (DELETE), or wait until one is "
                "idle."
            }
            async with calling(url, of_bob) as (bob, named):
                assert sample.archive_id in text_of(await bob.call_tool("list_archives", {}))
                # What is hers makes no room where it is his.
                assert (await anyio.to_thread.run_sync(opened, url, of_ann, named[0])).status_code == 404
                assert (await anyio.to_thread.run_sync(opened, url, of_ann)).status_code == 429
            assert sample.archive_id in text_of(await ann.call_tool("list_archives", {}))
        # She has said goodbye.
        assert (await anyio.to_thread.run_sync(opened, url, of_ann)).status_code == 200


async def test_a_session_that_a_client_left_is_ended_and_makes_room(access: Access, sample: Sample) -> None:
    token = "t" * 40
    with served(access, Settings(), token, idle=0.2) as url:
        async with calling(url, token, says_goodbye=False) as (client, named):
            assert sample.archive_id in text_of(await client.call_tool("list_archives", {}))
        with anyio.fail_after(HANGS):
            while (await anyio.to_thread.run_sync(opened, url, token)).status_code == 429:
                await anyio.sleep(0.02)
        assert (await anyio.to_thread.run_sync(opened, url, token, named[0])).status_code == 404
