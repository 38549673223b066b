"""Which archive of a folder is meant, by its name."""

import re
from pathlib import Path

from mail_archive_local.api_errors import ApiError
from mail_archive_local.context import Local
from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.operations.archives import create_archive
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store

ARCHIVE_NAME, ARCHIVE_NAME_LENGTH = r"[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]", 64
"""What the service model allows; said again here because loading botocore for it would take longer than a small
import."""


def name_after(folder: Path) -> str:
    """A name for an archive after a folder: what the service allows of it, else `archive`."""
    allowed = re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.resolve().name).strip("-_")
    name = allowed[:ARCHIVE_NAME_LENGTH].strip("-_")
    if len(name) < 2:
        return "archive"
    return name


def usable_name(name: str) -> str:
    """
    Raises:
        LocalArchiveError: it can be no archive's name.
    """
    if not re.fullmatch(ARCHIVE_NAME, name) or not 2 <= len(name) <= ARCHIVE_NAME_LENGTH:
        raise LocalArchiveError(
            f"{name!r} cannot be an archive's name: 2 to {ARCHIVE_NAME_LENGTH} letters, digits, _ and -, a letter or "
            "digit first and last. Name one with --archive."
        )

    return name


def find_archive(store: Store, name: str | None) -> ArchiveRecord:
    """The active archive of that name or id; the only one where none is named.

    Raises:
        LocalArchiveError: there is none, or it is not clear which is meant.
    """
    active = _active(store)
    known = ", ".join(archive.name for archive in active) or "none"
    if name is None:
        if len(active) != 1:
            several = f"{store.folder} has several archives, or none."
            raise LocalArchiveError(f"{several} Name one with --archive: {known}.")
        return active[0]

    found = _of_that_name(active, name)
    if found is None:
        raise LocalArchiveError(f"There is no archive {name} in {store.folder}. There are: {known}.")
    return found


def find_or_make_archive(local: Local, name: str, *, is_chosen: bool) -> ArchiveRecord:
    """The active archive of that name, made where there is none. A name that the caller did not choose makes none
    beside others: the folder may be a copy of one with another name.

    Raises:
        LocalArchiveError: it is not clear which is meant, or there are as many as there may be.
    """
    active = _active(local.store)
    there = _of_that_name(active, name)
    if there is not None:
        return there
    if active and not is_chosen:
        others = ", ".join(archive.name for archive in active)
        raise LocalArchiveError(
            f"{local.store.folder} holds the archive {others}, and none named {name}. Say --archive {active[0].name} "
            f"to add to it, or --archive {name} to make another."
        )
    return _make(local, name)


def _make(local: Local, name: str) -> ArchiveRecord:
    """A new archive, which keeps mail for ever: it is filled with mail that may be old."""
    try:
        create_archive(local, {"ArchiveName": name, "Retention": {"RetentionPeriod": "PERMANENT"}})
    except ApiError as error:
        # Another import may have made it in this moment.
        if _of_that_name(_active(local.store), name) is None:
            raise LocalArchiveError(str(error)) from error

    made = _of_that_name(_active(local.store), name)
    assert made is not None
    return made


def _active(store: Store) -> list[ArchiveRecord]:
    return [archive for archive in store.archives() if archive.state == "ACTIVE"]


def _of_that_name(archives: list[ArchiveRecord], name: str) -> ArchiveRecord | None:
    return next((archive for archive in archives if name in (archive.name, archive.archive_id)), None)
