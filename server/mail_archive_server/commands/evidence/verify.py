"""`verify`: whether a local archive is whole."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_local.evidence.forms import EXPORT_MANIFEST, MANIFEST_SUFFIX
from mail_archive_server.commands.evidence.findings import (
    compared_lines,
    is_of_files,
    lines,
    members,
    unchecked,
)
from mail_archive_server.commands.evidence.interrupting import explained, heard
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_local.evidence.comparing import Compared
    from mail_archive_local.storage.integrity.checking import Check

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

    found: "Check | None" = None

    def sentence(self) -> str:
        """What is to be said where Ctrl-C ends it."""
        if self.found is None:
            return "Nothing was looked at yet, and nothing changed. The same command begins from the start."
        looked_at = f"{number_of(self.found.messages, 'message')} looked at until then"
        return (
            f"Nothing was changed; {looked_at}, {len(self.found.damaged):,} damaged. The same command begins from the "
            "start."
        )


def _run(arguments: argparse.Namespace, until_now: _UntilNow) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    named = None if arguments.manifest is None else read_value(path, "--manifest", arguments.manifest)
    signed_by = None if arguments.signed_by is None else read_value(path, "--signed-by", arguments.signed_by)
    stamped_by = None if arguments.stamped_by is None else read_value(path, "--stamped-by", arguments.stamped_by)
    from mail_archive_local.evidence.manifest import ManifestError
    from mail_archive_local.storage.failures import StoreError
    from mail_archive_local.storage.integrity.checking import Check

    _refuse_unreadable(folder, named)
    _refuse_unfinished(folder)
    manifests = [named] if named is not None else sorted(folder.glob(f"*{MANIFEST_SUFFIX}"))
    if (signed_by or stamped_by) and not manifests:
        raise CommandError(f"There is no manifest in {shown(folder)} that could be signed. Name one with --manifest.")
    signatures = [line for each in manifests for line in _signatures(each, signed_by, stamped_by)]
    found = until_now.found = Check()
    try:
        compared = _compare(folder, named, manifests, found)
    except (StoreError, ManifestError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read ({error.strerror}).") from error

    not_compared = [] if compared else [_named(each) for each in manifests]
    not_checked = unchecked(found, not_compared)
    told = members(found, compared, not_checked, signatures)
    if not arguments.json:
        looked_at = [] if is_of_files(compared) else lines(found, not_checked)
        for line in [*looked_at, *(line for each in compared for line in compared_lines(each)), *signatures]:
            print(line)
    if not found.is_whole:
        raise CommandError(_next_step(found, shown(folder)), told)
    if not all(each.is_same for each in compared):
        raise CommandError(_difference(compared, shown(folder)), told)
    if arguments.json:
        print(json.dumps(told))


def _named(manifest: Path) -> str:
    """A manifest that was not compared, and how much it lists."""
    from mail_archive_local.evidence.manifest import ManifestError, read_head

    try:
        count = int(read_head(manifest).get("Messages", 0))
    except (OSError, ManifestError, ValueError):
        return f"manifest {manifest.name}"
    return f"manifest {manifest.name}, which lists {number_of(count, 'message')}"


def _refuse_unreadable(folder: Path, manifest: Path | None) -> None:
    """
    Raises:
        CommandError: this user may not look at it.
    """
    from mail_archive_local.storage.given.access import why_unreadable
    from mail_archive_local.storage.opening import DATABASE

    if refusal := why_unreadable(folder, folder / DATABASE):
        raise CommandError(refusal)
    if manifest is None:
        return
    try:
        manifest.open("rb").close()
    except OSError as error:
        raise CommandError(f"{shown(manifest)} cannot be read ({error.strerror}).") from error


def _refuse_unfinished(folder: Path) -> None:
    """
    Raises:
        CommandError: it is an export that was not written to its end.
    """
    from mail_archive_local.evidence.unfinished import beside, is_unfinished

    # What lies beside a folder says nothing of one that is there.
    is_there = folder.is_dir() and any(folder.iterdir())
    begun = folder if is_there else beside(folder)
    if not is_unfinished(begun):
        return
    raise CommandError(
        f"{shown(begun)} is an unfinished export: it was broken off. The same `export-local` goes on with it, with "
        "--anew it begins anew.",
        {"Whole": False, "Unfinished": str(begun)},
    )


def _compare(folder: Path, named: Path | None, manifests: list[Path], found: "Check") -> "list[Compared]":
    """Look at what there is; writes into `found`, and returns what its manifests say."""
    from mail_archive_local.evidence.comparing import compare_with_archive, compare_with_files
    from mail_archive_local.importing.rereading import differs
    from mail_archive_local.storage.failures import StoreDamaged
    from mail_archive_local.storage.integrity.checking import Reader, Stopped, check
    from mail_archive_local.storage.row_keys import message_id_of
    from mail_archive_local.storage.store import Store

    if named is None and (folder / EXPORT_MANIFEST).is_file():
        # Files that were written of an archive: there is no database.
        return [compare_with_files(folder / EXPORT_MANIFEST)]
    try:
        with Store(folder, looking=True) as store:
            try:
                with heard() as interrupts:
                    check(store, Reader(message_id_of, differs, interrupts.stopped), found)
            except Stopped:
                raise KeyboardInterrupt from None
            compared = [] if found.database else [compare_with_archive(each, store) for each in manifests]
    except StoreDamaged as error:
        found.database.append(str(error.__cause__ or error))
        found.cut_short = True
        return []
    _note(folder, found)
    return compared


def _note(folder: Path, found: "Check") -> None:
    """Note what is damaged in the archive, for its next import; where it cannot be written, that is said."""
    from mail_archive_local.storage.failures import StoreError
    from mail_archive_local.storage.integrity.checking import note
    from mail_archive_local.storage.store import Store

    if found.log or found.database or not _is_news(folder, found):
        return
    try:
        with Store(folder) as store:
            note(store, found)
    except StoreError as error:
        print(f"What was found cannot be noted in the archive, for its next import: {error}", file=sys.stderr)


def _is_news(folder: Path, found: "Check") -> bool:
    """Whether something else is noted in the archive than was found."""
    from mail_archive_local.storage.store import Store

    with Store(folder, looking=True) as store:
        return not store.has_noted(found.damaged, index_is_whole=found.index_is_whole)


def _signatures(manifest: Path, signed_by: Path | None, stamped_by: Path | None) -> list[str]:
    """What a manifest's signatures say, those that were asked for.

    Raises:
        CommandError: one does not hold.
    """
    from mail_archive_local.evidence.signing import SigningError, verify_signature, verify_stamp

    said = []
    try:
        if signed_by is not None:
            verify_signature(manifest, signed_by)
            said.append(f"{manifest.name} was signed by {shown(signed_by)}, and has not changed since.")
        if stamped_by is not None:
            said.append(f"{manifest.name} was as it is at {verify_stamp(manifest, stamped_by)}.")
    except SigningError as error:
        raise CommandError(str(error)) from error
    return said


def _difference(compared: "list[Compared]", folder: str) -> str:
    """What is not as a manifest says."""
    missing, changed, new = (sum(counts) for counts in zip(*(each.counts for each in compared), strict=True))
    return (
        f"{folder} is not what its manifest says: {missing:,} missing, {changed:,} changed, {new:,} new. Compare it "
        "with a copy, or restore it from one."
    )


def _next_step(found: "Check", folder: str) -> str:
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
