"""What about a file that came with a message deserves a second look: its names, its kind, what acts inside it."""

import io
import re
import zipfile
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding, Weight
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.sniff import BROKEN_ZIP

_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RUNS = frozenset(
    (
        "exe scr com bat cmd pif vbs vbe js jse wsf wsh hta msi msp ps1 lnk jar cpl dll reg iso img vhd chm one docm "
        "xlsm pptm xlam appref-ms application url library-ms"
    ).split()
)
_FORM = re.compile(rb"<form\b|<input\b[^>]{0,500}\bpassword\b", re.IGNORECASE)
_SEARCHED_BYTES = 1_000_000
_DIRECTORY_ENTRY = b"PK\x01\x02"
_MOST_MEMBERS = 5_000
_ENCRYPTED = 1


def in_file(file: File) -> Iterator[Finding]:
    """The findings of one file."""
    name = file.name or ""
    if file.type_differs:
        yield Finding("file", f"{file.id} {name} is declared as {file.declared_type}, but is {file.detected_type}.")
    if file.several_names:
        yield Finding("file", f"{file.id} {name} has several names in its header fields.")
    if _OVERRIDES.search(name):
        yield Finding(
            "file", f"{file.id} {name} has characters in its name that turn the reading direction.", Weight.HEAVY
        )
    if "/" in name or "\\" in name or "\0" in name:
        yield Finding("file", f"{file.id} {name[:100]} has a path in its name.")
    extension = _extension(name)
    if extension in _RUNS:
        yield Finding("file", f"{file.id} {name[:100]} is of a kind that can run (.{extension}).", Weight.HEAVY)
    elif file.detected_type in (
        "application/vnd.microsoft.portable-executable",
        "application/x-elf",
        "application/x-ms-shortcut",
    ):
        yield Finding("file", f"{file.id} {name[:100]} is a program.", Weight.HEAVY)
    yield from _inside(file, name)
    if file.declared_type in ("message/external-body", "message/partial"):
        yield Finding("file", f"{file.id} is {file.declared_type}: its content is elsewhere, and was not fetched.")


def _inside(file: File, name: str) -> Iterator[Finding]:
    """What a file holds that acts: a form in HTML, programs in a zip."""
    if file.is_html:
        if _FORM.search(file.load().data[:_SEARCHED_BYTES]):
            yield Finding(
                "file",
                f"{file.id} {name[:100]} is HTML with a form, which sends what is typed elsewhere.",
                Weight.HEAVY,
            )
    elif file.detected_type == "application/zip":
        members = _members(file.load().data)
        programs = [each.filename for each in members if _extension(each.filename) in _RUNS]
        locked = "is encrypted, and " if any(each.flag_bits & _ENCRYPTED for each in members) else ""
        if programs:
            yield Finding(
                "file",
                f"{file.id} {name[:100]} {locked}holds {programs[0][:100]}, of a kind that can run.",
                Weight.HEAVY,
            )


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
    return name.rstrip(". ").rpartition(".")[2].lower()
