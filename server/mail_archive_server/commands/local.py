"""`local`: a local archive on a port, for the AWS CLI and any other client of the API."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.setting_values import address, http_url, path, port, seconds
from mail_archive_server.settings import SettingError, read_value
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_local import ArchiveFolder

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
    proxy = None
    if arguments.trusted_proxy is not None:
        proxy = read_value(address, "--trusted-proxy", arguments.trusted_proxy)
    export_folder, s3_endpoint_url = _destination(arguments)

    from mail_archive_local import ArchiveFolder, LocalArchiveError

    try:
        is_made = not ArchiveFolder.is_there(folder) and not arguments.show_credentials
        with ArchiveFolder(folder, create=is_made) as opened:
            if arguments.show_credentials:
                _show_credentials(opened, arguments.user)
                return
            if arguments.user is not None:
                raise SettingError("--user is for --show-credentials.")

            served = opened.on_port(
                chosen_port,
                search_seconds=search_seconds,
                link_seconds=link_seconds,
                export_folder=export_folder,
                s3_endpoint_url=s3_endpoint_url,
                trusted_proxy=proxy,
            )
            _announce(folder, served.url)
            served.run()
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error


def _destination(arguments: argparse.Namespace) -> tuple[Path | None, str | None]:
    """Where exports go: a folder, or an S3 API, or nowhere."""
    folder, url = arguments.export_folder, arguments.s3_endpoint_url
    if folder is not None and url is not None:
        raise SettingError("--export-folder and --s3-endpoint-url exclude each other: exports go to one of them.")
    if folder is not None:
        return read_value(path, "--export-folder", folder), None
    if url is not None:
        return None, read_value(http_url, "--s3-endpoint-url", url)
    return None, None


def _show_credentials(folder: "ArchiveFolder", user: str | None) -> None:
    from mail_archive_local import DEFAULT_REGION

    keys = folder.keys_of(user)
    if keys is None:
        raise SettingError(f"--user {user} is none of the folder's users: {', '.join(folder.users())}.")
    key, secret = keys
    sys.stdout.write(
        f"export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={DEFAULT_REGION}\n"
    )


def _announce(folder: Path, base: str) -> None:
    sys.stdout.write(
        f"The local archive in {shown(folder)} listens on {base}. Point a client at it with\n"
        f"  export AWS_ENDPOINT_URL_MAILMANAGER={base} AWS_ENDPOINT_URL_STS={base}\n"
        f'  eval "$(mail-archive-mcp local {shlex.quote(shown(folder))} --show-credentials)"\n'
        "Ctrl-C ends it.\n"
    )
    sys.stdout.flush()
