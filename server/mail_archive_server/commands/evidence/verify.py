"""`verify`: whether a local archive is whole."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from mail_archive_server.commands.evidence.findings import lines, members
from mail_archive_server.commands.evidence.interrupting import explained, heard
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_local import Verified

HELP = "check a local archive whole: the database, each record's and message's hash, the index, its manifest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the local archive, or a folder that export-local wrote")
    parser.add_argument(
        "--manifest", metavar="FILE", help="check against this manifest, instead of those that lie in DIR"
    )
    parser.add_argument("--signed-by", metavar="KEY", help="a public key or certificate (PEM) that signed the manifest")
    parser.add_argument(
        "--stamped-by", metavar="CERT", help="the root certificate (PEM) of the authority that stamped the manifest"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(arguments: argparse.Namespace) -> None:
    until_now = _UntilNow()
    with explained(until_now.sentence):
        _run(arguments, until_now)


class _UntilNow:
    """What was looked at."""

    def __init__(self) -> None:
        self._verified: Verified | None = None

    def note(self, verified: "Verified") -> None:
        """It is filled while it is looked for."""
        self._verified = verified

    def sentence(self) -> str:
        """What is to be said where Ctrl-C ends it."""
        if self._verified is None:
            return "Nothing was looked at yet, and nothing changed. The same command begins from the start."
        found = self._verified.check
        return (
            f"Nothing was changed; {number_of(found.messages, 'message')} looked at until then, "
            f"{len(found.damaged):,} damaged. The same command begins from the start."
        )


def _run(arguments: argparse.Namespace, until_now: _UntilNow) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    manifest = signed_by = stamped_by = None
    if arguments.manifest is not None:
        manifest = read_value(path, "--manifest", arguments.manifest)
    if arguments.signed_by is not None:
        signed_by = read_value(path, "--signed-by", arguments.signed_by)
    if arguments.stamped_by is not None:
        stamped_by = read_value(path, "--stamped-by", arguments.stamped_by)
    from mail_archive_local import LocalArchiveError, UnfinishedExport, verify

    try:
        with heard() as interrupts:
            verified = verify(
                folder,
                manifest=manifest,
                signed_by=signed_by,
                stamped_by=stamped_by,
                report=until_now.note,
                stopped=interrupts.stopped,
            )
    except UnfinishedExport as error:
        raise CommandError(str(error), {"Whole": False, "Unfinished": str(error.folder)}) from error
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error
    if verified.is_interrupted:
        raise KeyboardInterrupt

    if verified.not_noted:
        cannot_be_noted = "What was found cannot be noted in the archive, for its next import"
        print(f"{cannot_be_noted}: {verified.not_noted}", file=sys.stderr)
    told = members(verified)
    if not arguments.json:
        for line in lines(verified):
            print(line)

    if not verified.check.is_whole:
        raise CommandError(_next_step(verified, shown(folder)), told)
    if not verified.is_as_listed:
        raise CommandError(_difference(verified, shown(folder)), told)
    if arguments.json:
        print(json.dumps(told))


def _difference(verified: "Verified", folder: str) -> str:
    """What is not as a manifest says."""
    missing, changed, new = verified.differences
    return (
        f"{folder} is not what its manifest says: {missing:,} missing, {changed:,} changed, {new:,} new. Compare it "
        "with a copy, or restore it from one."
    )


def _next_step(verified: "Verified", folder: str) -> str:
    found = verified.check
    if found.database:
        return (
            f"The database of {folder} is damaged. Restore it from a copy, or import the mail into a new folder; "
            "searches and exports of this one are refused where they meet the damage."
        )
    if found.log:
        return (
            f"{folder} has lost what was written last. Import the mail that it was made of once more, which puts in "
            "what is missing; or restore it from a copy."
        )
    if found.rows and not found.damaged:
        return (
            f"{folder} was damaged, or changed by another program. Restore it from a copy, or import the mail into a "
            "new folder."
        )
    return f"{folder} is not whole. Import the mail that it was made of once more: what is damaged is put in anew."
