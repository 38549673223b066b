"""The link to a raw message -> its bytes: from the service's own hosts only, without redirects, within limits.

The link opens the message for everyone who has it, so it stands in no error and no log.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import seconds_left
from mail_archive_tools.errors import DownloadFailed
from mail_archive_tools.reading.fetching.told import not_this
from mail_archive_tools.reading.links import LinkRule

if TYPE_CHECKING:
    import httpx

MESSAGE_BYTES = 42_000_000
"""The largest message that is fetched: the service's limit of 40 MB, and what it may add."""

SECONDS = 40.0
"""How long a download may take: hosts give a call 60 s."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
_EXPIRED = (401, 403, 410)
_CUT = "a part of one, which breaks off before the end that its host announced"
_AGAIN = "Call again for a new link; if it stays so, the operator should check the network of the server."


class _WithoutQuery(logging.Filter):
    """Takes the query, which opens the message, out of the URLs that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_query, record.args))
        return True


def _without_query(argument: object) -> object:
    before, query, _ = str(argument).partition("?")
    return before if query else argument


_WITHOUT_QUERY = _WithoutQuery()


class _Expired(Exception):
    """The host refuses the link."""


class _Connections:
    """Clients that downloads share: those to this machine know of no proxy."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def to(self, link: str) -> httpx.AsyncClient:
        """The client for that link."""
        is_loopback = (urlsplit(link).hostname or "") in ("127.0.0.1", "localhost", "::1")
        if is_loopback not in self._clients:
            self._clients[is_loopback] = _new_client(knows_proxies=not is_loopback)
        return self._clients[is_loopback]

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def _new_client(knows_proxies: bool) -> httpx.AsyncClient:
    import httpx

    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)
    client = httpx.AsyncClient(
        follow_redirects=False,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        trust_env=knows_proxies,
        verify=_trust(),
    )
    # What one answer sets is not sent with the next request.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


_connections: ContextVar[_Connections | None] = ContextVar("connections", default=None)


@asynccontextmanager
async def shared_connections() -> AsyncIterator[None]:
    """Downloads within it use each other's connections: to make one anew takes longer than a message."""
    connections = _Connections()
    before = _connections.set(connections)
    try:
        yield
    finally:
        _connections.reset(before)
        with anyio.CancelScope(shield=True):
            await connections.close()


async def download(link: str, renew: Callable[[], Awaitable[str]], rule: LinkRule) -> bytes:
    """The raw message that `link` leads to. `renew` gives another link, once, when this one has expired.

    Raises:
        NotThisMessage: nothing came, or not all of what was announced.
        DownloadFailed: the link leads elsewhere, or nothing could be fetched, or not in time.
    """
    try:
        return await _fetch(link, rule)
    except _Expired:
        pass
    try:
        return await _fetch(await renew(), rule)
    except _Expired:
        raise DownloadFailed(
            "The host of the raw message refuses two links in a row. Check the server's clock, and that the "
            "credentials may read the message; get_archive_message_content shows its text without a download."
        ) from None


async def _fetch(link: str, rule: LinkRule) -> bytes:
    if not rule(link):
        raise DownloadFailed(
            "The download link leads to a host that is not one of the service's for the server's Region, so it was "
            "not followed. The operator should check the server's region and endpoint-url."
        )

    if not _trust.cache_info().currsize:
        # In a thread, since loading both takes a tenth of a second, in which others wait.
        await to_thread.run_sync(_trust)

    # Imported here: a server that reads no message does without it.
    import httpx

    seconds = max(0.0, min(SECONDS, seconds_left(SECONDS)))
    try:
        with anyio.fail_after(seconds):
            shared = _connections.get()
            if shared is not None:
                # One that the host has closed meanwhile is no failure yet.
                with suppress(httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                    return await _get(shared, link)

            async with shared_connections():
                own = _connections.get()
                assert own is not None
                return await _get(own, link)
    except TimeoutError:
        raise DownloadFailed(
            f"The raw message did not arrive within the {seconds:.0f} s that there were. {_AGAIN}"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        # The library's own text names the link.
        raise DownloadFailed(f"The raw message could not be fetched ({type(error).__name__}). {_AGAIN}") from None


async def _get(connections: _Connections, link: str) -> bytes:
    async with connections.to(link).stream("GET", link, headers={"Accept-Encoding": "identity"}) as response:
        return await _body(response)


@cache
def _trust() -> ssl.SSLContext:
    """The certificates to trust: loading them takes longer than fetching a message."""
    import httpx

    return httpx.create_ssl_context()


async def _body(response: httpx.Response) -> bytes:
    if response.status_code in _EXPIRED:
        raise _Expired
    if response.status_code != 200:
        what = "a redirect, which is not followed" if response.is_redirect else f"status {response.status_code}"
        raise DownloadFailed(f"The host of the raw message answered with {what}. {_AGAIN}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadFailed(f"The host of the raw message sent it compressed, which was not asked for. {_AGAIN}")

    declared = response.headers.get("Content-Length", "")
    announced = int(declared) if declared.isdigit() else None
    if announced is not None and announced > MESSAGE_BYTES:
        raise DownloadFailed(_too_large(announced))
    # Chunks say where they end (RFC 9112, 7.1). What ends with the connection may have been cut, and nobody would know.
    is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    if announced is None and not is_chunked:
        raise not_this("something whose length its host did not announce")

    data = await _announced(response)
    if announced is not None and len(data) != announced:
        raise not_this(_CUT)
    if not data:
        raise not_this("nothing (0 bytes)")
    return data


async def _announced(response: httpx.Response) -> bytes:
    """The body, as long as it was announced to be."""
    import httpx

    data = bytearray()
    try:
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > MESSAGE_BYTES:
                raise DownloadFailed(_too_large(len(data)))
    except (httpx.RemoteProtocolError, httpx.ReadError):
        raise not_this(_CUT) from None
    return bytes(data)


def _too_large(size: int) -> str:
    return (
        f"The raw message has {size:,} bytes or more, and {MESSAGE_BYTES:,} are read at most. "
        "get_archive_message_content shows its text."
    )
