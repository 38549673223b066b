"""A request that cannot be read gets an answer, and the next one is served: over stdio and HTTP, in both eras."""

import json
import os
import queue
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_server.transport.requests import REQUEST_BYTES, RefusedRequest, readable
from tests import copies
from tests.conftest import Sample

DEEP = "[" * 300 + "]" * 300
PARSE_ERROR, INVALID_REQUEST = -32700, -32600
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
ERAS = (MODERN, LEGACY)
TOKEN = secrets.token_hex(16)
SECONDS = 30

Speak = Callable[[bytes], dict[str, Any]]
"""Sends one line or body, and gives the answer to it."""


def call(era: str, request_id: int | str, argument: str) -> bytes:
    """A call of `get_archive`; `argument` is JSON."""
    meta = ""
    if era == MODERN:
        prefix = "io.modelcontextprotocol"
        meta = f',"_meta":{{"{prefix}/protocolVersion":"{MODERN}","{prefix}/clientCapabilities":{{}}}}'
    params = f'{{"name":"get_archive","arguments":{{"archive_id":{argument}}}{meta}}}'
    return f'{{"jsonrpc":"2.0","id":{json.dumps(request_id)},"method":"tools/call","params":{params}}}'.encode()


INITIALIZE = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
    }
).encode()
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


class OnStdio:
    """A server on stdio; what it logs is read as it comes."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr
        self.logged = _lines_of(self.process.stderr)

    def write(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(SECONDS)
        self.process.stdout.close()

    def speak(self, line: bytes) -> dict[str, Any]:
        assert self.process.stdout
        self.write(line)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def _lines_of(log: IO[bytes]) -> "queue.Queue[str]":
    """The lines of a log as they come."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        with log:
            for line in log:
                lines.put(line.decode())

    threading.Thread(target=read, daemon=True).start()
    return lines


Spoken = tuple[str, Speak, "queue.Queue[str]"]
"""The era, the way to a server, and the lines that it logs."""


@contextmanager
def stdio(folder: str, era: str) -> Iterator[Spoken]:
    server = OnStdio([copies.python(), "-m", "mail_archive_server", "--local", folder])
    if era == LEGACY:
        server.speak(INITIALIZE)
        server.write(INITIALIZED)
    try:
        yield era, server.speak, server.logged
    finally:
        server.end()


@contextmanager
def http(folder: str, era: str) -> Iterator[Spoken]:
    command = [copies.python(), "-m", "mail_archive_server", "--local", folder]
    with on_a_port(command, {**os.environ, "MAIL_ARCHIVE_TOKEN": TOKEN}, era) as (_, speak, logged, _):
        yield era, speak, logged


@contextmanager
def on_a_port(
    command: list[str], environment: dict[str, str], era: str
) -> Iterator[tuple[str, Speak, "queue.Queue[str]", "subprocess.Popen[bytes]"]]:
    """A server over HTTP, and its process."""
    server = subprocess.Popen([*command, "--transport", "http", "--port", "0"], stderr=subprocess.PIPE, env=environment)
    try:
        url, logged = _told(server)
        with httpx.Client(headers=_headers(era), timeout=SECONDS) as client:
            if era == LEGACY:
                started = client.post(url, content=INITIALIZE)
                client.headers["Mcp-Session-Id"] = started.headers["Mcp-Session-Id"]
                client.post(url, content=INITIALIZED)
            yield era, partial(_posted, client, url), logged, server
    finally:
        server.terminate()
        server.wait(SECONDS)


def _told(server: "subprocess.Popen[bytes]") -> tuple[str, "queue.Queue[str]"]:
    """The URL, and what is logged once the server has introduced itself."""
    assert server.stderr
    url = ""
    for line in server.stderr:
        words = line.decode().split()
        url = next((word.rstrip(",") for word in words if word.startswith("http://")), url)
        if b"Cursors" in line:
            break
    return url, _lines_of(server.stderr)


def _headers(era: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": era,
        **({"Mcp-Method": "tools/call", "Mcp-Name": "get_archive"} if era == MODERN else {}),
    }


def _posted(client: httpx.Client, url: str, body: bytes) -> dict[str, Any]:
    text = client.post(url, content=body).text
    answer: dict[str, Any] = json.loads(
        next((line[6:] for line in text.splitlines() if line.startswith("data: {")), text)
    )
    return answer


@pytest.fixture(
    scope="module",
    params=[(door, era) for door in (stdio, http) for era in ERAS],
    ids=lambda each: f"{each[0].__name__}-{each[1]}",
)
def spoken(request: pytest.FixtureRequest, sample: Sample) -> Iterator[Spoken]:
    door, era = request.param
    with door(str(sample.folder), era) as speaking:
        yield speaking


def unreadable(era: str) -> dict[str, tuple[bytes, int, int | str | None]]:
    """Requests that cannot be read: what each is answered, and with which id."""
    return {
        "nested too deeply": (call(era, 7, DEEP), PARSE_ERROR, 7),
        "nested too deeply, the id last": (f'{{"a":{DEEP},"id":"last"}}'.encode(), PARSE_ERROR, "last"),
        "no JSON": (b"Content-Length: 12", PARSE_ERROR, None),
        "cut off": (call(era, 8, '"a"')[:-9], PARSE_ERROR, 8),
        "too large": (call(era, 9, f'"{"x" * REQUEST_BYTES}"'), INVALID_REQUEST, 9),
        "no message": (b'{"id":5}', INVALID_REQUEST, 5),
        "an id that is no whole number": (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID_REQUEST, None),
        "an id that is infinite": (b'{"jsonrpc":"2.0","id":1e400,"method":"ping"}', INVALID_REQUEST, None),
        "an id that is a list": (b'{"jsonrpc":"2.0","id":[1],"method":"ping"}', INVALID_REQUEST, None),
        "an id that is true": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', INVALID_REQUEST, None),
        "an id that is null": (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID_REQUEST, None),
        "two ids, the last a list": (b'{"jsonrpc":"2.0","id":3,"method":"ping","id":[3]}', INVALID_REQUEST, None),
        "several at once": (b"[" + call(era, 6, '"a"') + b"]", INVALID_REQUEST, None),
    }


@pytest.mark.parametrize("name", unreadable(MODERN))
def test_what_cannot_be_read_is_answered_and_logged_and_the_next_is_served(spoken: Any, name: str) -> None:
    era, speak, logged = spoken
    request, code, request_id = unreadable(era)[name]

    answer = speak(request)
    assert answer["jsonrpc"] == "2.0" and answer["error"]["code"] == code
    assert "id" in answer and answer["id"] == request_id

    line = logged.get(timeout=SECONDS)
    assert "could not be read" in line and "\n" not in line.strip()

    after = speak(call(era, 100, '"a-none"'))
    assert after["id"] == 100 and "result" in after
    assert logged.empty()


def test_half_an_emoji_in_an_argument_is_taken_as_the_replacement_character(spoken: Any) -> None:
    era, speak, _ = spoken
    answer = speak(call(era, 1, r'"\ud83dx \ud83d\ude00 \\ud83d \udE00"'))
    assert answer["id"] == 1
    said = answer["result"]["content"][0]["text"]
    assert "�x" in said or "\\ufffdx" in said, said
    assert "😀" in said and "ud83d" in said


def test_space_before_a_message_is_no_matter(spoken: Any) -> None:
    era, speak, _ = spoken
    assert speak(b" " + call(era, 2, '"a-none"'))["id"] == 2


@given(st.text(), st.lists(st.sampled_from(["\\ud83d", "\\ude00", "\\\\", "\\n", "a"]), max_size=6))
def test_a_string_is_the_same_but_for_halves_of_pairs(text: str, escapes: list[str]) -> None:
    string = json.dumps(text)[:-1] + "".join(escapes) + '"'
    meant = json.loads(string).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    got = readable(f'{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{string}}}}}'.encode())
    assert not isinstance(got, RefusedRequest)
    assert json.loads(got)["params"]["a"] == meant


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_message_or_refused(line: bytes) -> None:
    for request in (line, b'{"jsonrpc":"2.0","id":4,"method":"m",' + line):
        got = readable(request)
        if isinstance(got, RefusedRequest):
            assert json.loads(got.body)["error"]["code"] in (PARSE_ERROR, INVALID_REQUEST)
            assert json.loads(got.body)["id"] in (None, 4) or b'"id"' in line


@pytest.mark.parametrize(
    ("request_", "request_id"),
    [
        (b'{"params":{"id":5},"x":', None),
        (b'{"id":null,"method":"m"', None),
        (b'{"id":true,', None),
        (b'{"id":1.5,', None),
        (b'{"a":"\\"id\\":3","id":4,', 4),
        (b'{"params":"' + b'\\"' * 500_000 + b"\\", None),
    ],
)
def test_the_id_is_that_of_the_request_and_no_other(request_: bytes, request_id: object) -> None:
    refused = readable(request_)
    assert isinstance(refused, RefusedRequest) and refused.error.id == request_id


@pytest.mark.parametrize(
    "message",
    [
        b'{"jsonrpc":"2.0","id":0,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":"","method":"ping"}',
        b'{"jsonrpc":"2.0","id":-9007199254740991,"method":"ping"}',
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"none"}}',
    ],
)
def test_whole_numbers_strings_and_no_id_at_all_are_read(message: bytes) -> None:
    assert readable(message) == message
