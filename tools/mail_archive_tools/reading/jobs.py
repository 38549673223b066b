"""What workers do: each job makes JSON of bytes that strangers wrote. Imported by worker processes alone."""

from typing import Any

from mail_archive_tools.documents import broken, scans
from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.lookalikes import registrable
from mail_archive_tools.mime.fields.headers import read_headers
from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.reading.all_files import text_of_all
from mail_archive_tools.reading.attachments import text_of_file
from mail_archive_tools.reading.describing import describe
from mail_archive_tools.untrusted import clean_text


def message(raw: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """What is told of a message. `context` are the members of a `Context`."""
    return describe(read_message(raw), _context(**context))


def header_fields(raw: bytes, context: dict[str, Any]) -> dict[str, Any]:
    """What is told of a message by its header fields alone: for one that cannot be read whole."""
    header_section = raw[: read_headers(raw).body_start]
    return describe(read_message(header_section), _context(**context), whole=False)


def _context(
    trusted_ids: list[str],
    known: list[str],
    keys: dict[str, str],
    received_from: str | None = None,
    told: dict[str, str] | None = None,
    envelope_from: str | None = None,
) -> Context:
    return Context(tuple(trusted_ids), tuple(known), keys, received_from, told, envelope_from)


def file(raw: bytes, file_id: str, password: str | None = None) -> dict[str, Any] | None:
    """The text of a file that came with a message, and of those in it; None: the message has no such file."""
    for each in read_message(raw).files:
        if each.id != file_id:
            continue
        found = text_of_file(each, password)
        text = None if found.text is None else clean_text(found.text)
        return {"text": text, "notes": found.notes}
    return None


def all_files(raw: bytes) -> dict[str, Any]:
    """What all files of a message say."""
    return text_of_all(read_message(raw))


def html(source: bytes) -> dict[str, Any]:
    """What a reader sees of HTML in UTF-8, and how many words it hides from one."""
    read = read_html(source.decode("utf-8", "surrogatepass"))
    return {"text": clean_text(read.text), "hidden_words": sum(read.hidden.values()), "cut": read.cut}


_NOTHING_KNOWN: dict[str, Any] = {"trusted_ids": [], "known": [], "keys": {}}
_LETTER = (
    b"From: Nora <nora@a.example>\r\nTo: team@b.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n"
    b"Date: Tue, 3 Jun 2025 10:00:00 +0200\r\nMessage-ID: <sample@a.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
    b"<style>.h {display: none}</style><p>caf\xe9</p><p class=h>unseen</p><a href=https://c.example/>a link</a>\r\n"
    b"--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n"
    b"one,two\r\n--b--\r\n"
)


def sample() -> None:
    """Read a letter, to see that it can be read here.

    Raises:
        ValueError: what it says is not what was found.
    """
    told = message(_LETTER, _NOTHING_KNOWN)
    opened = file(_LETTER, "2")
    if "café" not in told["text"]["whole"] or opened is None or "two" not in str(opened["text"]):
        raise ValueError("the sample was read as something else")


SAMPLE = sample
"""What each worker reads before it reads anything else."""


def warm_up() -> None:
    """Have made once what is made when it is first needed: the list of public suffixes, and what tells charsets."""
    sample()
    of_no_charset = b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0. " * 40
    message(_LETTER.replace(b"; charset=iso-8859-1", b"").replace(b"caf\xe9", of_no_charset), _NOTHING_KNOWN)
    registrable("c.example")


WARM_UP = warm_up
"""Done once for all workers, by what they are copies of."""

LATER = (
    "cryptography.hazmat.primitives.asymmetric.rsa", "icalendar", "olefile", "mail_archive_tools.documents.pdf",
    "mail_archive_tools.documents.office.sheets", "mail_archive_tools.documents.office.text",
    "mail_archive_tools.documents.outlook", "msoffcrypto", "compressed_rtf", "py7zr", "pyzipper",
)  # fmt: skip
"""What only some mail takes, and what takes long to load: it is loaded while little is to do."""


def is_spent() -> bool:
    """Whether this process is to read nothing more, since a parser failed in it."""
    return bool(broken)


IS_SPENT = is_spent

FOLDERS = scans.folders()
"""What the program that reads pictures is made of."""

JOBS = {"message": message, "header_fields": header_fields, "file": file, "all_files": all_files, "html": html}
