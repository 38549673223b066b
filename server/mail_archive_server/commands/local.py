"""`local`: a local archive on a port, for the AWS CLI and any other client of the API."""

import argparse
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.setting_values import address, http_url, path, port, seconds
from mail_archive_server.settings import SettingError, read_value
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from mail_archive_local.storage.store import Store

HELP = "serve a local archive's API to other AWS clients"

DEFAULT_PORT = 8025


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the local archive; a new or empty folder becomes one")
    parser.add_argument(
        "--port", default=str(DEFAULT_PORT), help=f"the loopback port; 0 takes a free one ({DEFAULT_PORT} by default)"
    )
    parser.add_argument(
        "--search-seconds", metavar="SECONDS", default="0.05", help="how long a search takes (0.05 by default)"
    )
    parser.add_argument(
        "--link-seconds", metavar="SECONDS", default="900", help="how long a download link works (900 by default)"
    )
    parser.add_argument(
        "--export-folder", metavar="DIR", help="a folder whose folders are the buckets that exports go to"
    )
    parser.add_argument(
        "--trusted-proxy",
        metavar="ADDRESS",
        help="the address of a proxy whose X-Forwarded-For says who asks (aws:SourceIp); else nobody's does",
    )
    parser.add_argument("--s3-endpoint-url", metavar="URL", help="an S3 API that exports go to instead")
    parser.add_argument(
        "--show-credentials",
        action="store_true",
        help="print an access key and its secret, as a shell takes them, and end",
    )
    parser.add_argument("--user", metavar="NAME", help="whose: a user of identity.json; the folder's owner by default")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    chosen_port = read_value(port, "--port", arguments.port)
    search_seconds = read_value(seconds, "--search-seconds", arguments.search_seconds)
    link_seconds = read_value(seconds, "--link-seconds", arguments.link_seconds)
    proxy = None if arguments.trusted_proxy is None else read_value(address, "--trusted-proxy", arguments.trusted_proxy)
    export_folder, s3_endpoint_url = _destination(arguments)
    from mail_archive_local.context import Local
    from mail_archive_local.exporting.places import exporter_to
    from mail_archive_local.operations.retention import delete_what_is_older, keep_deleting
    from mail_archive_local.storage.failures import StoreError
    from mail_archive_local.storage.opening import DATABASE
    from mail_archive_local.storage.store import Store

    try:
        is_there = False
        # Where this user may not look, the store says so.
        with suppress(PermissionError):
            is_there = (folder / DATABASE).is_file()
        store = Store(folder, create=not is_there and not arguments.show_credentials)
    except StoreError as error:
        raise CommandError(str(error)) from error
    if arguments.show_credentials:
        _show_credentials(store, arguments.user)
        return
    if arguments.user is not None:
        raise SettingError("--user is for --show-credentials.")

    import socket

    import uvicorn

    from mail_archive_local.doors.asgi import api_app
    from mail_archive_local.identity.callers import LOOPBACK

    store.warn_if_exposed()
    try:
        listening = socket.create_server((LOOPBACK, chosen_port))
    except OSError as error:
        raise CommandError(f"Port {chosen_port} cannot be listened on ({error.strerror}). Name another one.") from error

    base = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    exporter = exporter_to(export_folder, s3_endpoint_url)
    local = Local(store, lambda: base, search_seconds=search_seconds, link_seconds=link_seconds, exporter=exporter)
    delete_what_is_older(local)
    keep_deleting(local)
    local.go_on()
    app = api_app(local)
    _announce(folder, base)
    server = uvicorn.Server(config_of(app, proxy))
    server.run(sockets=[listening])
    store.close()


def config_of(app: "ASGIApp", proxy: str | None) -> "uvicorn.Config":
    """How the API is served. Anybody may send X-Forwarded-For: it counts from a proxy that the operator named alone."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
    )


def _destination(arguments: argparse.Namespace) -> tuple[Path | None, str | None]:
    """Where exports go: a folder, or an S3 API, or nowhere."""
    folder, url = arguments.export_folder, arguments.s3_endpoint_url
    if folder is not None and url is not None:
        raise SettingError("--export-folder and --s3-endpoint-url exclude each other: exports go to one of them.")
    return (
        None if folder is None else read_value(path, "--export-folder", folder),
        None if url is None else read_value(http_url, "--s3-endpoint-url", url),
    )


def _show_credentials(store: "Store", user: str | None) -> None:
    from mail_archive_local.arns import DEFAULT_REGION
    from mail_archive_local.context import Local
    from mail_archive_local.identity.identities import OWNER, IdentityError

    try:
        ring = Local(store, str).key_ring()
    except IdentityError as error:
        raise CommandError(str(error)) from error
    keys = ring.keys_of(user or OWNER)
    if keys is None:
        raise SettingError(f"--user {user} is none of the folder's users: {', '.join(ring.identities.users)}.")
    key, secret = keys
    sys.stdout.write(
        f"export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={DEFAULT_REGION}\n"
    )
    store.close()


def _announce(folder: Path, base: str) -> None:
    sys.stdout.write(
        f"The local archive in {shown(folder)} listens on {base}. Point a client at it with\n"
        f"  export AWS_ENDPOINT_URL_MAILMANAGER={base} AWS_ENDPOINT_URL_STS={base}\n"
        f'  eval "$(mail-archive-mcp local {shlex.quote(shown(folder))} --show-credentials)"\n'
        "Ctrl-C ends it.\n"
    )
    sys.stdout.flush()
