"""`verify`: whether a local archive is whole."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.bulk.forms import EXPORT_MANIFEST, MANIFEST_SUFFIX
from mail_archive_server.commands import CommandError
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import number_of, shown

if TYPE_CHECKING:
    from mail_archive_server.bulk.comparing import Compared
    from mail_archive_server.local.storage.checking import Check

HELP = "check a local archive whole: the database, each message's hash, the index, its manifest"

_SHOWN = 20


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
    folder = read_value(path, "DIR", arguments.folder)
    named = None if arguments.manifest is None else read_value(path, "--manifest", arguments.manifest)
    signed_by = None if arguments.signed_by is None else read_value(path, "--signed-by", arguments.signed_by)
    stamped_by = None if arguments.stamped_by is None else read_value(path, "--stamped-by", arguments.stamped_by)
    from mail_archive_server.bulk.comparing import compare_with_archive, compare_with_files
    from mail_archive_server.bulk.manifest import ManifestError
    from mail_archive_server.local.storage.checking import Check, check
    from mail_archive_server.local.storage.database import StoreDamaged, StoreError
    from mail_archive_server.local.storage.keys import message_id_of
    from mail_archive_server.local.storage.store import Store

    manifests = [named] if named is not None else sorted(folder.glob(f"*{MANIFEST_SUFFIX}"))
    if (signed_by or stamped_by) and not manifests:
        raise CommandError(f"There is no manifest in {shown(folder)} that could be signed. Name one with --manifest.")
    signatures = [line for each in manifests for line in _signatures(each, signed_by, stamped_by)]
    compared: list[Compared] = []
    try:
        if named is None and (folder / EXPORT_MANIFEST).is_file():
            # Files that were written of an archive: there is no database.
            found = Check()
            compared = [compare_with_files(folder / EXPORT_MANIFEST)]
        else:
            with Store(folder) as store:
                found = check(store, message_id_of)
                if not found.database:
                    compared = [compare_with_archive(each, store) for each in manifests]
    except StoreDamaged as error:
        found = Check(database=[str(error.__cause__ or error)])
    except (StoreError, ManifestError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read ({error.strerror}).") from error

    if arguments.json:
        members = {
            "Whole": found.is_whole and all(each.is_same for each in compared),
            "Messages": found.messages,
            "Damaged": found.damaged,
            "IndexWhole": found.index_is_whole,
            "StrayRows": found.strays,
            "Database": found.database,
            "Manifests": [each.members() for each in compared],
            "Signatures": signatures,
        }
        print(json.dumps(members))
    else:
        looked_at = _lines(found) if found.messages or not compared else []
        for line in [*looked_at, *(line for each in compared for line in _compared_lines(each)), *signatures]:
            print(line)
    if not found.is_whole:
        raise CommandError(_next_step(found, shown(folder)))
    if not all(each.is_same for each in compared):
        raise CommandError(f"{shown(folder)} is whole, but is not what its manifest says.")


def _signatures(manifest: Path, signed_by: Path | None, stamped_by: Path | None) -> list[str]:
    """What a manifest's signatures say, those that were asked for.

    Raises:
        CommandError: one does not hold.
    """
    from mail_archive_server.bulk.signing import SigningError, verify_signature, verify_stamp

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


def _compared_lines(compared: "Compared") -> list[str]:
    lines = [
        f"Manifest {compared.manifest}: {number_of(compared.same, 'message')} as listed, {len(compared.missing):,} "
        f"missing, {len(compared.changed):,} changed, {len(compared.new):,} new."
    ]
    for word, ids in (("Missing", compared.missing), ("Changed", compared.changed), ("New", compared.new)):
        lines += [f"{word}: message {shown(each)}" for each in ids[:_SHOWN]]
        if len(ids) > _SHOWN:
            lines.append(f"{word}: {len(ids) - _SHOWN:,} more")
    return lines


def _lines(found: "Check") -> list[str]:
    lines = [f"{number_of(found.messages, 'message')} looked at, {len(found.damaged):,} damaged."]
    lines += [f"Damaged: message {shown(each)}" for each in found.damaged[:_SHOWN]]
    if len(found.damaged) > _SHOWN:
        lines.append(f"Damaged: {len(found.damaged) - _SHOWN:,} more")
    if found.strays:
        lines.append(f"{number_of(found.strays, 'row')} of no message.")
    if not found.index_is_whole:
        lines.append("The index is not that of the messages.")
    return [*lines, *(f"Database: {shown(each)}" for each in found.database)]


def _next_step(found: "Check", folder: str) -> str:
    if found.database:
        return (
            f"The database of {folder} is damaged. Restore it from a copy, or import the mail into a new folder; "
            "this one can be read as far as it goes."
        )
    return f"{folder} is not whole. Import the mail that it was made of once more: what is damaged is put in anew."
