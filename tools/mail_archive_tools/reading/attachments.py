"""A file that came with a message as text: which reader is for it, and what is said where there is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from mail_archive_tools.documents import Kind, Unreadable, add_document
from mail_archive_tools.documents.html import add_html
from mail_archive_tools.documents.limits import Gathered
from mail_archive_tools.mime.carried.calendar import Event, read_calendar
from mail_archive_tools.mime.codecs.transfer import Decoded
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.message import Message, read_message
from mail_archive_tools.mime.structure import text_of

TEXT_BYTES = 10_000_000
"""How much of a file of plain text is read."""

_SAMPLE_BYTES = 65_536
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_TEXT_NAMES = (".txt", ".csv", ".tsv", ".log", ".md", ".ini", ".json", ".xml", ".yaml", ".yml", ".sql")
_MESSAGE_NAMES = (".eml", ".mht", ".mhtml")
_MESSAGE = "message/rfc822"
_UNNAMED = "application/octet-stream"

_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCUMENTS: dict[str, Kind] = {
    "application/pdf": "pdf",
    f"{_OFFICE}wordprocessingml.document": "word",
    f"{_OFFICE}wordprocessingml.template": "word",
    "application/vnd.ms-word.document.macroenabled.12": "word",
    f"{_OFFICE}presentationml.presentation": "slides",
    f"{_OFFICE}presentationml.slideshow": "slides",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "slides",
    "application/vnd.oasis.opendocument.text": "opendocument",
    "application/vnd.oasis.opendocument.presentation": "opendocument",
    f"{_OFFICE}spreadsheetml.sheet": "sheets",
    f"{_OFFICE}spreadsheetml.template": "sheets",
    "application/vnd.ms-excel": "sheets",
    "application/vnd.ms-excel.sheet.macroenabled.12": "sheets",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "sheets",
    "application/vnd.oasis.opendocument.spreadsheet": "sheets",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "application/msword": "word97",
    "application/vnd.ms-powerpoint": "slides97",
    "application/vnd.ms-outlook": "outlook",
    "application/zip": "zip",
    "application/java-archive": "zip",
    "application/x-ole-storage": "object",
    "application/x-7z-compressed": "7z",
    "application/x-tar": "tar",
    **dict.fromkeys(("application/gzip", "application/x-bzip2", "application/x-xz"), "compressed"),
    **dict.fromkeys(("image/png", "image/jpeg", "image/tiff", "image/gif", "image/bmp", "image/webp"), "picture"),
}
_TEXTUAL = (
    "text/", "message/", "application/json", "application/xml", "application/xhtml", "application/javascript",
    "application/x-sh", "application/x-patch", "application/pgp-signature", "application/pgp-keys", "image/svg+xml",
)  # fmt: skip


@dataclass(frozen=True)
class FileText:
    """`text` is None where a file has none; the notes say why, and what was cut."""

    text: str | None
    notes: list[str] = field(default_factory=list)


def text_of_file(file: File, password: str | None = None) -> FileText:
    """The text of a file, and of those in it. Blocks, for up to the limit of `documents`. What it shows itself to be
    goes before what its sender declared."""
    gathered = Gathered(password, _add_inner)
    for problem in file.problems:
        gathered.note(f"A problem with the file: {problem}.")
    has_text = _add(file, gathered)
    return FileText(gathered.text if has_text else None, gathered.notes)


def _add_inner(name: str, data: bytes, gathered: Gathered) -> None:
    """A file that is in another."""
    _add(File(name, name, _UNNAMED, partial(Decoded, data)), gathered)


def _add(file: File, gathered: Gathered) -> bool:
    """Add the text of a file; whether it has one."""
    kind = _kind(file)
    if file.is_message or kind == _MESSAGE:
        gathered.add(_message(file))
    elif kind == "text/html":
        add_html(file.part.html() if file.part is not None else text_of(file.load().data, "utf-8"), gathered)
    elif kind == "text/calendar":
        _add_calendar(file, gathered)
    elif document := _DOCUMENTS.get(kind.lower()):
        try:
            add_document(document, file.load().data, gathered)
        except Unreadable as error:
            gathered.note(f"The file {error}.")
            return False
    elif kind.startswith(_TEXTUAL):
        _add_plain(file, gathered)
    else:
        gathered.note(f"A file of type {kind} has no text to show.")
        return False
    return True


def _kind(file: File) -> str:
    """The type to read it as."""
    declared, detected = file.declared_type.split(";", 1)[0], file.detected_type
    name = (file.name or "").lower()
    if file.part is None and name.endswith(_MESSAGE_NAMES):
        return _MESSAGE
    if detected is None:
        said_to_be_text = declared.startswith("text/") or name.endswith(_TEXT_NAMES)
        if not said_to_be_text:
            return declared
        if not _looks_like_text(file):
            return _UNNAMED
        return declared if declared.startswith("text/") else "text/plain"
    if detected == "text/plain" and declared.startswith(_TEXTUAL):
        return declared
    if detected.startswith("text/") and declared == "text/calendar":
        return declared
    if detected == "application/x-ole-storage" and (by_name := _encrypted_kind(name)):
        return by_name
    if detected in ("application/zip", "application/x-ole-storage") and declared.lower() in _DOCUMENTS:
        return declared
    return detected


def _encrypted_kind(name: str) -> str | None:
    """What an encrypted Office file is, by its name: by its content nobody can tell."""
    ends = {"docx": "wordprocessingml.document", "pptx": "presentationml.presentation", "xlsx": "spreadsheetml.sheet"}
    found = ends.get(name.rpartition(".")[2].replace("m", "x") if name.endswith("m") else name.rpartition(".")[2])
    return f"{_OFFICE}{found}" if found else None


def _looks_like_text(file: File) -> bool:
    """Whether its bytes are text in the charset that it names, or in one that they look like: some files have a NUL or
    a form feed in them, and none is made of such."""
    sample = text_of(file.load().data[:_SAMPLE_BYTES], _charset(file))
    return len(_CONTROLS.findall(sample)) * 50 <= len(sample)


def _charset(file: File) -> str:
    return file.part.declared_type.parameters.get("charset", "") if file.part else ""


def _add_plain(file: File, gathered: Gathered) -> None:
    data = file.load().data
    if len(data) > TEXT_BYTES:
        gathered.note(f"It is larger than {TEXT_BYTES:,} bytes; the rest was left out.")
    gathered.add(text_of(data[:TEXT_BYTES], _charset(file)))
    gathered.is_full()


def _message(file: File) -> str:
    """An attached message: its fields, its text, its files."""
    return described(read_message(file.load().data, f"{file.id}.1" if file.part is not None else ""))


def described(message: Message) -> str:
    """A message as text, for a reader who has it before them as a file."""
    lines = []
    for name in ("From", "Reply-To", "To", "Cc"):
        if mailboxes := message.addresses(name.lower()):
            lines.append(f"{name}: {', '.join(map(str, mailboxes[:50]))}")
    for name in ("Date", "Subject", "Message-ID"):
        if (value := message.headers.text(name.lower())) is not None:
            lines.append(f"{name}: {value}")

    lines += [
        f"Attachment {each.id}: {each.name or 'without a name'} ({each.declared_type}, {each.size} bytes)"
        for each in message.files
    ]
    return "\n".join([*lines, "", message.text.text])


def _add_calendar(file: File, gathered: Gathered) -> None:
    calendar = read_calendar(file.load().data)
    if not calendar.events:
        why = calendar.problem or "its calendar has no events"
        gathered.note(f"{why[0].upper()}{why[1:]}, so it is shown as it is.")
        _add_plain(file, gathered)
        return

    lines = [f"Method: {calendar.method}"] if calendar.method else []
    for event in calendar.events:
        lines += ["", *_event(event)]
    gathered.add("\n".join(lines).strip())


def _event(event: Event) -> list[str]:
    members: tuple[tuple[str, Callable[[Event], str | None]], ...] = (
        ("Summary", lambda each: each.summary),
        ("Start", lambda each: each.start),
        ("End", lambda each: each.end),
        ("Location", lambda each: each.location),
        ("Organizer", lambda each: each.organizer),
        ("Attendees", lambda each: ", ".join(each.attendees)),
        ("Status", lambda each: each.status),
        ("Recurrence", lambda each: each.recurrence),
        ("Description", lambda each: each.description),
    )
    return [f"{name}: {value}" for name, get in members if (value := get(event))]
