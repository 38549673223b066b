"""Transport Neutral Encapsulation Format (MS-OXTNEF), the `winmail.dat` of Outlook: the files in it and its text."""

from collections.abc import Iterator
from typing import NamedTuple

from mail_archive_tools.mime.codecs import charsets

MAX_FILES = 200
"""Files read of one."""

_SIGNATURE = 0x223E9F78
_START_BYTES, _HEAD_BYTES, _CHECKSUM_BYTES = 6, 9, 2
_LOOSE_END_BYTES = 4
_ATTACH_DATA, _ATTACH_TITLE, _ATTACH_RENDER, _ATTACHMENT = 0x6800F, 0x18010, 0x69002, 0x69005
_BODY, _MESSAGE_PROPERTIES = 0x2800C, 0x69003
_PT_OBJECT, _PT_STRING8, _PT_UNICODE, _PT_BINARY = 0x000D, 0x001E, 0x001F, 0x0102
_LONG_FILENAME, _FILENAME, _DATA, _MIME_TAG = 0x3707, 0x3704, 0x3701, 0x370E
_HTML, _PLAIN, _RTF = 0x1013, 0x1000, 0x1009
_RTF_BYTES = 5_000_000
_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8}
_FIXED_GUID = {0x0048: 16}
_MAX_PROPERTIES = 10_000


class TnefFile(NamedTuple):
    name: str
    content: bytes
    media_type: str | None


class Tnef(NamedTuple):
    """`text`, `html` and `rtf` are the message's own, where it has them; `rtf` is empty where it cannot be unpacked.
    `problem` says what is missing."""

    files: tuple[TnefFile, ...]
    text: str | None = None
    html: str | None = None
    problem: str | None = None
    rtf: bytes | None = None


class _Attribute(NamedTuple):
    identifier: int
    data: bytes


def read_tnef(data: bytes) -> Tnef:
    """What is in a TNEF stream, as far as it can be read. Never raises; a length that lies ends the reading."""
    if int.from_bytes(data[:4], "little") != _SIGNATURE:
        return Tnef((), problem="it is marked as TNEF and is none")

    attributes = list(_attributes(data))
    text, html, rtf = _message_text(attributes)
    read = sum(_HEAD_BYTES + len(each.data) + _CHECKSUM_BYTES for each in attributes) + _START_BYTES
    # Some writers end with a few bytes more.
    problem = None if read >= len(data) - _LOOSE_END_BYTES else "its TNEF breaks off"
    if rtf == b"":
        problem = problem or "its RTF body cannot be unpacked"
    return Tnef(_files(attributes), text, html, problem, rtf)


def uncompressed_rtf(data: bytes) -> bytes:
    """RTF as Outlook packs it (MS-OXRTFCP), unpacked; nothing where it is broken."""
    # Imported here, as few messages need it.
    from compressed_rtf import decompress

    try:
        return bytes(decompress(data[:_RTF_BYTES]))
    except Exception:  # noqa: BLE001 - it raises Exception itself, for want of a kind of its own
        return b""


def _files(attributes: list[_Attribute]) -> tuple[TnefFile, ...]:
    """The attachments: each begins with its rendering (MS-OXTNEF 2.1.3.3.14), and what follows is about it."""
    found: list[dict[int, bytes]] = []
    for each in attributes:
        if each.identifier == _ATTACH_RENDER:
            if len(found) == MAX_FILES:
                break
            found.append({})
        elif not found:
            continue
        elif each.identifier == _ATTACH_DATA:
            found[-1].setdefault(_DATA, each.data)
        elif each.identifier == _ATTACH_TITLE:
            found[-1].setdefault(_FILENAME, each.data)
        elif each.identifier == _ATTACHMENT:
            found[-1].update(_properties(each.data))

    return tuple(_file(each) for each in found if _DATA in each)


def _message_text(attributes: list[_Attribute]) -> tuple[str | None, str | None, bytes | None]:
    """The message's own text, HTML and RTF: the text as an attribute goes before the one among the properties."""
    text = html = rtf = None
    for each in attributes:
        if each.identifier == _BODY:
            text = _text(each.data)
        elif each.identifier == _MESSAGE_PROPERTIES:
            properties = _properties(each.data)
            if _HTML in properties:
                html = _text(properties[_HTML])
            if _PLAIN in properties and text is None:
                text = _text(properties[_PLAIN])
            if _RTF in properties:
                rtf = uncompressed_rtf(properties[_RTF])

    return text, html, rtf


def _file(found: dict[int, bytes]) -> TnefFile:
    name = _text(found.get(_LONG_FILENAME) or found.get(_FILENAME) or b"")
    kind = found.get(_MIME_TAG)
    return TnefFile(name, found[_DATA], _text(kind).lower() if kind else None)


def _text(data: bytes) -> str:
    return charsets.decode(data.rstrip(b"\0"))


def _attributes(data: bytes) -> Iterator[_Attribute]:
    position = _START_BYTES
    while position + _HEAD_BYTES <= len(data):
        identifier = int.from_bytes(data[position + 1 : position + 5], "little")
        size = int.from_bytes(data[position + 5 : position + 9], "little")
        end = position + _HEAD_BYTES + size
        if end > len(data):
            return
        yield _Attribute(identifier, data[position + _HEAD_BYTES : end])
        position = end + _CHECKSUM_BYTES


def _properties(data: bytes) -> dict[int, bytes]:
    """The MAPI properties that hold text or bytes, by their number; the first value of each."""
    found: dict[int, bytes] = {}
    position = 4
    for _ in range(min(int.from_bytes(data[:4], "little"), _MAX_PROPERTIES)):
        if position + 4 > len(data):
            break
        kind = int.from_bytes(data[position : position + 2], "little")
        number = int.from_bytes(data[position + 2 : position + 4], "little")
        position = _after_name(data, position + 4) if number >= 0x8000 else position + 4
        value, position = _values(data, position, kind)
        if position < 0:
            break
        if value is not None:
            found.setdefault(number, value)

    return found


def _after_name(data: bytes, position: int) -> int:
    """Where the value of a named property begins."""
    if int.from_bytes(data[position + 16 : position + 20], "little") == 0:
        return position + 24
    size = int.from_bytes(data[position + 20 : position + 24], "little")
    return position + 24 + _padded(size)


def _values(data: bytes, position: int, kind: int) -> tuple[bytes | None, int]:
    """The first value of a property, and where the next property begins; -1 where that cannot be told."""
    base, several = kind & 0x0FFF, bool(kind & 0x1000)
    fixed = {**_FIXED, **_FIXED_GUID}.get(base)
    count = 1
    if several or fixed is None:
        count, position = int.from_bytes(data[position : position + 4], "little"), position + 4
    if fixed is not None:
        return None, position + fixed * count if count <= len(data) else -1
    if base not in (_PT_OBJECT, _PT_STRING8, _PT_UNICODE, _PT_BINARY):
        return None, -1
    first: bytes | None = None
    for _ in range(min(count, _MAX_PROPERTIES)):
        size = int.from_bytes(data[position : position + 4], "little")
        if position + 4 + size > len(data):
            return first, -1
        value = data[position + 4 : position + 4 + size]
        if first is None:
            first = _in_utf8(value, base)
        position += 4 + _padded(size)

    return first, position


def _in_utf8(value: bytes, base: int) -> bytes:
    if base == _PT_UNICODE:
        return value.decode("utf-16-le", "replace").encode()
    # An object begins with the identifier of its interface.
    return value[16:] if base == _PT_OBJECT else value


def _padded(size: int) -> int:
    return size + -size % 4
