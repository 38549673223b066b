"""Transport Neutral Encapsulation Format (MS-OXTNEF), the `winmail.dat` of Outlook: the files in it and its text."""

from collections.abc import Iterator
from typing import NamedTuple

from mail_archive_tools.mime.codecs import charsets

MAX_FILES = 200
"""Files read of one."""

_SIGNATURE = 0x223E9F78
_START_BYTES = 6
_HEAD_BYTES = 9
_CHECKSUM_BYTES = 2
_LOOSE_END_BYTES = 4

# Attributes (MS-OXTNEF, 2.1.3.3).
_ATTACH_DATA = 0x6800F
_ATTACH_TITLE = 0x18010
_ATTACH_RENDER = 0x69002
_ATTACHMENT = 0x69005
_BODY = 0x2800C
_MESSAGE_PROPERTIES = 0x69003

# Properties (MS-OXPROPS).
_LONG_FILENAME = 0x3707
_FILENAME = 0x3704
_DATA = 0x3701
_MIME_TAG = 0x370E
_HTML = 0x1013
_PLAIN = 0x1000
_RTF = 0x1009
_FIRST_NAMED = 0x8000

# Types of properties (MS-OXCDATA, 2.11.1): those of any length, and those of a length, with that in bytes.
_PT_OBJECT = 0x000D
_PT_STRING8 = 0x001E
_PT_UNICODE = 0x001F
_PT_BINARY = 0x0102
_OF_ANY_LENGTH = (_PT_OBJECT, _PT_STRING8, _PT_UNICODE, _PT_BINARY)
_FIXED = {
    0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8,
    0x0048: 16,
}  # fmt: skip
_SEVERAL_VALUES = 0x1000
_TYPE = 0x0FFF

_RTF_BYTES = 5_000_000
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
    if _number(data, 0) != _SIGNATURE:
        return Tnef((), problem="it is marked as TNEF and is none")

    attributes = list(_attributes(data))
    text, html, rtf = _message_text(attributes)

    problem = None
    sizes = (_HEAD_BYTES + len(each.data) + _CHECKSUM_BYTES for each in attributes)
    read = _START_BYTES + sum(sizes)
    # Some writers end with a few bytes more.
    if read < len(data) - _LOOSE_END_BYTES:
        problem = "its TNEF breaks off"
    elif rtf == b"":
        problem = "its RTF body cannot be unpacked"
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
    """The attachments: each begins with its rendering (MS-OXTNEF, 2.1.3.3.15), and what follows is about it."""
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


def _file(found: dict[int, bytes]) -> TnefFile:
    name = found.get(_LONG_FILENAME) or found.get(_FILENAME) or b""
    kind = found.get(_MIME_TAG)
    media_type = _text(kind).lower() if kind else None
    return TnefFile(_text(name), found[_DATA], media_type)


def _message_text(attributes: list[_Attribute]) -> tuple[str | None, str | None, bytes | None]:
    """The message's own text, HTML and RTF: the text as an attribute goes before the one among the properties."""
    text = html = rtf = None
    for each in attributes:
        if each.identifier == _BODY:
            text = _text(each.data)
            continue
        if each.identifier != _MESSAGE_PROPERTIES:
            continue

        properties = _properties(each.data)
        if _HTML in properties:
            html = _text(properties[_HTML])
        if _PLAIN in properties and text is None:
            text = _text(properties[_PLAIN])
        if _RTF in properties:
            rtf = uncompressed_rtf(properties[_RTF])

    return text, html, rtf


def _text(data: bytes) -> str:
    # Strings end with a NUL.
    return charsets.decode(data.rstrip(b"\0"))


def _attributes(data: bytes) -> Iterator[_Attribute]:
    """Each is a level, an identifier, a length, data and a checksum (MS-OXTNEF, 2.1.3)."""
    position = _START_BYTES
    while position + _HEAD_BYTES <= len(data):
        identifier = _number(data, position + 1)
        start = position + _HEAD_BYTES
        end = start + _number(data, position + 5)
        if end > len(data):
            return
        yield _Attribute(identifier, data[start:end])
        position = end + _CHECKSUM_BYTES


def _properties(data: bytes) -> dict[int, bytes]:
    """The MAPI properties that hold text or bytes, by their number; the first value of each."""
    found: dict[int, bytes] = {}
    count = _number(data, 0)
    position = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        if position + 4 > len(data):
            break
        kind = _number(data, position, 2)
        number = _number(data, position + 2, 2)
        position += 4
        if number >= _FIRST_NAMED:
            position = _after_name(data, position)

        value, after = _values(data, position, kind)
        if after is None:
            break
        if value is not None:
            found.setdefault(number, value)
        position = after

    return found


def _after_name(data: bytes, position: int) -> int:
    """Where the value of a named property begins: behind a GUID, a kind, and a number or a name of that length."""
    named_by = _number(data, position + 16)
    after = position + 24
    if named_by == 0:
        return after
    return after + _padded(_number(data, position + 20))


def _values(data: bytes, position: int, kind: int) -> tuple[bytes | None, int | None]:
    """The first value of a property, and where the next property begins; None where that cannot be told."""
    base = kind & _TYPE
    size = _FIXED.get(base)
    count = 1
    if size is None or kind & _SEVERAL_VALUES:
        count = _number(data, position)
        position += 4

    if size is not None:
        # More than there are bytes: the count is wrong.
        if count > len(data):
            return None, None
        return None, position + size * count
    if base not in _OF_ANY_LENGTH:
        return None, None

    first: bytes | None = None
    for _ in range(min(count, _MAX_PROPERTIES)):
        length = _number(data, position)
        position += 4
        if position + length > len(data):
            return first, None
        if first is None:
            first = _in_utf8(data[position : position + length], base)
        position += _padded(length)

    return first, position


def _in_utf8(value: bytes, base: int) -> bytes:
    if base == _PT_UNICODE:
        return value.decode("utf-16-le", "replace").encode()
    # An object begins with the identifier of its interface.
    if base == _PT_OBJECT:
        return value[16:]
    return value


def _padded(size: int) -> int:
    """A length up to the next multiple of four."""
    return size + -size % 4


def _number(data: bytes, position: int, size: int = 4) -> int:
    return int.from_bytes(data[position : position + size], "little")
