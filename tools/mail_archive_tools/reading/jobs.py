"""What workers do: each job makes JSON of bytes that strangers wrote. Imported by worker processes alone."""

from typing import Any

from mail_archive_tools.documents import scans
from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.reading.attachments import text_of_file
from mail_archive_tools.reading.describing import describe
from mail_archive_tools.untrusted import clean_text


def message(raw: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """What is told of a message. `context` are the members of a `Context`."""
    return describe(read_message(raw), _context(**context))


def header_fields(raw: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """What is told of a message by its header fields alone: for one that cannot be read whole."""
    return describe(read_message(raw[: read_headers(raw).body_start]), _context(**context), whole=False)


def _context(
    trusted_ids: list[str], known: list[str], keys: dict[str, str], told: dict[str, str] | None = None
) -> Context:
    return Context(tuple(trusted_ids), tuple(known), keys, told)


def file(raw: bytes, file_id: str, password: str | None = None) -> dict[str, Any] | None:
    """The text of a file that came with a message, and of those in it; None: the message has no such file."""
    for each in read_message(raw).files:
        if each.id == file_id:
            found = text_of_file(each, password)
            return {"text": None if found.text is None else clean_text(found.text), "notes": found.notes}
    return None


def html(source: bytes) -> dict[str, Any]:
    """What a reader sees of HTML in UTF-8, and how many words it hides from one."""
    read = read_html(source.decode("utf-8", "surrogatepass"))
    return {"text": clean_text(read.text), "hidden_words": sum(read.hidden.values()), "cut": read.cut}


FOLDERS = scans.folders()
"""What the program that reads pictures is made of."""

JOBS = {"message": message, "header_fields": header_fields, "file": file, "html": html}
