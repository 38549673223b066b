"""A file that came with a message as text: which reader is for it, and what is said where there is none."""

import re
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

_MAILBOXES = 50
"""How many of a field of an attached message are shown."""
_SAMPLE_BYTES = 65_536
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_TEXT_NAMES = (".txt", ".csv", ".tsv", ".log", ".md", ".ini", ".json", ".xml", ".yaml", ".yml", ".sql")
_MESSAGE_NAMES = (".eml", ".mht", ".mhtml")
_MESSAGE = "message/rfc822"
_UNNAMED = "application/octet-stream"
_OLE = "application/x-ole-storage"

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
    _OLE: "object",
    "application/x-7z-compressed": "7z",
    "application/x-tar": "tar",
    **dict.fromkeys(("application/gzip", "application/x-bzip2", "application/x-xz"), "compressed"),
    **dict.fromkeys(("image/png", "image/jpeg", "image/tiff", "image/gif", "image/bmp", "image/webp"), "picture"),
}
_OF_OFFICE = {
    "docx": "wordprocessingml.document",
    "pptx": "presentationml.presentation",
    "xlsx": "spreadsheetml.sheet",
}
"""What stands behind `_OFFICE` in the type of a file, by the end of its name."""
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
        add_html(_html(file), gathered)
    elif kind == "text/calendar":
        _add_calendar(file, gathered)
    elif kind.lower() in _DOCUMENTS:
        try:
            add_document(_DOCUMENTS[kind.lower()], file.load().data, gathered)
        except Unreadable as error:
            gathered.note(f"The file {error}.")
            return False
    elif kind.startswith(_TEXTUAL):
        _add_plain(file, gathered)
    else:
        gathered.note(f"A file of type {kind} has no text to show.")
        return False
    return True


def _html(file: File) -> str:
    if file.part is not None:
        return file.part.html()
    return text_of(file.load().data, "utf-8")


def _kind(file: File) -> str:
    """The type to read it as."""
    declared = file.declared_type.split(";", 1)[0]
    detected = file.detected_type
    name = (file.name or "").lower()
    if file.part is None and name.endswith(_MESSAGE_NAMES):
        return _MESSAGE
    if detected is None:
        return _undetected_kind(file, declared, name)

    # What is found in plain text, or in a container, says less than what was declared.
    if detected == "text/plain" and declared.startswith(_TEXTUAL):
        return declared
    if detected.startswith("text/") and declared == "text/calendar":
        return declared
    if detected == _OLE:
        encrypted = _encrypted_kind(name)
        if encrypted is not None:
            return encrypted
    if detected in ("application/zip", _OLE) and declared.lower() in _DOCUMENTS:
        return declared
    return detected


def _undetected_kind(file: File, declared: str, name: str) -> str:
    """The type of a file whose content is of no known form: text where it is said to be text, and looks like it."""
    is_declared_text = declared.startswith("text/")
    if not is_declared_text and not name.endswith(_TEXT_NAMES):
        return declared
    if not _looks_like_text(file):
        return _UNNAMED
    return declared if is_declared_text else "text/plain"


def _encrypted_kind(name: str) -> str | None:
    """What an encrypted Office file is, by its name: in its container is one stream of ciphertext (MS-OFFCRYPTO, 1.3),
    of which nobody can tell."""
    end = name.rpartition(".")[2]
    if end.endswith("m"):
        # With macros.
        end = end.replace("m", "x")
    found = _OF_OFFICE.get(end)
    return f"{_OFFICE}{found}" if found else None


def _looks_like_text(file: File) -> bool:
    """Whether its bytes are text in the charset that it names, or in one that they look like."""
    sample = text_of(file.load().data[:_SAMPLE_BYTES], _charset(file))
    # Some texts have a NUL or a form feed in them, none has them everywhere.
    return len(_CONTROLS.findall(sample)) * 50 <= len(sample)


def _charset(file: File) -> str:
    if file.part is None:
        return ""
    return file.part.declared_type.parameters.get("charset", "")


def _add_plain(file: File, gathered: Gathered) -> None:
    data = file.load().data
    if len(data) > TEXT_BYTES:
        gathered.note(f"It is larger than {TEXT_BYTES:,} bytes; the rest was left out.")
    gathered.add(text_of(data[:TEXT_BYTES], _charset(file)))
    gathered.is_full()


def _message(file: File) -> str:
    """An attached message: its fields, its text, its files."""
    first_id = "" if file.part is None else f"{file.id}.1"
    return described(read_message(file.load().data, first_id))


def described(message: Message) -> str:
    """A message as text, for a reader who has it before them as a file."""
    lines = []
    for name in ("From", "Reply-To", "To", "Cc"):
        mailboxes = message.addresses(name.lower())
        if mailboxes:
            lines.append(f"{name}: {', '.join(map(str, mailboxes[:_MAILBOXES]))}")

    for name in ("Date", "Subject", "Message-ID"):
        value = message.headers.text(name.lower())
        if value is not None:
            lines.append(f"{name}: {value}")

    for file in message.files:
        called = file.name or "without a name"
        lines.append(f"Attachment {file.id}: {called} ({file.declared_type}, {file.size} bytes)")
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
    members = {
        "Summary": event.summary,
        "Start": event.start,
        "End": event.end,
        "Location": event.location,
        "Organizer": event.organizer,
        "Attendees": ", ".join(event.attendees),
        "Status": event.status,
        "Recurrence": event.recurrence,
        "Description": event.description,
    }
    return [f"{name}: {value}" for name, value in members.items() if value]
