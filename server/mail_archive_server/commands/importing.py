"""`import`: mail into a local archive. Calling it again is safe, and goes on where it was stopped."""

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mail_archive_server.commands import CommandError
from mail_archive_server.commands.export_local import add_signing, sign_manifest, signing_of
from mail_archive_server.setting_values import S3_LOCATION, path, words
from mail_archive_server.settings import SETTINGS, Settings, add_flags, read_settings, read_value
from mail_archive_server.terminal import number_of, shown

if TYPE_CHECKING:
    from tqdm import tqdm

    from mail_archive_server.local.context import Local
    from mail_archive_server.local.importing.importer import ImportTally
    from mail_archive_server.local.importing.places import Place
    from mail_archive_server.local.importing.sources import Skipped
    from mail_archive_server.local.storage.store import ArchiveRecord, Store
    from mail_archive_tools.service.buckets import Location

HELP = "put mail into a local archive: .eml files, folders of them, mbox, Maildir, exports in a folder or in S3"

ARCHIVE_NAME, ARCHIVE_NAME_LENGTH = r"[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]", 64
"""What the service model allows; said again here because loading botocore for it would take longer than a small
import."""

AWS_SETTINGS = ("region", "profile", "role_arn", "external_id", "endpoint_url", "s3_endpoint_url")
"""How AWS is reached, where an export is read from S3."""
MANIFEST_SUFFIX = ".manifest.jsonl"
SHOWN_SKIPS = 20
PARALLEL_BYTES = 10_000_000
"""From so much mail on, other processes help: they take a moment to start."""
PLAIN_LINE_SECONDS = 5.0
"""How often progress is said where there is no terminal."""


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
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in AWS_SETTINGS))
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    places = [source for source in arguments.sources if source.startswith("s3://")]
    sources = [read_value(path, "SOURCE", source) for source in arguments.sources if source not in places]
    signing = signing_of(arguments)
    settings = _aws_settings(arguments) if places or arguments.query_of else Settings()
    from mail_archive_server.local.context import Local
    from mail_archive_server.local.errors import ApiError
    from mail_archive_server.local.importing.exports import PlaceFailed
    from mail_archive_server.local.importing.importer import ImportTally, import_export, import_mail
    from mail_archive_server.local.importing.places import holds_export
    from mail_archive_server.local.importing.sources import total_bytes
    from mail_archive_server.local.storage.database import StoreError
    from mail_archive_server.local.storage.store import Store

    for source in sources:
        if not source.exists():
            raise CommandError(f"{shown(source)} does not exist. Name files or folders with mail.")

    name = _usable_name(arguments.archive or archive_name(folder))
    folders = [each for each in sources if arguments.export or holds_export(each)]
    exports = _export_places(places, folders, settings)
    mail = [each for each in sources if each not in folders]
    if mail and not exports:
        _refuse_without_mail(mail)
    query = _query_of(arguments.query_of, settings)
    try:
        with Store(folder, create=True) as store:
            if exposed := store.exposed():
                store.keep_from_others()
                print(f"{shown(exposed[0])} could be read by others; now only its owner can.", file=sys.stderr)
            archive = _choose_archive(Local(store, str), name, named=arguments.archive is not None)
            total = 0 if places else total_bytes(sources)
            workers = (os.cpu_count() or 1) if places or total >= PARALLEL_BYTES else 0
            tally = ImportTally()
            with _Reporter(total) as report:
                if mail:
                    tally.join(import_mail(store, archive, mail, report, workers))
                for each in exports:
                    tally.join(import_export(store, archive, each, report, workers))
            manifest = folder / f"{archive.archive_id}{MANIFEST_SUFFIX}"
            if exports or manifest.exists() or any(signing):
                _write_manifest(manifest, store, archive, arguments.sources, query, tally)
                sign_manifest(manifest, *signing)
    except (StoreError, ApiError, PlaceFailed) as error:
        raise CommandError(str(error)) from error

    _summarize(tally, archive, arguments.json)
    if exports and not tally.seen and not tally.known_objects:
        raise CommandError("There is no mail in this export. Check the place, and what it says was skipped.")


def _aws_settings(arguments: argparse.Namespace) -> Settings:
    """How AWS is reached. A local archive that a variable names is not meant: it is one that mail is put into."""
    environment = {name: value for name, value in os.environ.items() if name != "MAIL_ARCHIVE_LOCAL"}
    return read_settings({name: getattr(arguments, name) for name in AWS_SETTINGS}, environment)


def _export_places(places: list[str], folders: list[Path], settings: Settings) -> "list[Place]":
    """The exports that are named, each as a place of objects.

    Raises:
        CommandError: a place is none of S3.
    """
    from mail_archive_server.local.importing.places import FolderPlace, S3Place
    from mail_archive_tools.service.buckets import Location

    found: list[Place] = [FolderPlace(folder) for folder in folders]
    for url in places:
        read_value(words(S3_LOCATION, "a place in S3, such as s3://bucket/prefix"), "SOURCE", url)
        found.append(S3Place(_s3(settings, Location.of(url)), Location.of(url)))
    return found


def _s3(settings: Settings, location: "Location") -> Any:
    """A client of S3, with which the place can be listed.

    Raises:
        CommandError: it cannot.
    """
    from mail_archive_server.backends import backend_of
    from mail_archive_server.identity.connecting import Connection
    from mail_archive_tools.errors import ArchiveError
    from mail_archive_tools.service.refusals import REFUSALS, refusal
    from mail_archive_tools.service.resources import Resource

    try:
        backend = backend_of(settings)
        client = backend.s3(Connection(settings, backend))
        found = client.list_objects_v2(Bucket=location.bucket, Prefix=location.prefix, MaxKeys=1)
    except REFUSALS as error:
        raise CommandError(str(refusal(error, "ListObjectsV2", Resource(str(location))))) from error
    except ArchiveError as error:
        raise CommandError(str(error)) from error
    if not found.get("Contents"):
        raise CommandError(f"There is nothing at {location}, so nothing was added. Check the bucket and the prefix.")
    return client


def _query_of(export_id: str | None, settings: Settings) -> dict[str, Any]:
    """What an export was asked, as AWS says; nothing where none is named."""
    if export_id is None:
        return {}
    import anyio

    from mail_archive_server.backends import open_access
    from mail_archive_tools.errors import ArchiveError
    from mail_archive_tools.models import ArchiveExport

    async def ask() -> dict[str, Any]:
        response = await open_access(settings).client.get_archive_export(export_id)
        return ArchiveExport.of(**response, ExportId=export_id).structured()

    try:
        return anyio.run(ask)
    except ArchiveError as error:
        raise CommandError(str(error)) from error


def _write_manifest(
    path_: Path,
    store: "Store",
    archive: "ArchiveRecord",
    sources: list[str],
    query: dict[str, Any],
    tally: "ImportTally",
) -> None:
    """The manifest of all that is in the archive now.

    Raises:
        CommandError: there is something else in its place.
    """
    from mail_archive_server.bulk.manifest import About, Listed, ManifestError, read_head, write_manifest
    from mail_archive_server.bulk.selecting import Selection
    from mail_archive_tools.models.filters import SearchWords

    errors = [{"Origin": each.origin, "Reason": each.reason} for each in tally.skipped]
    about = About(archive.archive_id, archive.name, sources, query, errors, tally.skips)
    if path_.exists():
        # What is in the archive came by the imports before as well.
        try:
            about = about.after(read_head(path_))
        except ManifestError as error:
            raise CommandError(f"{error} Move it away, and import once more.") from error
    everything = Selection(SearchWords()).messages(store, archive)
    write_manifest(path_, about, (Listed.of(each.archived_message_id, each.second, each.raw) for each in everything))


def _refuse_without_mail(sources: list[Path]) -> None:
    """Look for the first message before anything is made.

    Raises:
        CommandError: there is none in the sources.
    """
    from mail_archive_server.local.importing.sources import Skipped, read_sources

    skipped: list[Skipped] = []
    for found in read_sources(sources):
        if not isinstance(found, Skipped):
            return
        skipped.append(found)

    _name_skipped(skipped, len(skipped))
    where = sources[0] if len(sources) == 1 else "these places"
    raise CommandError(f"There is no mail in {where}, so nothing was added. Name .eml files, mbox files or a Maildir.")


def archive_name(folder: Path) -> str:
    """A name for an archive after a folder: what the service allows of it, else `archive`."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.resolve().name).strip("-_")[:ARCHIVE_NAME_LENGTH].strip("-_")
    return name if len(name) >= 2 else "archive"


def _usable_name(name: str) -> str:
    """
    Raises:
        CommandError: it can be no archive's name.
    """
    if not re.fullmatch(ARCHIVE_NAME, name) or not 2 <= len(name) <= ARCHIVE_NAME_LENGTH:
        raise CommandError(
            f"{name!r} cannot be an archive's name: 2 to {ARCHIVE_NAME_LENGTH} letters, digits, _ and -, a letter or "
            "digit first and last. Name one with --archive."
        )

    return name


def _choose_archive(local: "Local", name: str, named: bool) -> "ArchiveRecord":
    """The archive of that name, made where there is none. A name that the caller did not choose makes none beside
    others: the folder may be a copy of one with another name.

    Raises:
        CommandError: it is not clear which is meant.
    """
    from mail_archive_server.local.archives import create_archive
    from mail_archive_server.local.errors import ApiError

    active = [archive for archive in local.store.archives() if archive.state == "ACTIVE"]
    if (there := _of_that_name(active, name)) is not None:
        return there
    if active and not named:
        others = ", ".join(archive.name for archive in active)
        raise CommandError(
            f"{shown(local.store.folder)} holds the archive {others}, and none named {name}. Say --archive "
            f"{active[0].name} to add to it, or --archive {name} to make another."
        )

    try:
        create_archive(local, {"ArchiveName": name, "Retention": {"RetentionPeriod": "PERMANENT"}})
    except ApiError:
        # Another import may have made it in this moment.
        if _of_that_name(local.store.archives(), name) is None:
            raise
    made = _of_that_name(local.store.archives(), name)
    assert made is not None
    return made


def _of_that_name(archives: "list[ArchiveRecord]", name: str) -> "ArchiveRecord | None":
    active = (archive for archive in archives if archive.state == "ACTIVE")
    return next((archive for archive in active if name in (archive.name, archive.archive_id)), None)


class _Reporter:
    """Progress: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._update: Callable[[ImportTally], None] = self._line
        self._last_line = 0.0
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> "Callable[[ImportTally], None]":
        if sys.stderr.isatty():
            from tqdm import tqdm

            size = shutil.get_terminal_size()
            self._bar = tqdm(
                total=self._total or None,
                unit="B",
                unit_scale=True,
                desc="Importing",
                file=sys.stderr,
                # tqdm shows nothing on a terminal that does not say its size.
                ncols=size.columns,
                nrows=size.lines,
            )
            self._update = self._advance
        return self._update

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar is None:
            return
        if kind is None and self._total:
            # What was skipped unread counts as done.
            self._bar.update(self._total - self._bar.n)
        self._bar.close()

    def _advance(self, tally: "ImportTally") -> None:
        assert self._bar is not None
        read = min(tally.bytes_read, self._total) if self._total else tally.bytes_read
        self._bar.update(read - self._bar.n)

    def _line(self, tally: "ImportTally") -> None:
        import time

        now = time.monotonic()
        if not self._last_line:
            self._last_line = now
        if now - self._last_line >= PLAIN_LINE_SECONDS:
            self._last_line = now
            # How much there is in S3 is not known before all of it is listed.
            share = f"{min(tally.bytes_read / self._total, 1):.0%}: " if self._total else ""
            print(f"{share}{number_of(tally.seen, 'message')}", file=sys.stderr, flush=True)


def _name_skipped(skipped: "list[Skipped]", count: int) -> None:
    for each in skipped[:SHOWN_SKIPS]:
        print(f"Skipped: {shown(each.origin)} {each.reason}", file=sys.stderr)
    if count > SHOWN_SKIPS:
        print(f"Skipped: {count - SHOWN_SKIPS:,} more", file=sys.stderr)


def _summarize(tally: "ImportTally", archive: "ArchiveRecord", as_json: bool) -> None:
    _name_skipped(tally.skipped, tally.skips)
    if as_json:
        done = {
            "ArchiveId": archive.archive_id,
            "ArchiveName": archive.name,
            "Added": tally.added,
            "AlreadyThere": tally.already_there,
            "Skipped": tally.skips,
            "KnownObjects": tally.known_objects,
        }
        print(json.dumps(done))
        return

    there = "was there already" if tally.already_there == 1 else "were there already"
    print(
        f"Archive {archive.name} ({archive.archive_id}): {number_of(tally.added, 'message')} added, "
        f"{tally.already_there:,} {there}, {tally.skips:,} skipped."
    )
    if tally.known_objects:
        print(f"{number_of(tally.known_objects, 'object')} had been read before, and not changed since.")
