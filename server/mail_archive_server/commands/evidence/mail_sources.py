"""What `import` is given: files and folders with mail, exports, and what of them is skipped."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mail_archive_server.commands.evidence.aws_flags import is_in_s3, place_in_s3
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_local.importing.places import Place
    from mail_archive_local.importing.sources import Skipped
    from mail_archive_server.settings import Settings

SHOWN_SKIPS = 20


class Sources(NamedTuple):
    """Files and folders with mail, and exports. `total` is how many bytes there are to read; 0 where that is not
    known."""

    mail: list[Path]
    exports: "list[Place]"
    total: int


def sources_of(arguments: argparse.Namespace, settings: "Settings") -> Sources:
    """What the SOURCEs are.

    Raises:
        CommandError: one of them is not there, or there is no mail in any.
    """
    from mail_archive_local.importing.places import FolderPlace, holds_export
    from mail_archive_local.importing.sources import total_bytes

    in_s3 = [source for source in arguments.sources if is_in_s3(source)]
    paths = [read_value(path, "SOURCE", source) for source in arguments.sources if source not in in_s3]
    for each in paths:
        _refuse_absent(each)

    folders = [each for each in paths if arguments.export or holds_export(each)]
    mail = [each for each in paths if each not in folders]
    exports: list[Place] = [FolderPlace(each) for each in folders]
    exports += [place_in_s3(source, settings) for source in in_s3]
    if mail and not exports:
        _refuse_without_mail(mail)
    return Sources(mail, exports, 0 if in_s3 else total_bytes(paths))


def _refuse_absent(source: Path) -> None:
    """
    Raises:
        CommandError: it is not there, or this user may not see whether it is.
    """
    try:
        source.stat()
    except PermissionError as error:
        raise CommandError(f"{shown(source)} cannot be read ({error.strerror}). Name mail that you may read.") from None
    except OSError:
        raise CommandError(f"{shown(source)} does not exist. Name files or folders with mail.") from None


def _refuse_without_mail(sources: list[Path]) -> None:
    """Look for the first message before anything is made.

    Raises:
        CommandError: there is none in the sources.
    """
    from mail_archive_local.importing.sources import Skipped, read_sources

    skipped: list[Skipped] = []
    for found in read_sources(sources):
        if not isinstance(found, Skipped):
            return
        skipped.append(found)

    name_skipped(skipped, len(skipped))
    where = shown(sources[0]) if len(sources) == 1 else "these places"
    unread = sum(each.unread for each in skipped)
    if unread:
        raise CommandError(
            f"No mail in {where} could be read, so nothing was added: {unread:,} of its files and folders cannot be "
            "read by this user. Name mail that you may read."
        )
    raise CommandError(f"There is no mail in {where}, so nothing was added. Name .eml files, mbox files or a Maildir.")


def name_skipped(skipped: "list[Skipped]", count: int) -> None:
    for each in skipped[:SHOWN_SKIPS]:
        print(f"Skipped: {shown(each.origin)} {each.reason}", file=sys.stderr)
    if count > SHOWN_SKIPS:
        print(f"Skipped: {count - SHOWN_SKIPS:,} more", file=sys.stderr)
