"""`export-local`: messages of a local archive as files, with an index and a manifest."""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mail_archive_local import Bates, ExportForm
from mail_archive_server.commands.evidence.interrupting import explained, heard
from mail_archive_server.commands.evidence.signing import add_signing, sign_manifest, signing_of
from mail_archive_server.setting_values import one_of, path
from mail_archive_server.settings import SettingError, read_value
from mail_archive_server.terminal import CommandError, number_of, shown

if TYPE_CHECKING:
    from mail_archive_local import Selection

HELP = "write messages of a local archive as .eml, mbox or Maildir, with an index and a manifest"

LINE_SECONDS = 5.0
"""How often progress is said."""

_WORDS = ("sender", "recipient", "cc", "participant", "subject", "envelope_sender", "envelope_recipient")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{0,40}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the local archive")
    parser.add_argument("out", metavar="OUT", help="a new or empty folder: it is there when all of it is")
    parser.add_argument("--archive", metavar="NAME", help="the archive in it; needed where there are several")
    parser.add_argument(
        "--format", metavar="|".join(ExportForm.FORMATS), default="eml", help="how messages are written (eml)"
    )
    parser.add_argument(
        "--index", metavar="|".join(ExportForm.INDEXES), default="csv", help="how the index is written (csv)"
    )
    parser.add_argument("--from", metavar="TIME", dest="begin", help="received from then on, inclusive")
    parser.add_argument("--to", metavar="TIME", dest="end", help="received until then, inclusive")
    for name in _WORDS:
        flag = name.replace("_", "-")
        parser.add_argument(f"--{flag}", metavar="WORDS", action="append", help="as in search_archive; may be repeated")
        parser.add_argument(
            f"--exclude-{flag}", metavar="WORDS", action="append", help="leave out what has these; may be repeated"
        )
    parser.add_argument("--has-attachments", metavar="yes|no", help="those that have attachments, or have none")
    parser.add_argument(
        "--load-file",
        metavar="dat,opt",
        help="load files for review platforms: Concordance DAT, Opticon OPT, a text file a message",
    )
    parser.add_argument("--bates-prefix", metavar="TEXT", default="MAIL", help="what Bates numbers begin with (MAIL)")
    parser.add_argument("--bates-padding", metavar="DIGITS", default="7", help="how many digits they have (7)")
    parser.add_argument("--bates-start", metavar="NUMBER", default="1", help="the first of them (1)")
    parser.add_argument(
        "--anew", action="store_true", help="throw away what an export to OUT has begun, instead of going on with it"
    )
    add_signing(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> None:
    folder = read_value(path, "DIR", arguments.folder)
    out = read_value(path, "OUT", arguments.out)
    progress = _Progress()
    with explained(lambda: _kept(out, progress)):
        _run(arguments, folder, out, progress)


def _run(arguments: argparse.Namespace, folder: Path, out: Path, progress: "_Progress") -> None:
    signing = signing_of(arguments)
    form = _form(arguments)
    selection = _selection(arguments)
    from mail_archive_local import ArchiveFolder, LocalArchiveError

    manifest = out / ExportForm.MANIFEST
    try:
        # Looking: what is exported may be evidence, and is not changed.
        with ArchiveFolder(folder, looking=True) as opened:
            archive = opened.archive(arguments.archive)
            with heard() as interrupts:
                progress.stopped = interrupts.stopped
                count = opened.export(archive, out, selection, form, report=progress, anew=arguments.anew)
        signed = sign_manifest(manifest, signing, has_changed=True)
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error

    if arguments.json:
        done = {"ArchiveId": archive.archive_id, "Messages": count, "Manifest": str(manifest)}
        print(json.dumps(done | {"Signatures": [str(each) for each in signed]}))
    else:
        made = "".join(f", {each.name}" for each in signed)
        print(f"{number_of(count, 'message')} of archive {archive.name} in {shown(out)}, with {manifest.name}{made}.")


def _form(arguments: argparse.Namespace) -> ExportForm:
    kind = read_value(one_of(*ExportForm.FORMATS), "--format", arguments.format)
    index = read_value(one_of(*ExportForm.INDEXES), "--index", arguments.index)
    named = [name.strip() for name in (arguments.load_file or "").split(",") if name.strip()]
    named = [read_value(one_of(*ExportForm.LOAD_FILES), "--load-file", name) for name in named]
    load_files = tuple(dict.fromkeys(named))
    if load_files and kind != "eml":
        raise SettingError("--load-file writes each message as a file of its own: leave --format out.")

    if not _PREFIX.fullmatch(arguments.bates_prefix):
        raise SettingError("--bates-prefix must be at most 40 letters, digits and _.-")
    padding = read_value(_number(1, 20), "--bates-padding", arguments.bates_padding)
    first = read_value(_number(0, 10**12), "--bates-start", arguments.bates_start)
    return ExportForm(kind, index, load_files, Bates(arguments.bates_prefix, padding, first))


def _number(least: int, most: int) -> Any:
    def read(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"a number from {least} to {most}")
        return int(text)

    return read


def _selection(arguments: argparse.Namespace) -> "Selection":
    from pydantic import TypeAdapter, ValidationError

    from mail_archive_local import Selection
    from mail_archive_tools.models.filters import SearchWords
    from mail_archive_tools.models.moments import FromMoment, ToMoment, in_utc, iso

    def moment(kind: Any, flag: str, text: str | None) -> Any:
        if text is None:
            return None
        try:
            return in_utc(TypeAdapter(kind).validate_python(text))
        except ValidationError:
            raise SettingError(
                f"{flag} must be a date or a time in ISO 8601, such as 2025-03-01; it is {text!r}."
            ) from None

    def words(prefix: str) -> dict[str, Any]:
        given = {name: getattr(arguments, f"{prefix}{name}") for name in _WORDS}
        return {name: value for name, value in given.items() if value}

    begin = moment(FromMoment, "--from", arguments.begin)
    end = moment(ToMoment, "--to", arguments.end)
    if begin is not None and end is not None and end < begin:
        raise SettingError(f"--to ({iso(end)}) is before --from ({iso(begin)}). Exchange them, or correct one.")

    chosen, left_out = words(""), words("exclude_")
    if arguments.has_attachments is not None:
        chosen["has_attachments"] = read_value(one_of("yes", "no"), "--has-attachments", arguments.has_attachments)
    try:
        asked = SearchWords.model_validate(chosen)
        exclude = None
        if left_out:
            exclude = SearchWords.model_validate(left_out)
        return Selection(asked, exclude, begin, end)
    except ValidationError as error:
        fault = error.errors()[0]
        flag = "--" + str(fault["loc"][0]).replace("_", "-")
        raise SettingError(f"{flag}: {fault['msg'][0].lower()}{fault['msg'][1:]}.") from None


def _kept(out: Path, progress: "_Progress") -> str:
    """What is there of an export that was broken off."""
    from mail_archive_local import ArchiveFolder

    # It is put in place when all of it is written: only what comes after that can have been broken off.
    if (out / ExportForm.MANIFEST).is_file():
        return f"{shown(out)} is whole, but its manifest is not signed as was asked."
    unfinished = ArchiveFolder.unfinished_export(out)
    if unfinished is None:
        return f"Nothing was written yet to {shown(out)}. The same command begins from the start."
    written = number_of(progress.count, "message")
    return f"{written} written, in {shown(unfinished)}: the same command goes on, with --anew it begins anew."


class _Progress:
    """A line now and then. Breaks off when it is asked to."""

    def __init__(self) -> None:
        self.count = 0
        self.stopped: Callable[[], bool] = lambda: False
        self._last = time.monotonic()

    def __call__(self, count: int) -> None:
        self.count = count
        if self.stopped():
            raise KeyboardInterrupt

        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            print(f"{number_of(count, 'message')} written", file=sys.stderr, flush=True)
