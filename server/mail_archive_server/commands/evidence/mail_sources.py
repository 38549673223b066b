"""What `import` is given: files and folders with mail, exports, and what of them is skipped."""

import argparse
import sys
from typing import TYPE_CHECKING

from mail_archive_server.commands.evidence.aws_flags import is_in_s3, place_in_s3
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_local import ImportTally, MailSources
    from mail_archive_server.settings import Settings

SHOWN_SKIPS = 20


def sources_of(arguments: argparse.Namespace, settings: "Settings") -> "MailSources":
    """What the SOURCEs are.

    Raises:
        CommandError: one of them is not there, or there is no mail in any.
    """
    from mail_archive_local import LocalArchiveError, MailSources, NoMail

    in_s3 = [source for source in arguments.sources if is_in_s3(source)]
    paths = [read_value(path, "SOURCE", source) for source in arguments.sources if source not in in_s3]
    # Each is asked for when it is its turn: files that are not there are told first.
    places = (place_in_s3(source, settings) for source in in_s3)
    try:
        return MailSources.of(paths, are_exports=arguments.export, in_s3=places)
    except NoMail as error:
        name_skipped(error.tally)
        raise CommandError(str(error)) from error
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error


def name_skipped(tally: "ImportTally") -> None:
    """Say what was skipped: the first, by where and why, and how many more there are."""
    for each in tally.skipped[:SHOWN_SKIPS]:
        print(f"Skipped: {shown(each.origin)} {each.reason}", file=sys.stderr)
    if tally.skips > SHOWN_SKIPS:
        print(f"Skipped: {tally.skips - SHOWN_SKIPS:,} more", file=sys.stderr)
