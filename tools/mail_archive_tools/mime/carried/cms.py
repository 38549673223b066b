"""Cryptographic Message Syntax (RFC 5652), as S/MIME uses it: what kind it is, and the content of what is only signed.

Nothing is verified or decrypted here: there are no keys, and no trust to go by.
"""

from typing import Literal, NamedTuple

Kind = Literal["signed", "encrypted", "compressed", "certificates", "unknown"]

# By the identifier of the content's type (RFC 5652, 5, 6; RFC 5083; RFC 3274).
_KINDS: dict[bytes, Kind] = {
    bytes.fromhex("2a864886f70d010702"): "signed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "encrypted",
    bytes.fromhex("2a864886f70d0109100109"): "compressed",
}
_MAX_DEPTH = 12

# The first byte of each kind of value (X.690, 8.1.2): universal types by their number, with a bit for constructed ones.
_OCTETS = 0x04
_OID = 0x06
_CONSTRUCTED = 0x20
_SEQUENCE = 0x30
_CONTEXT_0 = 0xA0
# Tags of more than a byte end in this (X.690, 8.1.2.4); CMS has none.
_LONG_TAG = 0x1F
# Lengths of more than a byte begin with a bit, and how many bytes they take; none: it is not said (X.690, 8.1.3).
_LONG_LENGTH = 0x80


class Cms(NamedTuple):
    """`content` is what was signed, where it is enclosed."""

    kind: Kind
    content: bytes | None = None


class _Value(NamedTuple):
    """The range of what it holds, and where the next value begins."""

    tag: int
    start: int
    end: int
    after: int


def read_cms(data: bytes) -> Cms:
    """What kind of CMS the DER or BER in `data` is. Never raises."""
    outer = _value(data, 0, len(data))
    if outer is None or outer.tag != _SEQUENCE:
        return Cms("unknown")
    identifier = _value(data, outer.start, outer.end)
    if identifier is None or identifier.tag != _OID:
        return Cms("unknown")

    kind = _KINDS.get(data[identifier.start : identifier.end], "unknown")
    if kind != "signed":
        return Cms(kind)
    content = _enclosed(data, identifier.after, outer.end)
    # Signed data without content, and without signatures, is how certificates are sent (RFC 8551, 3.2.2).
    if content is None:
        return Cms("certificates")
    return Cms("signed", content)


def _enclosed(data: bytes, start: int, end: int) -> bytes | None:
    """The content of SignedData: [0] { SEQUENCE { version, digests, SEQUENCE { type, [0] { OCTET STRING } } } }."""
    wrapped = _value(data, start, end)
    if wrapped is None:
        return None
    signed = _value(data, wrapped.start, wrapped.end)
    if signed is None or signed.tag != _SEQUENCE:
        return None

    info = _third(data, signed)
    if info is None or info.tag != _SEQUENCE:
        return None
    kind = _value(data, info.start, info.end)
    if kind is None:
        return None
    explicit = _value(data, kind.after, info.end)
    if explicit is None or explicit.tag != _CONTEXT_0:
        return None
    return _octets(data, explicit.start, explicit.end, 0)


def _third(data: bytes, of: _Value) -> _Value | None:
    version = _value(data, of.start, of.end)
    if version is None:
        return None
    digests = _value(data, version.after, of.end)
    if digests is None:
        return None
    return _value(data, digests.after, of.end)


def _octets(data: bytes, start: int, end: int, depth: int) -> bytes | None:
    """An OCTET STRING, put together where it comes in pieces (X.690, 8.7.3)."""
    pieces: list[bytes] = []
    while start < end and depth < _MAX_DEPTH:
        value = _value(data, start, end)
        if value is None:
            break
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
    tag = data[start]
    length = data[start + 1]
    start += 2
    if tag == 0 or tag & _LONG_TAG == _LONG_TAG:
        return None
    if length == _LONG_LENGTH:
        return _indefinite(data, tag, start, end, depth)

    if length > _LONG_LENGTH:
        count = length - _LONG_LENGTH
        if count > 8 or start + count > end:
            return None
        length = int.from_bytes(data[start : start + count], "big")
        start += count
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
