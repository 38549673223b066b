"""Transfer encodings (RFC 2045, 6) and uuencode, undone as far as they can be. Linear time, nothing raises."""

import binascii
import quopri
import re
from contextlib import suppress
from typing import NamedTuple

MAX_UUENCODED = 50
"""Files taken out of one text."""

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_PRINTABLE_JUNK = bytes(
    set(range(0x21, 0x7F)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_PADDED_END = re.compile(rb"=+[ \t]*(?:\r?\n)+(?=[A-Za-z0-9+/])")
_WORDS = re.compile(rb"[a-z] +[a-z]")
_JUNK_SHARE = 0.02
_SHORT = 10_000
_TAIL = 8
"""Bytes at the end that may be padding and the line end behind it."""
_BEGIN = re.compile(rb"^begin (?:[0-7]{3,4}) ([^\r\n]{1,255}?)[ \t]*\r?\n(?=[`!-M])", re.MULTILINE)
_UU_END = re.compile(rb"\s*end[ \t]*(?:\r\n|\n|\r|\Z)")
_UU_LINE = re.compile(rb"([ -`]*)[ \t]*(?:\r\n|\n|\r|\Z)")

BASE64_BREAKS_OFF = "its base64 is broken off"


class Decoded(NamedTuple):
    """`problem` says what was wrong with the encoding; then `data` is what could be made of it."""

    data: bytes
    problem: str | None = None


def decode_transfer(body: bytes, encoding: str) -> Decoded:
    """`body` without its transfer encoding. An encoding that does not exist leaves the body as it is."""
    match encoding:
        case "base64":
            return _from_base64(body)
        case "quoted-printable":
            return Decoded(quopri.decodestring(body))
        case "x-uuencode" | "x-uue" | "uuencode" | "uue":
            files = uuencoded(body)
            if not files:
                return Decoded(body, "its uuencoding cannot be read")
            return files[0].content
        case "" | "7bit" | "8bit" | "binary":
            return Decoded(body)
        case _:
            return Decoded(body, f"its transfer encoding {encoding[:40]!r} does not exist, so it is as it came")


def _from_base64(body: bytes) -> Decoded:
    """Padding may end a line in the middle, where two encoded pieces were put together; junk is passed over. A short
    text that cannot be base64 is left as it is."""
    if len(body) < _SHORT and _is_plain_text(body):
        return Decoded(body, "it is marked as base64 and is none, so it is as it came")

    padding = body.find(b"=")
    is_one_piece = padding < 0 or padding >= len(body) - _TAIL
    if is_one_piece:
        with suppress(binascii.Error):
            return Decoded(binascii.a2b_base64(body))

    data = bytearray()
    broken = False
    for piece in _PADDED_END.split(body):
        digits = _digits(piece)
        # A group of four digits is three bytes (RFC 4648, 4): one digit alone is not even one.
        if len(digits) % 4 == 1:
            digits = digits[:-1]
            broken = True
        data += binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))

    return Decoded(bytes(data), BASE64_BREAKS_OFF if broken else None)


def _digits(piece: bytes) -> bytes:
    """The characters of base64 before the padding. Where there is more padding than base64 has, it is passed over."""
    if piece.count(b"=") <= 3:
        piece = piece.split(b"=", 1)[0]
    return _NOT_BASE64.sub(b"", piece)


def _is_plain_text(body: bytes) -> bool:
    """Whether a body has punctuation as text has, and words, or a length that base64 does not have."""
    junk = len(body) - len(body.translate(None, _PRINTABLE_JUNK))
    if junk <= len(body) * _JUNK_SHARE:
        return False
    if _WORDS.search(body):
        return True
    return b"=" not in body and len(_NOT_BASE64.sub(b"", body)) % 4 != 0


class UuFile(NamedTuple):
    """A uuencoded file in a text: its name (raw bytes), content, and where it stands there."""

    name: bytes
    content: Decoded
    start: int
    end: int


def uuencoded(body: bytes) -> list[UuFile]:
    """The uuencoded files in a text, up to `MAX_UUENCODED`. One without an end is taken as far as it goes."""
    found: list[UuFile] = []
    position = 0
    while len(found) < MAX_UUENCODED:
        begin = _BEGIN.search(body, position)
        if not begin:
            break

        data, end, complete = _uu_lines(body, begin.end())
        position = max(end, begin.end())
        if data:
            problem = None if complete else "its uuencoding is broken off"
            found.append(UuFile(begin.group(1), Decoded(data, problem), begin.start(), end))

    return found


def _uu_lines(body: bytes, position: int) -> tuple[bytes, int, bool]:
    """The decoded lines from `position` on, where they end, and whether `end` closed them."""
    data = bytearray()
    while position < len(body):
        line = _UU_LINE.match(body, position)
        if not line or not line.group(1):
            break
        try:
            data += binascii.a2b_uu(line.group(1))
        except binascii.Error:
            break
        position = line.end()

    end = _UU_END.match(body, position)
    if end is None:
        return bytes(data), position, False
    return bytes(data), end.end(), True
