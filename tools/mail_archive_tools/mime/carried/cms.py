"""Cryptographic Message Syntax (RFC 5652), as S/MIME uses it: what kind it is, and the content of what is only signed.

Nothing is verified or decrypted here: there are no keys, and no trust to go by.
"""

from typing import Literal, NamedTuple

Kind = Literal["signed", "encrypted", "compressed", "certificates", "unknown"]

_KINDS: dict[bytes, Kind] = {
    bytes.fromhex("2a864886f70d010702"): "signed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "encrypted",
    bytes.fromhex("2a864886f70d0109100109"): "compressed",
}
_MAX_DEPTH = 12
_CONSTRUCTED, _CONTEXT_0, _OCTETS, _OID, _SEQUENCE = 0x20, 0xA0, 0x04, 0x06, 0x30


class Cms(NamedTuple):
    """`content` is what was signed, where it is enclosed."""

    kind: Kind
    content: bytes | None = None


class _Value(NamedTuple):
    tag: int
    start: int
    end: int
    after: int


def read_cms(data: bytes) -> Cms:
    """What kind of CMS the DER or BER in `data` is. Never raises."""
    outer = _value(data, 0, len(data))
    identifier = _value(data, outer.start, outer.end) if outer and outer.tag == _SEQUENCE else None
    if outer is None or identifier is None or identifier.tag != _OID:
        return Cms("unknown")
    kind = _KINDS.get(data[identifier.start : identifier.end], "unknown")
    if kind != "signed":
        return Cms(kind)
    content = _enclosed(data, identifier.after, outer.end)
    return Cms("signed" if content is not None else "certificates", content)


def _enclosed(data: bytes, start: int, end: int) -> bytes | None:
    """The content of SignedData: [0] { SEQUENCE { version, digests, SEQUENCE { type, [0] { OCTET STRING } } } }."""
    wrapped = _value(data, start, end)
    signed = _value(data, wrapped.start, wrapped.end) if wrapped else None
    if signed is None or signed.tag != _SEQUENCE:
        return None
    position = signed.start
    info: _Value | None = None
    for _ in range(3):
        info = _value(data, position, signed.end)
        if info is None:
            return None
        position = info.after
    if info is None or info.tag != _SEQUENCE or (kind := _value(data, info.start, info.end)) is None:
        return None
    explicit = _value(data, kind.after, info.end)
    if explicit is None or explicit.tag != _CONTEXT_0:
        return None
    return _octets(data, explicit.start, explicit.end, 0)


def _octets(data: bytes, start: int, end: int, depth: int) -> bytes | None:
    """An OCTET STRING, put together where it comes in pieces."""
    pieces: list[bytes] = []
    while start < end and depth < _MAX_DEPTH and (value := _value(data, start, end)) is not None:
        if value.tag == _OCTETS:
            pieces.append(data[value.start : value.end])
        elif value.tag == _OCTETS | _CONSTRUCTED:
            pieces.append(_octets(data, value.start, value.end, depth + 1) or b"")
        start = value.after

    return b"".join(pieces) if pieces else None


def _value(data: bytes, start: int, end: int, depth: int = 0) -> _Value | None:
    """The tag, and the range, of the value that begins at `start`; None where there is none."""
    if start + 2 > end:
        return None
    tag, length, start = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F or tag == 0:
        return None
    if length == 0x80:
        return _indefinite(data, tag, start, end, depth)
    if length > 0x80:
        count = length & 0x7F
        if count > 8 or start + count > end:
            return None
        length, start = int.from_bytes(data[start : start + count], "big"), start + count

    stop = min(start + length, end)
    return _Value(tag, start, stop, stop)


def _indefinite(data: bytes, tag: int, start: int, end: int, depth: int) -> _Value | None:
    """A value without a length: it ends with two zeros behind its last part, or with the data."""
    position = start
    while depth < _MAX_DEPTH and data[position : position + 2] != b"\0\0":
        part = _value(data, position, end, depth + 1)
        if part is None:
            return _Value(tag, start, end, end)
        position = part.after

    return _Value(tag, start, position, min(position + 2, end))
