"""A local archive served on a port of this machine, for the AWS CLI and any other client of the API."""

import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from mail_archive_local.context import LINK_SECONDS, SEARCH_SECONDS, Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.exporting.places import exporter_to
from mail_archive_local.identity import LOOPBACK
from mail_archive_local.operations.retention import delete_what_is_older, keep_deleting
from mail_archive_local.storage.store import Store


class OnPort:
    """An open folder that listens on a port: from now on connections wait, and `run` answers them. `url` is where Mail
    Manager and STS are."""

    def __init__(
        self,
        store: Store,
        port: int,
        *,
        search_seconds: float = SEARCH_SECONDS,
        link_seconds: float = LINK_SECONDS,
        export_folder: Path | None = None,
        s3_endpoint_url: str | None = None,
        trusted_proxy: str | None = None,
    ) -> None:
        """Mail that is older than its archive keeps it is deleted, now and while it is served, and exports that have
        not ended go on.

        Raises:
            LocalArchiveError: the port cannot be listened on.
        """
        store.warn_if_exposed()
        try:
            self._listening = socket.create_server((LOOPBACK, port))
        except OSError as error:
            raise LocalArchiveError(
                f"Port {port} cannot be listened on ({error.strerror}). Name another one."
            ) from error

        self.url = f"http://{LOOPBACK}:{self._listening.getsockname()[1]}"
        local = Local(
            store,
            lambda: self.url,
            search_seconds=search_seconds,
            link_seconds=link_seconds,
            exporter=exporter_to(export_folder, s3_endpoint_url),
        )
        delete_what_is_older(local)
        self._retention_ends = keep_deleting(local)
        local.go_on()
        self._server = uvicorn.Server(config_of(api_app(local), trusted_proxy))

    def run(self) -> None:
        """Serve until Ctrl-C."""
        try:
            self._server.run(sockets=[self._listening])
        finally:
            self.close()

    def close(self) -> None:
        """Listen no more."""
        self._retention_ends.set()
        self._listening.close()


def config_of(app: ASGIApp, trusted_proxy: str | None) -> uvicorn.Config:
    """How the API is served. Anybody may send X-Forwarded-For: it counts from a proxy that the operator named alone."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=trusted_proxy is not None,
        forwarded_allow_ips=trusted_proxy,
    )
