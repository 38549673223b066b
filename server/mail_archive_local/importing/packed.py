"""What an object of an export is, told by its bytes: a message or an mbox of them, JSON about messages, or such in gzip
or zip."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mail_archive_local.importing.beside import Beside, records_of
from mail_archive_local.importing.sources import FROM_LINE, MESSAGE_BYTES, looks_like_mail, split_mbox, unquoted

JSON_BYTES = 40_000_000
"""The longest JSON that is read."""
MEMBERS = 300_000
"""Files in one zip that are read at most."""
DEEPEST = 3
"""How many packings may stand in each other."""

# How a file of gzip begins that is deflated (RFC 1952, section 2.3.1), and a zip (APPNOTE, section 4.3.7).
_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
_GZIP_FORMAT = 31
"""What zlib calls gzip with a window of any size: 16 and 15."""
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_PEEK_BYTES = 1_000_000


@dataclass(frozen=True)
class Unpacked:
    """A message, or the records of JSON, and where it was."""

    origin: str
    content: bytes | list[Beside]


@dataclass(frozen=True)
class Unread:
    """What is no message and no JSON about any, or could not be had, and why."""

    origin: str
    reason: str


def unpacked(origin: str, content: bytes, depth: int = 0) -> Iterator[Unpacked | Unread]:
    """All that is in an object. Never raises on what it holds."""
    if depth > DEEPEST:
        yield Unread(origin, f"is packed more than {DEEPEST} times")
    elif content.startswith(_GZIP):
        yield from _from_gzip(origin, content, depth)
    elif content.startswith(_ZIP):
        yield from _from_zip(origin, content, depth)
    elif _JSON.match(content):
        yield _from_json(origin, content)
    elif not content:
        yield Unread(origin, "is empty")
    elif FROM_LINE.match(content):
        yield from _from_mbox(origin, content)
    elif len(content) > MESSAGE_BYTES:
        yield Unread(origin, f"is larger than a message may be ({MESSAGE_BYTES // 1_000_000} MB)")
    elif looks_like_mail(content[:_PEEK_BYTES]):
        yield Unpacked(origin, content)
    else:
        yield Unread(origin, "is neither mail nor JSON")


def _from_gzip(origin: str, content: bytes, depth: int) -> Iterator[Unpacked | Unread]:
    decompressor = zlib.decompressobj(_GZIP_FORMAT)
    try:
        inner = decompressor.decompress(content, MESSAGE_BYTES + 1)
    except zlib.error:
        yield Unread(origin, "is gzip that is damaged")
        return

    if len(inner) > MESSAGE_BYTES:
        yield Unread(origin, f"holds more than a message may ({MESSAGE_BYTES // 1_000_000} MB)")
    elif not decompressor.eof:
        yield Unread(origin, "is gzip that is cut off")
    else:
        yield from unpacked(origin, inner, depth + 1)


def _from_zip(origin: str, content: bytes, depth: int) -> Iterator[Unpacked | Unread]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.infolist()[:MEMBERS]:
                if not member.is_dir():
                    yield from _from_member(f"{origin}/{member.filename}", packed, member, depth)
            if len(packed.infolist()) > MEMBERS:
                yield Unread(origin, f"has more than {MEMBERS:,} files: the others were not read")
    except (zipfile.BadZipFile, OSError, ValueError):
        yield Unread(origin, "is a zip that is damaged")


def _from_member(
    origin: str, packed: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int
) -> Iterator[Unpacked | Unread]:
    try:
        with packed.open(member) as file:
            # What the directory says of its size need not be so.
            inner = file.read(MESSAGE_BYTES + 1)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        # Of an encrypted file, zipfile says so in the words of a RuntimeError alone.
        if "encrypted" in str(error):
            yield Unread(origin, "is encrypted")
        else:
            yield Unread(origin, "cannot be unpacked")
        return

    yield from unpacked(origin, inner, depth + 1)


def _from_mbox(origin: str, content: bytes) -> Iterator[Unpacked | Unread]:
    for number, (raw, size) in enumerate(split_mbox(io.BytesIO(content)), 1):
        where = f"{origin} (message {number})"
        if raw:
            yield Unpacked(where, unquoted(raw))
        elif size:
            yield Unread(where, f"is larger than a message may be ({size:,} bytes)")
        else:
            yield Unread(where, "is empty")


def _from_json(origin: str, content: bytes) -> Unpacked | Unread:
    if len(content) > JSON_BYTES:
        return Unread(origin, f"is JSON of more than {JSON_BYTES // 1_000_000} MB")
    try:
        documents = _documents(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return Unread(origin, "looks like JSON, and is none")

    records = [record for each in documents for record in records_of(each)]
    if not any(record.says_anything for record in records):
        return Unread(origin, "is JSON that says nothing of a message")
    return Unpacked(origin, records)


def _documents(text: str) -> list[Any]:
    """One of JSON, or one on each line (JSON Lines).

    Raises:
        ValueError, RecursionError: it is neither.
    """
    try:
        return [json.loads(text)]
    except ValueError:
        lines = (line for line in text.splitlines() if line.strip())
        return [json.loads(line) for line in lines]
