"""What about a file that came with a message deserves a second look: its names, its kind, what acts inside it."""

import io
import re
import zipfile
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.sniff import BROKEN_ZIP

# Marks that turn the direction of reading: with one, "gpj.exe" is shown as "exe.jpg".
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RUNS = frozenset(
    (
        "exe scr com bat cmd pif vbs vbe js jse wsf wsh hta msi msp ps1 lnk jar cpl dll reg iso img vhd chm one docm "
        "xlsm pptm xlam appref-ms application url library-ms"
    ).split()
)
_PROGRAMS = (
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-ms-shortcut",
)
# RFC 2046, 5.2.2 and 5.2.3.
_ELSEWHERE = ("message/external-body", "message/partial")
_OF_SIGNATURES = (
    "application/pgp-signature",
    "application/pgp-keys",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_FORM = re.compile(rb"<form\b|<input\b[^>]{0,500}\bpassword\b", re.IGNORECASE)
_SEARCHED_BYTES = 1_000_000

# Of zip: what each entry of the directory begins with (APPNOTE.TXT, 4.3.12), and the flag of an encrypted one (4.4.4).
_DIRECTORY_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 1
_MOST_MEMBERS = 5_000


def in_file(file: File) -> Iterator[Finding]:
    """The findings of one file."""
    name = file.name or ""
    if file.type_differs:
        types = f"is declared as {file.declared_type}, but is {file.detected_type}"
        yield Finding("type-differs", f"{file.id} {name} {types}.")
    yield from _in_name(file, name)

    extension = _extension(name)
    if extension in _RUNS:
        yield Finding("runs", f"{file.id} {name[:100]} is of a kind that can run (.{extension}).")
    elif file.detected_type in _PROGRAMS:
        yield Finding("program", f"{file.id} {name[:100]} is a program.")

    if file.is_html:
        yield from _in_html(file, name)
    elif file.detected_type == "application/zip":
        yield from _in_zip(file, name)
    if file.declared_type in _ELSEWHERE:
        yield Finding(
            "content-elsewhere", f"{file.id} is {file.declared_type}: its content is elsewhere, and was not fetched."
        )


def _in_name(file: File, name: str) -> Iterator[Finding]:
    # Thunderbird calls its signature OpenPGP_signature in one field and OpenPGP_signature.asc in another.
    if file.several_names and file.declared_type not in _OF_SIGNATURES:
        yield Finding("several-names", f"{file.id} {name} has several names in its header fields.")
    if _OVERRIDES.search(name):
        yield Finding("turned-name", f"{file.id} {name} has characters in its name that turn the reading direction.")
    if any(each in name for each in "/\\\0"):
        yield Finding("path-in-name", f"{file.id} {name[:100]} has a path in its name.")


def _in_html(file: File, name: str) -> Iterator[Finding]:
    if _FORM.search(file.load().data[:_SEARCHED_BYTES]):
        yield Finding("html-form", f"{file.id} {name[:100]} is HTML with a form, which sends what is typed elsewhere.")


def _in_zip(file: File, name: str) -> Iterator[Finding]:
    members = _members(file.load().data)
    programs = [each.filename for each in members if _extension(each.filename) in _RUNS]
    if not programs:
        return

    is_locked = any(each.flag_bits & _ENCRYPTED for each in members)
    locked = "is encrypted, and " if is_locked else ""
    yield Finding("runs-in-zip", f"{file.id} {name[:100]} {locked}holds {programs[0][:100]}, of a kind that can run.")


def _members(data: bytes) -> list[zipfile.ZipInfo]:
    """What is in a zip, by its directory; none of it is unpacked."""
    if data.count(_DIRECTORY_ENTRY) > _MOST_MEMBERS:
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return opened.infolist()
    except BROKEN_ZIP:
        return []


def _extension(name: str) -> str:
    # Windows leaves out dots and spaces at the end of a name: "a.exe. " is "a.exe".
    return name.rstrip(". ").rpartition(".")[2].lower()
