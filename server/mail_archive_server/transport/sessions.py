"""Sessions of Streamable HTTP: each caller may have so many open, so that one leaves room for the others."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mail_archive_server.hosting.callers import caller
from mail_archive_server.terminal import number_of

IDLE_SECONDS = 900.0
"""A session without a request for so long is ended."""

SESSIONS_OF_A_CALLER = 100
"""How many one caller may have open. Where callers are not told apart, all are one."""

_SESSION = "mcp-session-id"
_GONE = 404
_NEXT = "end one (DELETE), or wait until one is idle."


@dataclass
class _McpSession:
    whose: str
    used: float
    under_way: int = 0


class Sessions:
    """Those that are open, by what is answered: the SDK opens and ends them."""

    def __init__(self, most: int, idle_seconds: float, clock: Callable[[], float]) -> None:
        self._most, self._idle_seconds, self._clock = most, idle_seconds, clock
        self._open: dict[str, _McpSession] = {}
        self._opening: Counter[str] = Counter()

    def may_open(self, whose: str) -> bool:
        """Whether a caller may open one more."""
        old = self._clock() - self._idle_seconds
        for name, each in tuple(self._open.items()):
            if not each.under_way and each.used <= old:
                del self._open[name]

        held = sum(each.whose == whose for each in self._open.values())
        return held + self._opening[whose] < self._most

    def begin(self, name: str | None, whose: str) -> None:
        """A request begins, of a session or of none."""
        if name is None:
            self._opening[whose] += 1
        elif name in self._open:
            self._open[name].under_way += 1

    def answered(self, asked: str | None, whose: str, status: int, given: str | None, is_delete: bool) -> None:
        """It is answered: what it opened is open now, what it ended is gone."""
        if asked is None:
            if given is not None:
                self._open[given] = _McpSession(whose, self._clock(), under_way=1)
            return

        session = self._open.get(asked)
        # Nobody ends the session of another.
        is_own = session is not None and session.whose == whose
        if is_own and (is_delete or status == _GONE):
            del self._open[asked]

    def end(self, asked: str | None, given: str | None, whose: str) -> None:
        """All of its answer went out."""
        if asked is None:
            self._opening[whose] -= 1
        session = self._open.get(asked or given or "")
        if session is not None:
            session.under_way -= 1
            session.used = self._clock()


def with_few_sessions(
    app: ASGIApp,
    most: int = SESSIONS_OF_A_CALLER,
    idle_seconds: float = IDLE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """The application, which opens no more than `most` sessions for one caller."""
    sessions = Sessions(most, idle_seconds, clock)

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)

        asked, whose = Headers(scope=scope).get(_SESSION), caller()
        if asked is None and not sessions.may_open(whose):
            refusal = JSONResponse(
                {"error": f"This caller has {number_of(most, 'session')} open, and may have no more: {_NEXT}"},
                429,
                {"Retry-After": str(int(idle_seconds))},
            )
            return await refusal(scope, receive, send)

        given: str | None = None

        async def answer(message: Message) -> None:
            nonlocal given
            if message["type"] == "http.response.start":
                given = Headers(raw=message["headers"]).get(_SESSION)
                sessions.answered(asked, whose, message["status"], given, scope["method"] == "DELETE")
            await send(message)

        sessions.begin(asked, whose)
        try:
            await app(scope, receive, answer)
        finally:
            sessions.end(asked, given, whose)

    return counted
