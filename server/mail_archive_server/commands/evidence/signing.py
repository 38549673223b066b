"""How the commands that write a manifest have it signed."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.setting_values import http_url, path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_local import Signing


def add_signing(parser: argparse.ArgumentParser) -> None:
    """The flags that have a manifest signed."""
    parser.add_argument("--sign-with", metavar="KEY", help="a private key in PEM to sign the manifest with")
    parser.add_argument("--time-stamp", metavar="URL", help="an authority to have the manifest stamped by (RFC 3161)")


def signing_of(arguments: argparse.Namespace) -> "Signing":
    """What these flags say. The key is read now: one that cannot be used is told before a long work, not after it.

    Raises:
        CommandError: it cannot be used.
    """
    from mail_archive_local import LocalArchiveError, Signing

    key = authority = None
    if arguments.sign_with is not None:
        key = read_value(path, "--sign-with", arguments.sign_with)
    if arguments.time_stamp is not None:
        authority = read_value(http_url, "--time-stamp", arguments.time_stamp)
    signing = Signing(key, authority)
    try:
        signing.refuse_unusable()
    except LocalArchiveError as error:
        raise CommandError(f"{error} Nothing was begun.") from error
    return signing


def sign_manifest(manifest: Path, signing: "Signing", *, has_changed: bool) -> list[Path]:
    """Sign a manifest as was asked; returns the files that were made. A signature of what it was before is taken away,
    and that is said.

    Raises:
        LocalArchiveError: it could not be done; the manifest is there.
    """
    if has_changed:
        for old in signing.remove_outdated(manifest):
            print(f"{shown(old)} no longer holds, since the manifest has changed: it was removed.", file=sys.stderr)
    return signing.sign(manifest)
