"""The raw message behind a link: from the right hosts, within limits, and never with the link in an error or a log."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mail_archive_tools.errors import DownloadFailed, NotThisMessage
from mail_archive_tools.reading.fetching import download as module
from mail_archive_tools.reading.fetching.download import download, shared_connections
from mail_archive_tools.reading.links import is_s3_host, origin_links, s3_links
from tests.conftest import loopback

pytestmark = pytest.mark.anyio

SECRET = "X-Amz-Signature=0123456789abcdef"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("bucket.s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"),
        ("bucket.s3-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bucket.s3.amazonaws.com", "us-east-1"),
        ("s3.amazonaws.com", "eu-west-1"),
        ("my.dotted.bucket.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("BUCKET.S3.EU-WEST-1.AMAZONAWS.COM.", "eu-west-1"),
        ("bucket.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bucket.s3.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        ("bucket.s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ],
)
def test_hosts_of_s3_in_its_address_styles_and_partitions(host: str, region: str) -> None:
    assert is_s3_host(host, region)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "bucket.s3.us-east-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com.evil.example",
        "evils3.eu-west-1.amazonaws.com",
        "ec2.eu-west-1.amazonaws.com",
        "amazonaws.com",
        "bucket.s3.eu-west-1.amazonaws.com.cn",
        "169.254.169.254",
        "",
    ],
)
def test_other_hosts_are_none(host: str) -> None:
    assert not is_s3_host(host, "eu-west-1")


@pytest.mark.parametrize(
    ("link", "allowed"),
    [
        ("https://mail.s3.eu-west-1.amazonaws.com/k?x", True),
        ("http://mail.s3.eu-west-1.amazonaws.com/k", False),
        ("https://mail.s3.eu-west-1.amazonaws.com@evil.example/k", False),
        ("https://evil.example#mail.s3.eu-west-1.amazonaws.com", False),
        ("ftp://mail.s3.eu-west-1.amazonaws.com/k", False),
        ("https://mail.s3.eu-west-1.amazonaws.com:99999/k", False),
        ("https://[::1/k", False),
        ("", False),
    ],
)
def test_a_link_is_https_and_leads_to_s3(link: str, allowed: bool) -> None:
    assert s3_links(lambda: "eu-west-1")(link) is allowed


def test_an_origin_is_scheme_host_and_port() -> None:
    rule = origin_links(lambda: "http://127.0.0.1:8025")
    assert rule("http://127.0.0.1:8025/messages/x?Signature=y")
    for other in (
        "http://127.0.0.1:8026/x",
        "https://127.0.0.1:8025/x",
        "http://127.0.0.1/x",
        "http://a@127.0.0.1:8025/x",
    ):
        assert not rule(other)
    assert not origin_links(lambda: "")("http://127.0.0.1/x")


def site() -> Starlette:
    """A host with a message, and with everything that can go wrong."""
    visits = {"once": 0}

    async def whole(request: Request) -> Response:
        return Response(b"Subject: x\r\n\r\nhello")

    async def expires(request: Request) -> Response:
        visits["once"] += 1
        return Response(b"expired", 403) if request.query_params.get("n") == "1" else Response(b"fresh")

    async def large(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(60):
                yield b"x" * 1_000_000

        return StreamingResponse(chunks())

    async def slow(request: Request) -> Response:
        import anyio

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(10):
                yield b"x"
                await anyio.sleep(0.2)

        return StreamingResponse(chunks())

    return Starlette(
        routes=[
            Route("/whole", whole),
            Route("/expires", expires),
            Route("/gone", lambda request: Response(b"", 403)),
            Route("/broken", lambda request: Response(b"", 500)),
            Route("/elsewhere", lambda request: RedirectResponse("/whole")),
            Route("/packed", lambda request: Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})),
            Route("/large", large),
            Route("/claims", lambda request: Response(b"", headers={"Content-Length": "99999999999"})),
            Route("/slow", slow),
        ]
    )


def never() -> Callable[[], Awaitable[str]]:
    async def renew() -> str:
        raise AssertionError("the link was renewed")

    return renew


async def test_a_message_is_fetched() -> None:
    with loopback(site()) as base:
        assert (
            await download(f"{base}/whole?{SECRET}", never(), origin_links(lambda: base)) == b"Subject: x\r\n\r\nhello"
        )


async def test_an_expired_link_is_renewed_once() -> None:
    renewed = []
    with loopback(site()) as base:

        async def renew() -> str:
            renewed.append(1)
            return f"{base}/expires?n=2"

        assert await download(f"{base}/expires?n=1", renew, origin_links(lambda: base)) == b"fresh"
        with pytest.raises(DownloadFailed, match="two links in a row"):
            await download(f"{base}/expires?n=1", _always(f"{base}/gone"), origin_links(lambda: base))
    assert renewed == [1]


def _always(link: str) -> Callable[[], Awaitable[str]]:
    async def renew() -> str:
        return link

    return renew


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("elsewhere", "redirect"),
        ("broken", "status 500"),
        ("packed", "compressed"),
        ("large", "read at most"),
        ("claims", "read at most"),
        ("slow", "did not arrive within the"),
        ("nothing", "status 404"),
    ],
)
async def test_what_goes_wrong_is_said_without_the_link(
    path: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SECONDS", 1.0)
    caplog.set_level(logging.DEBUG)
    with loopback(site()) as base, pytest.raises(DownloadFailed, match=said) as caught:
        await download(f"{base}/{path}?{SECRET}", never(), origin_links(lambda: base))
    assert "Signature" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


async def test_a_host_that_is_not_there() -> None:
    with pytest.raises(DownloadFailed, match="could not be fetched") as caught:
        await download(f"http://127.0.0.1:9/x?{SECRET}", never(), origin_links(lambda: "http://127.0.0.1:9"))
    assert "Signature" not in str(caught.value)


async def test_a_link_to_a_strange_host_is_not_followed() -> None:
    with loopback(site()) as base, pytest.raises(DownloadFailed, match="not one of the service's") as caught:
        await download(f"{base}/whole?{SECRET}", never(), s3_links(lambda: "eu-west-1"))
    assert "127.0.0.1" not in str(caught.value)


class Host:
    """Answers GET with what it was asked with, and counts connections. Each is closed after so many answers, without a
    word of it before."""

    def __init__(self, answers_each: int) -> None:
        self.connections = 0
        self.cookies: list[str] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            answered = 0

            def setup(self) -> None:
                super().setup()
                host.connections += 1

            def do_GET(self) -> None:
                host.cookies.append(self.headers.get("Cookie", ""))
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.send_header("Set-Cookie", "who=caller; Path=/")
                self.end_headers()
                self.wfile.write(b"mail")
                self.answered += 1
                self.close_connection = self.answered == answers_each

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.link = f"http://127.0.0.1:{self.server.server_address[1]}/message?{SECRET}"

    def __enter__(self) -> "Host":
        Thread(target=self.server.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(("answers_each", "connections"), [(1_000, 1), (3, 4), (1, 10)])
async def test_downloads_share_a_connection_and_survive_its_end(answers_each: int, connections: int) -> None:
    with Host(answers_each) as host:
        rule = origin_links(lambda: host.link)
        async with shared_connections():
            for _ in range(10):
                assert await download(host.link, never(), rule) == b"mail"
        assert host.connections == connections
        # What an answer sets is not sent back.
        assert host.cookies == [""] * 10
        assert await download(host.link, never(), rule) == b"mail"
        assert host.connections == connections + 1


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The link to a host that sends these bytes, whatever it is asked, and closes the connection."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/message?{SECRET}"
        finally:
            server.shutdown()


CUT = "breaks off before the end that its host announced"


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        (b"Content-Length: 20", b"Subject: x\r\n\r\nhel", CUT),
        (b"Content-Length: 20", b"", CUT),
        (b"Transfer-Encoding: chunked", b"7\r\nSubject\r\n", CUT),
        (b"Transfer-Encoding: chunked", b"7\r\nSub", CUT),
        (b"Content-Length: 0", b"", r"nothing \(0 bytes\)"),
        (b"Transfer-Encoding: chunked", b"0\r\n\r\n", r"nothing \(0 bytes\)"),
        (b"Connection: close", b"Subject: x\r\n\r\nhello", "whose length its host did not announce"),
    ],
)
async def test_what_is_not_as_long_as_was_announced_is_not_the_message(head: bytes, body: bytes, said: str) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body) as link:
        rule = origin_links(lambda: link)
        with pytest.raises(NotThisMessage, match=f"What came is not this message, but .*{said}") as caught:
            await download(link, never(), rule)
        assert "Signature" not in str(caught.value)
        async with shared_connections():
            with pytest.raises(NotThisMessage, match=said):
                await download(link, never(), rule)


@pytest.mark.parametrize("head", [b"Content-Length: 4\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n4\r\n"])
async def test_a_length_may_be_announced_as_a_whole_or_chunk_by_chunk(head: bytes) -> None:
    end = b"\r\n0\r\n\r\n" if b"chunked" in head else b""
    with answering(b"HTTP/1.1 200 OK\r\n" + head + b"mail" + end) as link:
        assert await download(link, never(), origin_links(lambda: link)) == b"mail"


@pytest.mark.parametrize("length", [b"Content-Length: 4, 7", b"Content-Length: four", b"Content-Length: -4"])
async def test_a_length_that_is_none_is_no_answer(length: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\nmail"
    with answering(answer) as link, pytest.raises(DownloadFailed, match="could not be fetched"):
        await download(link, never(), origin_links(lambda: link))
