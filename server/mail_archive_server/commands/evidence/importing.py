"""`import`: mail into a local archive. Calling it again is safe, and goes on where it was stopped."""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_local.evidence.forms import MANIFEST_SUFFIX
from mail_archive_server.commands.evidence.archive_names import archive_name, choose_archive, usable_name
from mail_archive_server.commands.evidence.aws_flags import add_aws_flags, aws_settings, query_of
from mail_archive_server.commands.evidence.interrupting import explained, heard, interrupted
from mail_archive_server.commands.evidence.mail_sources import Sources, name_skipped, sources_of
from mail_archive_server.commands.evidence.progress import Reporter
from mail_archive_server.commands.evidence.signing import add_signing, sign_manifest, signing_of
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_local.importing.tally import ImportTally
    from mail_archive_local.storage.putting import ArchiveRecord
    from mail_archive_local.storage.store import Store

HELP = "put mail into a local archive: .eml files, folders of them, mbox, Maildir, exports in a folder or in S3"

PARALLEL_BYTES = 10_000_000
"""From so much mail on, other processes help: they take a moment to start."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the local archive; a new or empty folder becomes one")
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", help="files and folders with mail; s3://bucket/prefix with an export"
    )
    parser.add_argument(
        "--archive", metavar="NAME", help="the archive in it, made when there is none of that name (named after DIR)"
    )
    parser.add_argument(
        "--export",
        action="store_true",
        help="the folders hold exports, also where that cannot be seen: JSON beside messages, gzip and zip are read",
    )
    parser.add_argument(
        "--query-of", metavar="EXPORTID", help="have AWS say what that export was asked, for the manifest"
    )
    add_signing(parser)
    add_aws_flags(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    done = _Done(shown(folder))
    with explained(done.kept):
        _run(arguments, folder, done)


def _run(arguments: argparse.Namespace, folder: Path, done: "_Done") -> None:
    signing = signing_of(arguments)
    from mail_archive_local.api_errors import ApiError
    from mail_archive_local.context import Local
    from mail_archive_local.storage.failures import StoreError
    from mail_archive_local.storage.store import Store

    name = usable_name(arguments.archive or archive_name(folder))
    settings = aws_settings(arguments)
    sources = sources_of(arguments, settings)
    query = query_of(arguments.query_of, settings)
    try:
        with Store(folder, create=True) as store:
            if exposed := store.exposed():
                store.keep_from_others()
                print(f"{shown(exposed[0])} could be read by others; now only its owner can.", file=sys.stderr)
            archive = choose_archive(Local(store, str), name, named=arguments.archive is not None)
            _hash_the_rest(store)
            tally = _read(sources, store, archive, done)
            if tally.is_interrupted:
                raise interrupted(done.kept())
            manifest = folder / f"{archive.archive_id}{MANIFEST_SUFFIX}"
            if sources.exports or manifest.exists() or any(signing):
                has_changed = _list_all(manifest, store, archive, arguments.sources, query, tally)
                sign_manifest(manifest, signing, has_changed=has_changed)
    except (StoreError, ApiError) as error:
        raise CommandError(str(error)) from error

    name_skipped(tally.skipped, tally.skips)
    told = _members(tally, archive)
    if not arguments.json:
        _summarize(tally, archive)
    if tally.cut_short:
        raise CommandError(" ".join(tally.cut_short), told)
    if sources.exports and not tally.seen and not tally.known_objects:
        raise CommandError("There is no mail in this export. Check the place, and what it says was skipped.", told)
    if arguments.json:
        print(json.dumps(told))


class _Done:
    """What an import has done until now."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.tally: ImportTally | None = None

    def kept(self) -> str:
        """What of it is kept, and how to go on."""
        added = 0 if self.tally is None else self.tally.added
        if not added:
            return f"Nothing was added to {self._folder}. The same command goes on."
        verb = "was" if added == 1 else "were"
        kept = f"{number_of(added, 'message')} {verb} added to {self._folder}, and kept"
        return f"{kept}. The same command goes on."


def _hash_the_rest(store: "Store") -> None:
    """Give the messages of an archive of a version before the hashes that they do not have."""
    from mail_archive_local.storage.putting import Unhashed
    from mail_archive_local.storage.row_keys import message_id_of

    def is_whole(message: Unhashed) -> bool:
        kept = message.kept
        if message.sha256 is not None:
            return hashlib.sha256(kept.raw).digest() == message.sha256
        return message_id_of(kept.raw, str(kept.archive_id)) == kept.archived_message_id

    count = store.hash_the_rest(is_whole)
    if count:
        print(f"{number_of(count, 'message')} of a version before got a hash of their records.", file=sys.stderr)


def _read(sources: Sources, store: "Store", archive: "ArchiveRecord", done: _Done) -> "ImportTally":
    """Bring all of the sources into the archive, until Ctrl-C is pressed."""
    from mail_archive_local.importing.importer import import_export, import_mail
    from mail_archive_local.importing.tally import ImportTally

    tally = done.tally = ImportTally()
    is_long = not sources.total or sources.total >= PARALLEL_BYTES
    workers = (os.cpu_count() or 1) if is_long else 0
    with heard() as interrupts, Reporter(sources.total) as show:
        if sources.mail:
            import_mail(store, archive, sources.mail, show, workers, interrupts.stopped, tally)
        for each in sources.exports:
            if interrupts.asked:
                tally.is_interrupted = True
                break
            import_export(store, archive, each, show, workers, interrupts.stopped, tally)
    return tally


def _list_all(
    manifest: Path,
    store: "Store",
    archive: "ArchiveRecord",
    sources: list[str],
    query: dict[str, Any],
    tally: "ImportTally",
) -> bool:
    """Write the manifest of all that is in the archive now; whether it says something else than before.

    Raises:
        CommandError: there is something else in its place.
    """
    from mail_archive_local.evidence.listing import list_archive
    from mail_archive_local.evidence.manifest import About, ManifestError

    errors = [{"Origin": each.origin, "Reason": each.reason} for each in tally.skipped]
    # Whoever has the manifest alone is to see that there was more.
    errors += [{"Reason": each} for each in tally.cut_short]
    about = About(archive.archive_id, archive.name, sources, query, errors, tally.skips + len(tally.cut_short))
    try:
        return list_archive(manifest, store, archive, about).has_changed
    except ManifestError as error:
        raise CommandError(f"{error} Move it away, and import once more.") from error


def _members(tally: "ImportTally", archive: "ArchiveRecord") -> dict[str, Any]:
    """What was done, as JSON has it."""
    return {
        "ArchiveId": archive.archive_id,
        "ArchiveName": archive.name,
        "Added": tally.added,
        "AlreadyThere": tally.already_there,
        "Skipped": tally.skips,
        "KnownObjects": tally.known_objects,
    }


def _summarize(tally: "ImportTally", archive: "ArchiveRecord") -> None:
    there = "was there already" if tally.already_there == 1 else "were there already"
    print(
        f"Archive {archive.name} ({archive.archive_id}): {number_of(tally.added, 'message')} added, "
        f"{tally.already_there:,} {there}, {tally.skips:,} skipped."
    )
    if tally.known_objects:
        print(f"{number_of(tally.known_objects, 'object')} had been read before, and not changed since.")
