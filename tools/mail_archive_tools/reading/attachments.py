"""A file that came with a message as text: which reader is for it, and what is said where there is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mail_archive_tools.documents import Kind, Unreadable, read_document
from mail_archive_tools.mime.carried.calendar import Event, read_calendar
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import Message, read_message
from mail_archive_tools.mime.structure import text_of

TEXT_BYTES = 10_000_000
"""How much of a file of plain text is read."""

_SAMPLE_BYTES = 65_536
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_TEXT_NAMES = (".txt", ".csv", ".tsv", ".log", ".md", ".ini", ".json", ".xml", ".yaml", ".yml", ".sql")

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
    "application/zip": "zip",
    "application/java-archive": "zip",
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


def text_of_file(file: File) -> FileText:
    """The text of a file. Blocks, for up to the limit of `read_document`. What it shows itself to be goes before what
    its sender declared."""
    kind = _kind(file)
    notes = [f"A problem with the file: {problem}." for problem in file.problems]
    if file.is_message and file.part is not None:
        return FileText(_message(file), notes)
    if kind == "text/html":
        read = read_html(_html(file))
        hidden = sum(read.hidden.values())
        notes += [f"{hidden} words that its HTML hides from a reader were left out."] if hidden else []
        notes += [f"{read.cut}."] if read.cut else []
        return FileText(read.text, notes)
    if kind == "text/calendar":
        return _calendar(file, notes)
    if document := _DOCUMENTS.get(kind.lower()):
        try:
            found = read_document(document, file.load().data)
        except Unreadable as error:
            return FileText(None, [*notes, f"The file {error}."])
        return FileText(found.text, [*notes, *found.notes])
    if kind.startswith(_TEXTUAL):
        return _plain(file, notes)
    return FileText(None, [*notes, f"A file of type {kind} has no text to show."])


def _kind(file: File) -> str:
    """The type to read it as."""
    declared, detected = file.declared_type.split(";", 1)[0], file.detected_type
    if detected is None:
        said_to_be_text = declared.startswith("text/") or (file.name or "").lower().endswith(_TEXT_NAMES)
        if not said_to_be_text:
            return declared
        if not _looks_like_text(file):
            return "application/octet-stream"
        return declared if declared.startswith("text/") else "text/plain"
    if detected == "text/plain" and declared.startswith(_TEXTUAL):
        return declared
    if detected.startswith("text/") and declared == "text/calendar":
        return declared
    if detected in ("application/zip", "application/x-ole-storage") and declared.lower() in _DOCUMENTS:
        return declared
    return detected


def _looks_like_text(file: File) -> bool:
    """Whether its bytes are text in the charset that it names, or in one that they look like: some files have a NUL or
    a form feed in them, and none is made of such."""
    sample = text_of(file.load().data[:_SAMPLE_BYTES], _charset(file))
    return len(_CONTROLS.findall(sample)) * 50 <= len(sample)


def _charset(file: File) -> str:
    return file.part.declared_type.parameters.get("charset", "") if file.part else ""


def _plain(file: File, notes: list[str]) -> FileText:
    data = file.load().data
    if len(data) > TEXT_BYTES:
        notes.append(f"It is larger than {TEXT_BYTES:,} bytes; the rest was left out.")
    return FileText(text_of(data[:TEXT_BYTES], _charset(file)), notes)


def _html(file: File) -> str:
    return file.part.html() if file.part is not None else text_of(file.load().data, "utf-8")


def _message(file: File) -> str:
    """An attached message: its fields, its text, its files."""
    assert file.part is not None
    return described(read_message(file.load().data, f"{file.id}.1"))


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


def _calendar(file: File, notes: list[str]) -> FileText:
    calendar = read_calendar(file.load().data)
    if not calendar.events:
        why = calendar.problem or "its calendar has no events"
        return _plain(file, [*notes, f"{why[0].upper()}{why[1:]}, so it is shown as it is."])

    lines = [f"Method: {calendar.method}"] if calendar.method else []
    for event in calendar.events:
        lines += ["", *_event(event)]
    return FileText("\n".join(lines).strip(), notes)


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
