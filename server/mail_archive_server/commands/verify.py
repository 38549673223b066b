"""`verify`: whether a local archive is whole."""

import argparse
import json
from typing import TYPE_CHECKING

from mail_archive_server.commands import CommandError
from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value
from mail_archive_server.terminal import number_of, shown

if TYPE_CHECKING:
    from mail_archive_server.local.storage.checking import Check

HELP = "check a local archive whole: the database, each message's hash, the index"

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the local archive")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    from mail_archive_server.local.importing.record import message_id_of
    from mail_archive_server.local.storage.checking import Check, check
    from mail_archive_server.local.storage.database import StoreDamaged, StoreError
    from mail_archive_server.local.storage.store import Store

    try:
        with Store(folder) as store:
            found = check(store, message_id_of)
    except StoreDamaged as error:
        found = Check(database=[str(error.__cause__ or error)])
    except StoreError as error:
        raise CommandError(str(error)) from error

    if arguments.json:
        members = {
            "Whole": found.is_whole,
            "Messages": found.messages,
            "Damaged": found.damaged,
            "IndexWhole": found.index_is_whole,
            "StrayRows": found.strays,
            "Database": found.database,
        }
        print(json.dumps(members))
    else:
        for line in _lines(found):
            print(line)
    if not found.is_whole:
        raise CommandError(_next_step(found, shown(folder)))


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
