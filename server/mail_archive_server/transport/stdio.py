"""Requests from stdin, a line each: what cannot be read is answered, and the end of stdin ends the process."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO, cast

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from mail_archive_server.transport.requests import REQUEST_BYTES, RefusedRequest, readable, too_large
from mail_archive_tools import system

_TAIL_BYTES = 300
_PIECE_BYTES = 65_536


class Requests:
    """The lines that the SDK reads, as a file of anyio's has them: those alone that it can read."""

    def __init__(self, stdin: BinaryIO, at_end: Callable[[], None]) -> None:
        """`at_end` is called, in a thread, once the client has closed stdin."""
        self._stdin = stdin
        self._at_end = at_end

    def __aiter__(self) -> "Requests":
        return self

    async def __anext__(self) -> str:
        while True:
            request = await to_thread.run_sync(self._next)
            if request is None:
                raise StopAsyncIteration
            if isinstance(request, bytes):
                return request.decode()
            await self._answers.send(SessionMessage(request.error))

    def answer_to(self, answers: MemoryObjectSendStream[SessionMessage]) -> None:
        """Where refusals go."""
        self._answers = answers

    def _next(self) -> bytes | RefusedRequest | None:
        """The next request; None at the end. Blocks."""
        while True:
            line = self._stdin.readline(REQUEST_BYTES + 2)
            if not line:
                self._at_end()
                return None
            if len(line) > REQUEST_BYTES + 1 and not line.endswith(b"\n"):
                return too_large(line[:_PIECE_BYTES] + self._rest())

            stripped = line.strip()
            # An empty line is between messages.
            if stripped:
                return readable(stripped)

    def _rest(self) -> bytes:
        """Read the rest of a line, of which only the last bytes are kept."""
        tail = b""
        while True:
            piece = self._stdin.readline(_PIECE_BYTES)
            tail = (tail + piece)[-_TAIL_BYTES:]
            is_last = not piece or piece.endswith(b"\n")
            if is_last:
                return tail


async def serve_stdio(server: MCPServer[object], at_end: Callable[[], None]) -> None:
    """Serve until stdin is closed."""
    requests = Requests(_own_stdin(), at_end)
    lines = cast("anyio.AsyncFile[str]", requests)
    async with stdio_server(stdin=lines) as (reading, writing):
        requests.answer_to(cast("MemoryObjectSendStream[SessionMessage]", writing))
        lowlevel = server._lowlevel_server
        await lowlevel.run(reading, writing, lowlevel.create_initialization_options())


def _own_stdin() -> BinaryIO:
    """The stream that the client writes to. What else reads stdin, this process's children too, finds it at its end,
    as the SDK has it."""
    buffer = sys.stdin.buffer
    if system.IS_WINDOWS or buffer.fileno() != 0:
        return buffer

    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Never closed: the thread that reads it may outlive the loop.
    return os.fdopen(own, "rb", closefd=False)
