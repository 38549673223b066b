"""What an import is given: files and folders with mail, and exports, in a folder or in S3."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.importing.places import FolderPlace, Place, holds_export
from mail_archive_local.importing.sources import Skipped, read_sources, total_bytes
from mail_archive_local.importing.tally import ImportTally

PARALLEL_BYTES = 10_000_000
"""From so much mail on, other processes help: they take a moment to start."""


class NoMail(LocalArchiveError):
    """There is no mail in the sources. `tally` has what there is instead, and why it was skipped."""

    def __init__(self, text: str, tally: ImportTally) -> None:
        super().__init__(text)
        self.tally = tally


class MailSources(NamedTuple):
    """Files and folders with mail, and exports. `total` is how many bytes there are to read; 0 where that is not
    known."""

    mail: list[Path]
    exports: list[Place]
    total: int

    @classmethod
    def of(cls, paths: list[Path], *, are_exports: bool = False, in_s3: Iterable[Place] = ()) -> "MailSources":
        """What these files and folders are, looked at; with `are_exports`, exports also where that cannot be seen.
        The places in S3 are asked for when the paths are known to be there.

        Raises:
            NoMail: there is none in any.
            LocalArchiveError: one of them is not there.
        """
        for each in paths:
            _refuse_absent(each)

        folders = [each for each in paths if are_exports or holds_export(each)]
        mail = [each for each in paths if each not in folders]
        of_s3 = list(in_s3)
        exports: list[Place] = [*map(FolderPlace, folders), *of_s3]
        if mail and not exports:
            _refuse_without_mail(mail)

        if of_s3:
            # How much there is in S3 is not known before all of it is listed.
            return cls(mail, exports, 0)
        return cls(mail, exports, total_bytes(paths))

    @property
    def are_long(self) -> bool:
        """Whether there is so much mail, or may be, that other processes help."""
        return self.total == 0 or self.total >= PARALLEL_BYTES


def _refuse_absent(source: Path) -> None:
    """
    Raises:
        LocalArchiveError: it is not there, or this user may not see whether it is.
    """
    try:
        source.stat()
    except PermissionError as error:
        raise LocalArchiveError(f"{source} cannot be read ({error.strerror}). Name mail that you may read.") from None
    except OSError:
        raise LocalArchiveError(f"{source} does not exist. Name files or folders with mail.") from None


def _refuse_without_mail(sources: list[Path]) -> None:
    """Look for the first message before anything is made.

    Raises:
        NoMail: there is none in the sources.
    """
    tally, unread = ImportTally(), 0
    for found in read_sources(sources):
        if not isinstance(found, Skipped):
            return
        tally.skip(found)
        unread += found.unread

    where = "these places"
    if len(sources) == 1:
        where = str(sources[0])
    if unread:
        raise NoMail(
            f"No mail in {where} could be read, so nothing was added: {unread:,} of its files and folders cannot be "
            "read by this user. Name mail that you may read.",
            tally,
        )
    raise NoMail(f"There is no mail in {where}, so nothing was added. Name .eml files, mbox files or a Maildir.", tally)
