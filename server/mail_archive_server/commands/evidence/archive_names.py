"""Which archive of a folder a command means, by its name."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_local.context import Local
    from mail_archive_local.storage.putting import ArchiveRecord

ARCHIVE_NAME, ARCHIVE_NAME_LENGTH = r"[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]", 64
"""What the service model allows; said again here because loading botocore for it would take longer than a small
import."""


def archive_name(folder: Path) -> str:
    """A name for an archive after a folder: what the service allows of it, else `archive`."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.resolve().name).strip("-_")[:ARCHIVE_NAME_LENGTH].strip("-_")
    return name if len(name) >= 2 else "archive"


def usable_name(name: str) -> str:
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


def choose_archive(local: "Local", name: str, named: bool) -> "ArchiveRecord":
    """The archive of that name, made where there is none. A name that the caller did not choose makes none beside
    others: the folder may be a copy of one with another name.

    Raises:
        CommandError: it is not clear which is meant.
    """
    from mail_archive_local.api_errors import ApiError
    from mail_archive_local.operations.archives import create_archive

    active = [archive for archive in local.store.archives() if archive.state == "ACTIVE"]
    if (there := of_that_name(active, name)) is not None:
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
        if of_that_name(local.store.archives(), name) is None:
            raise
    made = of_that_name(local.store.archives(), name)
    assert made is not None
    return made


def of_that_name(archives: "list[ArchiveRecord]", name: str) -> "ArchiveRecord | None":
    active = (archive for archive in archives if archive.state == "ACTIVE")
    return next((archive for archive in active if name in (archive.name, archive.archive_id)), None)
