"""`import`: mail into a local archive. Calling it again is safe, and goes on where it was stopped."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_server.commands.evidence.aws_flags import add_aws_flags, aws_settings, query_of
from mail_archive_server.commands.evidence.interrupting import explained, heard, interrupted
from mail_archive_server.commands.evidence.mail_sources import name_skipped, sources_of
from mail_archive_server.commands.evidence.progress import Reporter
from mail_archive_server.commands.evidence.signing import add_signing, sign_manifest, signing_of
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_local import ArchiveFolder, ArchiveRecord, ImportTally, MailSources

HELP = "put mail into a local archive: .eml files, folders of them, mbox, Maildir, exports in a folder or in S3"


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
    parser.add_argument("--no-index", action="store_true", help="make no index of what the mail says")
    add_signing(parser)
    add_aws_flags(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    done = _Done(shown(folder))
    with explained(done.kept):
        _run(arguments, folder, done)


def _run(arguments: argparse.Namespace, folder: Path, done: "_Done") -> None:
    # Whatever is wrong with the flags is said before anything is loaded or made.
    signing = signing_of(arguments)
    from mail_archive_local import ArchiveFolder, LocalArchiveError

    try:
        name = ArchiveFolder.name_to_fill(folder, arguments.archive)
        settings = aws_settings(arguments)
        sources = sources_of(arguments, settings)
        query = query_of(arguments.query_of, settings)

        with ArchiveFolder(folder, create=True) as opened:
            _keep_from_others(opened)
            archive = opened.archive_to_fill(name, is_chosen=arguments.archive is not None)
            _hash_the_rest(opened)
            tally = _read(opened, archive, sources, done)
            if tally.is_interrupted:
                raise interrupted(done.kept())

            # Mail that somebody collects for himself needs no manifest; once there is one, it is kept up to date.
            manifest = opened.manifest_of(archive)
            if sources.exports or manifest.exists() or any(signing):
                has_changed = opened.list_import(archive, tally, arguments.sources, query)
                sign_manifest(manifest, signing, has_changed=has_changed)
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error

    name_skipped(tally)
    told = _members(tally, archive)
    if not arguments.json:
        _summarize(tally, archive)
    if not arguments.no_index:
        told["Indexed"] = _index(folder, archive, quiet=arguments.json)
    if tally.cut_short:
        raise CommandError(" ".join(tally.cut_short), told)
    # Of other sources that was found before anything was made.
    if sources.exports and not tally.seen and not tally.known_objects:
        raise CommandError("There is no mail in this export. Check the place, and what it says was skipped.", told)
    if arguments.json:
        print(json.dumps(told))


class _Done:
    """What an import has done until now."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._tally: ImportTally | None = None

    def note(self, tally: "ImportTally") -> None:
        self._tally = tally

    def kept(self) -> str:
        """What of it is kept, and how to go on."""
        added = 0
        if self._tally is not None:
            added = self._tally.added
        if not added:
            return f"Nothing was added to {self._folder}. The same command goes on."

        verb = "was" if added == 1 else "were"
        kept = f"{number_of(added, 'message')} {verb} added to {self._folder}, and kept"
        return f"{kept}. The same command goes on."


def _keep_from_others(folder: "ArchiveFolder") -> None:
    exposed = folder.keep_from_others()
    if exposed:
        print(f"{shown(exposed[0])} could be read by others; now only its owner can.", file=sys.stderr)


def _hash_the_rest(folder: "ArchiveFolder") -> None:
    count = folder.hash_the_rest()
    if count:
        print(f"{number_of(count, 'message')} of a version before got a hash of their records.", file=sys.stderr)


def _read(folder: "ArchiveFolder", archive: "ArchiveRecord", sources: "MailSources", done: _Done) -> "ImportTally":
    """Bring all of the sources into the archive, until Ctrl-C is pressed."""
    with heard() as interrupts, Reporter(sources.total) as show:

        def report(tally: "ImportTally") -> None:
            done.note(tally)
            show(tally)

        return folder.import_mail(archive, sources, report=report, stopped=interrupts.stopped)


def _index(folder: Path, archive: "ArchiveRecord", *, quiet: bool) -> int:
    """Index what the archive has, now that it is safe; how many messages were put in. What goes wrong with it costs no
    mail: it is said, and `index` makes it later."""
    from mail_archive_server.commands.indexing.after_import import index_folder

    return index_folder(folder, archive.archive_id, quiet=quiet)


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
