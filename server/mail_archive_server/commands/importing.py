"""`import`: mail into a local archive. Calling it again is safe, and goes on where it was stopped."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mail_archive_server.commands import CommandError

if TYPE_CHECKING:
    from tqdm import tqdm

    from mail_archive_server.local.context import Local
    from mail_archive_server.local.importing.importer import ImportTally
    from mail_archive_server.local.storage.store import ArchiveRecord

HELP = "put mail into a local archive: .eml files, folders of them, mbox, Maildir"

ARCHIVE_NAME, ARCHIVE_NAME_LENGTH = r"[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]", 64
"""What the service model allows; said again here because loading botocore for it would take longer than a small
import."""

SHOWN_SKIPS = 20
PARALLEL_BYTES = 10_000_000
"""From so much mail on, other processes help: they take a moment to start."""
PLAIN_LINE_SECONDS = 5.0
"""How often progress is said where there is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the local archive; a new or empty folder becomes one")
    parser.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help="files and folders with mail")
    parser.add_argument(
        "--archive", metavar="NAME", help="the archive in it, made when there is none of that name (named after DIR)"
    )


def run(arguments: argparse.Namespace) -> None:
    from mail_archive_server.local.context import Local
    from mail_archive_server.local.errors import ApiError
    from mail_archive_server.local.importing.importer import import_mail
    from mail_archive_server.local.importing.sources import total_bytes
    from mail_archive_server.local.storage.database import StoreError
    from mail_archive_server.local.storage.store import Store

    missing = [str(source) for source in arguments.sources if not source.exists()]
    if missing:
        raise CommandError(f"{missing[0]} does not exist. Name files or folders with mail.")
    try:
        with Store(arguments.folder, create=True) as store:
            archive = _choose_archive(Local(store, str), arguments.archive or archive_name(arguments.folder))
            total = total_bytes(arguments.sources)
            workers = (os.cpu_count() or 1) if total >= PARALLEL_BYTES else 0
            with _Reporter(total) as report:
                tally = import_mail(store, archive, arguments.sources, report, workers)
    except (StoreError, ApiError) as error:
        raise CommandError(str(error)) from error
    _summarize(tally, archive)


def archive_name(folder: Path) -> str:
    """A name for an archive after a folder: what the service allows of it, else `archive`."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.resolve().name).strip("-_")[:ARCHIVE_NAME_LENGTH].strip("-_")
    return name if len(name) >= 2 else "archive"


def _choose_archive(local: "Local", name: str) -> "ArchiveRecord":
    from mail_archive_server.local.archives import create_archive

    for archive in local.store.archives():
        if archive.state == "ACTIVE" and name in (archive.name, archive.archive_id):
            return archive
    if not re.fullmatch(ARCHIVE_NAME, name) or not 2 <= len(name) <= ARCHIVE_NAME_LENGTH:
        raise CommandError(
            f"{name!r} cannot be an archive's name: 2 to {ARCHIVE_NAME_LENGTH} letters, digits, _ and -, a letter or "
            "digit first and last. Name one with --archive."
        )
    archive_id = create_archive(local, {"ArchiveName": name, "Retention": {"RetentionPeriod": "PERMANENT"}})[
        "ArchiveId"
    ]
    made = local.store.archive(archive_id)
    assert made is not None
    return made


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

            self._bar = tqdm(total=self._total, unit="B", unit_scale=True, desc="Importing", file=sys.stderr)
            self._update = self._advance
        return self._update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _advance(self, tally: "ImportTally") -> None:
        assert self._bar is not None
        self._bar.update(tally.bytes_read - self._bar.n)

    def _line(self, tally: "ImportTally") -> None:
        import time

        now = time.monotonic()
        if not self._last_line:
            self._last_line = now
        if now - self._last_line >= PLAIN_LINE_SECONDS:
            self._last_line = now
            share = tally.bytes_read / self._total if self._total else 1
            print(f"{share:.0%}: {tally.seen:,} messages", file=sys.stderr, flush=True)


def _summarize(tally: "ImportTally", archive: "ArchiveRecord") -> None:
    for skipped in tally.skipped[:SHOWN_SKIPS]:
        print(f"Skipped: {skipped.origin} {skipped.reason}", file=sys.stderr)
    if tally.skips > SHOWN_SKIPS:
        print(f"Skipped: {tally.skips - SHOWN_SKIPS:,} more", file=sys.stderr)
    print(
        f"Archive {archive.name} ({archive.archive_id}): {tally.added:,} messages added, "
        f"{tally.already_there:,} were there already, {tally.skips:,} skipped."
    )
