"""What stands around every request: strictness that the SDK leaves out; what calls need, loaded when nobody waits."""

import threading
from collections.abc import Set
from contextlib import suppress
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from mail_archive_server.hosting.calls import Accessor

WARM_UP_SECONDS = 0.05
"""How long after the first list of tools the loading begins, so that the answer is out before."""

REQUEST_SECONDS = 45.0
"""How long a request may take: hosts cut at 60 s."""
LONGEST_SECONDS = 60.0

_SAID_CHARACTERS = 100
_LISTS = {"tools/list", "prompts/list", "resources/list", "resources/templates/list"}

Request = ServerRequestContext[Any, Any]


def refuse_unknown_tools(names: Set[str]) -> ServerMiddleware[Any]:
    """A call of a tool that is not there is a protocol error (-32602); the SDK answers it as a failed call."""

    async def middleware(ctx: Request, call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/call" and ctx.params is not None:
            name = ctx.params.get("name")
            if name not in names:
                raise MCPError(INVALID_PARAMS, f"Unknown tool: {str(name)[:80]}")
        return await call_next(ctx)

    return middleware


async def refuse_bogus_cursors(ctx: Request, call_next: CallNext) -> HandlerResult:
    """Our lists have one page, so no cursor is ours; the SDK ignores it and answers the first page again."""
    has_cursor = ctx.params is not None and ctx.params.get("cursor") is not None
    if has_cursor and ctx.method in _LISTS:
        raise MCPError(INVALID_PARAMS, "Unknown cursor: this list has one page.")
    return await call_next(ctx)


async def refuse_wrong_prompts(ctx: Request, call_next: CallNext) -> HandlerResult:
    """A prompt that is not there, or lacks what it needs, is a fault of the client's (-32602): the SDK lets its own
    ValueError out, which a client of 2026 hears of as a failure of the server, and the log as a stack trace."""
    try:
        return await call_next(ctx)
    except ValueError as error:
        if ctx.method != "prompts/get":
            raise
        raise MCPError(INVALID_PARAMS, str(error)[:_SAID_CHARACTERS]) from None


def within(seconds: float) -> ServerMiddleware[Any]:
    """Whatever a request asks of the service ends in that time, or in `wait_seconds` where that is longer."""

    async def middleware(ctx: Request, call_next: CallNext) -> HandlerResult:
        # Imported here: a server that only lists its tools needs none of it.
        from mail_archive_tools.calls.patience import Patience

        most = max(seconds, _wait_seconds(ctx))
        with Patience(most):
            return await call_next(ctx)

    return middleware


def _wait_seconds(ctx: Request) -> float:
    """What a call says of how long it may take; its tool checks it."""
    arguments = (ctx.params or {}).get("arguments")
    if not isinstance(arguments, dict):
        return 0.0
    asked = arguments.get("wait_seconds")
    # To Python, True is a number.
    if isinstance(asked, bool) or not isinstance(asked, int | float):
        return 0.0
    return min(asked, LONGEST_SECONDS)


def warm_up_after_listing(access: Accessor) -> ServerMiddleware[Any]:
    """Once the tools have been listed, they and boto3 are loaded on a thread: most clients list, then think."""
    pending = [access]

    def warm_up() -> None:
        # Imported here, which is the point of it.
        import mail_archive_tools.catalog  # noqa: F401
        from mail_archive_local import LocalArchiveError

        # Who calls hears what is wrong with the folder, if it still is.
        with suppress(LocalArchiveError, OSError):
            access().client.warm_up()

    async def middleware(ctx: Request, call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method == "tools/list" and pending:
            pending.clear()
            thread = threading.Timer(WARM_UP_SECONDS, warm_up)
            thread.daemon = True
            thread.start()
        return result

    return middleware
