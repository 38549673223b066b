"""`index`: an index of what mail says, so that questions about a whole archive are answered at once. Calling it again
is safe: it goes on where it was stopped, and takes what is new."""

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_server.commands.evidence.interrupting import explained, heard, interrupted
from mail_archive_server.indexes import NO_INDEX, place_of
from mail_archive_server.settings import SETTINGS, SettingError, Settings, add_flags, read_settings
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_tools.index.engine import Held
    from mail_archive_tools.indexing.tally import IndexTally

HELP = "make an index of what mail says, which answers questions about a whole archive at once"

_SETTINGS = (
    "index", "region", "profile", "role_arn", "external_id", "endpoint_url", "s3_endpoint_url", "archive",
    "trusted_authserv_id", "known", "dkim_keys", "dns",
)  # fmt: skip
_AT_ONCE = range(1, 51)
_STRETCHES_TOLD = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", nargs="?", help="a local archive; its index lies in its folder")
    parser.add_argument("--from", dest="begin", metavar="DATE", help="index what was received from then on")
    parser.add_argument("--to", dest="end", metavar="DATE", help="index what was received until then")
    parser.add_argument(
        "--at-once", metavar="N", default="12", help="how many messages are fetched at a time, 1 to 50 (12)"
    )
    parser.add_argument(
        "--export",
        metavar="SOURCE",
        help="read the messages from an export, a folder or s3://bucket/prefix, whose objects say their archive's ids",
    )
    parser.add_argument(
        "--query-of",
        metavar="EXPORTID",
        help="with --export: have AWS say of which time it has all; else --from and --to say it",
    )
    parser.add_argument("--status", action="store_true", help="say what the index holds, and change nothing")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="take out the archives named by --archive, or of them the messages of --message, or what is --expired",
    )
    parser.add_argument("--message", metavar="ID", action="append", help="with --forget: a message; may be repeated")
    parser.add_argument(
        "--expired", action="store_true", help="with --forget: what is older than its archive keeps mail"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in _SETTINGS))


def run(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments)
    place = place_of(settings)
    if place is None or settings.index == NO_INDEX:
        raise CommandError("Name a local archive's folder, or the file of the index with --index FILE.")

    from mail_archive_local import LocalArchiveError
    from mail_archive_tools.errors import ArchiveError

    try:
        if arguments.status:
            _tell_status(place, as_json=arguments.json)
        elif arguments.forget:
            _forget(arguments, settings, place)
        elif arguments.export is not None:
            _fill_from_export(arguments, settings, place)
        else:
            _fill(arguments, settings, place)
    except (ArchiveError, LocalArchiveError) as error:
        raise CommandError(str(error)) from error


def _settings(arguments: argparse.Namespace) -> Settings:
    if arguments.forget and arguments.status:
        raise CommandError("--status and --forget exclude each other: leave one of them out.")
    for name in ("message", "expired"):
        if getattr(arguments, name) and not arguments.forget:
            raise CommandError(f"--{name} is for --forget.")

    flags = {name: getattr(arguments, name) for name in _SETTINGS}
    settings = read_settings({**flags, "local": arguments.folder})
    # Searches of a local archive take a moment, so that tools meet what they meet in AWS.
    return replace(settings, search_seconds=0)


def _range(arguments: argparse.Namespace) -> tuple[datetime, datetime]:
    from pydantic import TypeAdapter, ValidationError

    from mail_archive_tools.errors import InvalidArgument
    from mail_archive_tools.models.moments import FromMoment, ToMoment, read_range

    ends: list[datetime] = []
    for flag, text, kind, otherwise in (
        ("--from", arguments.begin, FromMoment, datetime(1970, 1, 1, tzinfo=UTC)),
        ("--to", arguments.end, ToMoment, datetime.now(UTC)),
    ):
        if text is None:
            ends.append(otherwise)
            continue
        try:
            ends.append(TypeAdapter(kind).validate_python(text))
        except ValidationError:
            raise SettingError(f"{flag} must be a date or a time in ISO 8601; it is {text!r}.") from None
    try:
        begin, end, _ = read_range(*ends)
    except InvalidArgument:
        raise SettingError("--to is before --from: exchange them, or correct one.") from None
    return begin, end


def _fill(arguments: argparse.Namespace, settings: Settings, place: Path) -> None:
    import anyio

    from mail_archive_server.commands.indexing.filling import fill
    from mail_archive_server.commands.indexing.watching import Watch

    between = _range(arguments)
    at_once = _number(arguments.at_once)
    watch = Watch()
    told: list[dict[str, Any]] = []
    began = time.monotonic()

    with explained(lambda: _KEPT), heard() as interrupts:
        for archive_id in anyio.run(_archives, settings):

            async def one(archive_id: str = archive_id) -> "IndexTally":
                return await fill(
                    settings,
                    place,
                    archive_id,
                    between,
                    at_once=at_once,
                    report=watch.show,
                    stopped=interrupts.stopped,
                )

            tally = anyio.run(one)
            watch.end()
            if tally.is_stopped:
                raise interrupted(_KEPT)
            told.append(_members(archive_id, tally))
            if not arguments.json:
                _say(archive_id, tally, time.monotonic() - began)

    if arguments.json:
        print(json.dumps(told))
    failed = sum(each["Failed"] for each in told)
    if failed:
        raise CommandError(
            f"{number_of(failed, 'message')} could not be had, and the stretches that they are in are not held whole. "
            "The same command tries them again."
        )


def _fill_from_export(arguments: argparse.Namespace, settings: Settings, place: Path) -> None:
    import anyio

    from mail_archive_server.commands.indexing.exports import exported, fill_from, whole_of
    from mail_archive_server.commands.indexing.watching import Watch

    if len(settings.archive) != 1:
        raise CommandError("Name the archive that the export is of with --archive ID.")
    (archive_id,) = settings.archive
    whole = None
    if arguments.query_of is not None:
        whole = whole_of(arguments.query_of, settings)
    elif arguments.begin is not None and arguments.end is not None:
        whole = _range(arguments)

    sources = exported(arguments.export, settings)
    watch = Watch()
    began = time.monotonic()
    with explained(lambda: _KEPT), heard() as interrupts:

        async def fill_it() -> "IndexTally":
            return await fill_from(
                settings, place, archive_id, sources, whole, report=watch.show, stopped=interrupts.stopped
            )

        tally = anyio.run(fill_it)
        watch.end()
        if tally.is_stopped:
            raise interrupted(_KEPT)

    if arguments.json:
        print(json.dumps([_members(archive_id, tally)]))
    else:
        _say(archive_id, tally, time.monotonic() - began)
    if tally.failures:
        raise CommandError(f"{number_of(tally.failures, 'object')} could not be used, so no time is held whole.")
    if whole is None:
        raise CommandError(
            "Of which time the export has all is not known, so the index answers nothing yet: say it by --from and "
            "--to, or have AWS say it by --query-of EXPORTID."
        )


_KEPT = "What was indexed is kept. The same command goes on."


def _number(text: str) -> int:
    if not text.isdigit() or int(text) not in _AT_ONCE:
        raise SettingError(f"--at-once must be a number from 1 to 50; it is {text!r}.")
    return int(text)


async def _archives(settings: Settings) -> list[str]:
    """The archives that are named, or all of a local archive's folder."""
    if settings.archive:
        return list(settings.archive)
    if settings.local is None:
        raise CommandError("Name the archive to index with --archive ID.")

    from mail_archive_server.backends import open_access

    listed = await open_access(settings).client.list_archives(50)
    return [each["ArchiveId"] for each in listed["Archives"] if each.get("ArchiveState") == "ACTIVE"]


def _members(archive_id: str, tally: "IndexTally") -> dict[str, Any]:
    return {
        "ArchiveId": archive_id,
        "Found": tally.found,
        "Indexed": tally.put,
        "KnownBefore": tally.known,
        "Unread": tally.unread,
        "Failed": tally.failures,
        "Reasons": tally.reasons,
    }


def _say(archive_id: str, tally: "IndexTally", seconds: float) -> None:
    there = "was there already" if tally.known == 1 else "were there already"
    line = (
        f"Archive {archive_id}: {number_of(tally.put, 'message')} indexed in {seconds:,.0f} s, {tally.known:,} {there}."
    )
    print(line)
    if tally.unread:
        print(f"{number_of(tally.unread, 'message')} could not be read: searches count them as not read.")
    for reason in tally.reasons:
        print(shown(reason), file=sys.stderr)


def _tell_status(place: Path, *, as_json: bool) -> None:
    from mail_archive_server.commands.indexing.status import held_in, members_of

    held = held_in(place)
    if as_json:
        print(json.dumps({"Index": str(place), "Archives": [members_of(each) for each in held]}))
        return
    if not held:
        print(f"The index {shown(place)} holds nothing yet.")
    for each in held:
        _say_held(each)


def _say_held(held: "Held") -> None:
    from mail_archive_server.commands.indexing.status import lines_of

    for line in lines_of(held):
        print(line)


def _forget(arguments: argparse.Namespace, settings: Settings, place: Path) -> None:
    import anyio

    from mail_archive_server.commands.indexing.forgetting import forget

    if not settings.archive and not arguments.expired:
        raise CommandError("Name the archive to forget, or to forget messages of, with --archive ID.")

    async def forget_these() -> dict[str, int]:
        return await forget(settings, place, messages=arguments.message or [], is_expired=arguments.expired)

    taken = anyio.run(forget_these)
    if arguments.json:
        print(json.dumps([{"ArchiveId": each, "Forgotten": count} for each, count in taken.items()]))
        return
    for archive_id, count in taken.items():
        print(f"Archive {archive_id}: {number_of(count, 'message')} forgotten.")
