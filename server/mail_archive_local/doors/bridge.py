"""The in-process door: a boto3 client whose requests go to the local archive instead of the network."""

import threading
from typing import Any

from mail_archive_local.context import Local
from mail_archive_local.doors.answering import answer
from mail_archive_local.doors.asgi import links_app
from mail_archive_local.identity import LOOPBACK
from mail_archive_local.wire.in_process import answer_in_process


def attach(client: Any, local: Local) -> None:
    """Let every request of this boto3 client, of Mail Manager or STS, be answered by `local`."""
    answer_in_process(client, lambda request: answer(local, request))


class LinkListener:
    """A loopback listener for download links, opened when the first link is handed out."""

    def __init__(self) -> None:
        self._local: Local | None = None
        self._lock = threading.Lock()
        self._base: str | None = None

    def serves(self, local: Local) -> None:
        """Say whose links it serves, before the first one is handed out."""
        self._local = local

    def base(self) -> str:
        """The URL that links begin with; the listener runs when this returns."""
        with self._lock:
            if self._base is None:
                assert self._local is not None
                self._base = self._start(self._local)
            return self._base

    def _start(self, local: Local) -> str:
        # Imported here: most processes never hand out a link.
        import socket

        import uvicorn

        listening = socket.create_server((LOOPBACK, 0))
        app = links_app(local)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", proxy_headers=False)
        serve = uvicorn.Server(config).run
        thread = threading.Thread(target=serve, kwargs={"sockets": [listening]}, name="download-links", daemon=True)
        thread.start()
        # The socket queues connections from now on, so nobody comes too early.
        return f"http://{LOOPBACK}:{listening.getsockname()[1]}"
