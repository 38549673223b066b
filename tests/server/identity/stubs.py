"""Services of AWS's kind on a loopback port: what came is written down, and what is answered can be said beforehand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conftest import loopback

XML = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>'
    "<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)


@dataclass
class Asked:
    """The operations that came to a door, by name."""

    operations: list[str] = field(default_factory=list)

    def of_sts(self) -> list[str]:
        return [each for each in self.operations if not each.startswith("MailManagerSvc.")]


def recorded(app: ASGIApp, asked: Asked) -> ASGIApp:
    """The same application, whose requests are written down."""

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def listen() -> Message:
            nonlocal body
            message = await receive()
            if message["type"] == "http.request":
                body += message.get("body", b"")
                if not message.get("more_body"):
                    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
                    asked.operations.append(target or parse_qs(body.decode()).get("Action", [""])[0])
            return message

        await app(scope, listen, send)

    return noting


@contextmanager
def sts_that_says(code: str, message: str, headers: dict[str, str] | None = None) -> Iterator[str]:
    """An STS that refuses everything in these words; gives its URL."""

    async def refuse(_: Request) -> Response:
        return Response(XML.format(code=code, message=message), 403, headers, media_type="text/xml")

    with loopback(Starlette(routes=[Route("/", refuse, methods=["POST"])]), date_header=False) as url:
        yield url
