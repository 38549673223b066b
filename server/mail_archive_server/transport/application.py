"""The HTTP application: the SDK's, behind what a caller has to pass."""

from typing import Any

from mcp.server import MCPServer
from starlette.types import ASGIApp

from mail_archive_server.settings import Settings
from mail_archive_server.transport.bodies import with_readable_bodies
from mail_archive_server.transport.listening import callers_of
from mail_archive_server.transport.sessions import IDLE_SECONDS, SESSIONS_OF_A_CALLER, with_few_sessions
from mail_archive_server.transport.tokens import with_health, with_token

PATH = "/mcp"


def application(
    server: MCPServer[Any],
    settings: Settings,
    token: str | None,
    most_sessions: int = SESSIONS_OF_A_CALLER,
    idle_seconds: float = IDLE_SECONDS,
) -> ASGIApp:
    """What answers at `PATH` and `/health`, for those who have the token or one of the issuer's."""
    callers = callers_of(settings)
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        host=settings.host,
        transport_security=callers,
        session_idle_timeout=idle_seconds,
    )
    app = with_few_sessions(with_readable_bodies(app, callers), most_sessions, idle_seconds)
    if settings.issuer is not None:
        # Imported here: only those who have an issuer need what reads its tokens.
        from mail_archive_server.transport.issuer import with_issuer

        app = with_issuer(app, settings)
    elif token is not None:
        app = with_token(app, token)
    return with_health(app)
