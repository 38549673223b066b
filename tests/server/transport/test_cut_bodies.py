"""A body that breaks off on its way over HTTP: no answer is made of half a request, in either era, nothing is
logged, and the next request is served."""

import socket
import struct
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import httpx
import pytest

from tests.conftest import Sample
from tests.server.transport.test_requests import ERAS, SECONDS, Spoken, call, http

SPACES = 10


@pytest.fixture(scope="module", params=ERAS)
def spoken(request: pytest.FixtureRequest, sample: Sample) -> Iterator[Spoken]:
    with http(str(sample.folder), request.param) as speaking:
        yield speaking


def cut_off(spoken: Spoken, sent: int | None, *, reset: bool) -> bytes:
    """Send so many bytes of a call, or all but the spaces at its end, and end the connection; returns what was
    answered."""
    era, speak, _ = spoken
    client, url = cast("partial[Any]", speak).args
    # Whole without the spaces at its end: half of it would be answered by whoever takes what came for all.
    body = call(era, 50, '"a-none"') + b" " * SPACES
    head = [f"POST {httpx.URL(url).path} HTTP/1.1", f"Host: {httpx.URL(url).netloc.decode()}"]
    head += [f"{name}: {value}" for name, value in client.headers.items() if name not in ("host", "connection")]
    head += [f"Content-Length: {len(body)}", "", ""]
    sent = len(body) - SPACES if sent is None else sent
    with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port), SECONDS) as connection:
        connection.sendall("\r\n".join(head).encode() + body[:sent])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return b""
        connection.shutdown(socket.SHUT_WR)
        answered = b""
        while part := connection.recv(65_536):
            answered += part
        return answered


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("sent", [0, 60, None])
def test_a_body_that_breaks_off_is_no_request_and_the_next_is_served(
    spoken: Spoken, sent: int | None, reset: bool
) -> None:
    era, speak, logged = spoken
    answered = cut_off(spoken, sent, reset=reset)
    assert answered == b""

    after = speak(call(era, 100, '"a-none"'))
    assert after["id"] == 100 and "result" in after
    assert logged.empty()
