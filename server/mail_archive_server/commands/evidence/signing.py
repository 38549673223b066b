"""How the commands that write a manifest have it signed."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from mail_archive_server.setting_values import http_url, path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, shown


class Signing(NamedTuple):
    """A private key to sign with, and an authority to have it stamped by; None: not."""

    key: Path | None
    authority: str | None


def add_signing(parser: argparse.ArgumentParser) -> None:
    """The flags that have a manifest signed."""
    parser.add_argument("--sign-with", metavar="KEY", help="a private key in PEM to sign the manifest with")
    parser.add_argument("--time-stamp", metavar="URL", help="an authority to have the manifest stamped by (RFC 3161)")


def signing_of(arguments: argparse.Namespace) -> Signing:
    """What these flags say."""
    key, authority = arguments.sign_with, arguments.time_stamp
    return Signing(
        None if key is None else read_value(path, "--sign-with", key),
        None if authority is None else read_value(http_url, "--time-stamp", authority),
    )


def sign_manifest(manifest: Path, signing: Signing, *, has_changed: bool) -> list[Path]:
    """Sign a manifest, and have it stamped, as was asked; returns the files that were made. A signature of what it was
    before is taken away, and that is said.

    Raises:
        CommandError: it could not be done; the manifest is there.
    """
    from mail_archive_local.evidence.signing import SIGNATURE, TIME_STAMP, SigningError, sign, stamp

    for suffix, is_made_anew in ((SIGNATURE, signing.key), (TIME_STAMP, signing.authority)):
        old = manifest.with_name(manifest.name + suffix)
        if has_changed and old.exists():
            old.unlink()
            if not is_made_anew:
                print(f"{shown(old)} no longer holds, since the manifest has changed: it was removed.", file=sys.stderr)

    made = []
    try:
        if signing.key is not None:
            made.append(sign(manifest, signing.key))
        if signing.authority is not None:
            made.append(stamp(manifest, signing.authority))
    except SigningError as error:
        raise CommandError(f"{error} The manifest at {manifest} is there, without it.") from error
    return made
