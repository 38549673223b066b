"""Header fields of a message or part (RFC 5322, RFC 2047), from whatever bytes there are. Linear time."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from mail_archive_tools.mime.codecs import charsets

HEADER_BYTES = 1_000_000
"""How much of a header section is read, in bytes. What follows is not looked at."""

HEADER_FIELDS = 10_000
"""How many header fields are read."""

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n)")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_REGULAR_FIELD = re.compile(r"(?m)^([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*(?:\n[ \t].*)*)")
# What begins a message in an mbox (RFC 4155, appendix A), also as it is quoted there.
_ENVELOPE_LINE = re.compile(rb">?From ")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"\r?\n|\r")
_QUOTED_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")


class Field(NamedTuple):
    """One header field. `name` is lower case, `body` is as it came, folds included; bytes that are not ASCII are
    in it as surrogates (Python's `surrogateescape`)."""

    name: str
    body: str

    @property
    def unfolded(self) -> str:
        """The field body on one line, encoded words as they are."""
        body = self.body
        # UTF-8 for the most part (RFC 6532, 3.2), and whatever else senders take for it.
        if not body.isascii():
            body = charsets.decode(body.encode("ascii", "surrogateescape"))
        return unfold(body)

    @property
    def text(self) -> str:
        """The field body on one line, encoded words decoded."""
        return decode_words(self.unfolded)


@dataclass(frozen=True)
class Headers:
    """The header fields of one message or part, in their order, and where its body begins (in bytes)."""

    fields: tuple[Field, ...]
    body_start: int

    @cached_property
    def _by_name(self) -> dict[str, list[Field]]:
        found: dict[str, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.name, []).append(field)
        return found

    def all(self, name: str) -> list[Field]:
        return self._by_name.get(name, [])

    def first(self, name: str) -> Field | None:
        found = self._by_name.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """The first such field, decoded; None when it is absent."""
        if name not in self._texts:
            field = self.first(name)
            self._texts[name] = field.text if field else None
        return self._texts[name]

    @cached_property
    def _texts(self) -> dict[str, str | None]:
        """What was decoded: some are asked for by many that look for findings."""
        return {}


def read_headers(raw: bytes, start: int = 0, end: int | None = None) -> Headers:
    """The header section that begins at `start`. A stray line among fields is passed over; text that is
    no header section at all gives no fields and a body that begins at `start`."""
    if end is None:
        end = len(raw)
    limit = min(end, start + HEADER_BYTES)
    return _read_regular(raw, start, limit) or _read_irregular(raw, start, limit)


def _read_regular(raw: bytes, start: int, limit: int) -> Headers | None:
    """A header section as nearly all are: LF or CRLF, nothing but fields, an empty line; before them perhaps the line
    that begins a message in an mbox. None: it is another."""
    if raw.startswith(b"From ", start):
        start = raw.find(b"\n", start, limit) + 1 or limit

    end = raw.find(b"\n\n", start, limit)
    with_crlf = raw.find(b"\n\r\n", start, end if end >= 0 else limit)
    if with_crlf >= 0:
        end, body_start = with_crlf, with_crlf + 3
    elif end >= 0:
        body_start = end + 2
    else:
        return None

    section = raw[start:end].decode("ascii", "surrogateescape").replace("\r\n", "\n").removesuffix("\r")
    # A CR alone ends a line too, for some.
    if "\r" in section:
        return None
    found = _REGULAR_FIELD.findall(section)
    # Each line is either found as a field's first, or goes on with the one before: else there is a stray one.
    first_lines = section.count("\n") - section.count("\n ") - section.count("\n\t") + 1
    if len(found) != first_lines or len(found) > HEADER_FIELDS:
        return None
    return Headers(tuple([Field(name.lower(), body.strip()) for name, body in found]), body_start)


def _read_irregular(raw: bytes, start: int, limit: int) -> Headers:
    """Any header section, line by line."""
    found: list[tuple[str, list[bytes]]] = []
    body_start = limit
    for line, line_start, next_start in _lines(raw, start, limit):
        if not line:
            body_start = next_start
            break
        if found and line[:1] in b" \t":
            found[-1][1].append(line)
            continue

        match = _FIELD.match(line)
        if match:
            if len(found) < HEADER_FIELDS:
                name = match.group(1).decode("ascii")
                found.append((name.lower(), [line[match.end() :]]))
            continue
        if not _is_stray(line, raw, next_start, limit):
            body_start = line_start
            break

    fields = []
    for name, lines in found:
        body = b"\n".join(lines).strip()
        fields.append(Field(name, body.decode("ascii", "surrogateescape")))
    return Headers(tuple(fields), body_start)


def _is_stray(line: bytes, raw: bytes, next_start: int, limit: int) -> bool:
    """Whether a line that is no field stands among fields, so that it is passed over: else a body begins with it."""
    # The boundary of a multipart (RFC 2046, 5.1.1): the empty line before the body is missing.
    if line.startswith(b"--"):
        return False
    if _ENVELOPE_LINE.match(line):
        return True
    return _FIELD.match(raw, next_start, limit) is not None


def _lines(raw: bytes, start: int, limit: int) -> Iterator[tuple[bytes, int, int]]:
    """Each line as (line, where it starts, where the next one starts); CRLF, LF and bare CR end one."""
    position = start
    while position < limit:
        match = _LINE_END.search(raw, position, limit)
        if match is None:
            yield raw[position:limit], position, limit
            return
        yield raw[position : match.start()], position, match.end()
        position = match.end()


def unfold(text: str) -> str:
    """A field body on one line (RFC 5322 section 2.2.3)."""
    return text.replace("\r\n", "").replace("\n", "").replace("\r", "").strip()


def decode_words(text: str) -> str:
    """`text` with its RFC 2047 encoded words decoded; broken ones stay as they are. White space between two
    encoded words is dropped, and a character split across two words of one charset is put together."""
    if "=?" not in text:
        return text

    parts: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for word in _ENCODED_WORD.finditer(text):
        # A language may follow the charset: =?utf-8*en?q?...?= (RFC 2231, 5).
        charset = word.group(1).split("*", 1)[0].lower()
        data = _word_bytes(word.group(2), word.group(3), charset)
        if data is None:
            continue

        gap = text[position : word.start()]
        is_apart = bool(gap.strip())
        if pending and (is_apart or charset != pending_charset):
            parts.append(charsets.decode(pending, pending_charset))
            pending = b""
        if is_apart or not position:
            parts.append(gap)
        pending += data
        pending_charset = charset
        position = word.end()

    if pending:
        parts.append(charsets.decode(pending, pending_charset))
    parts.append(text[position:])
    return _FOLD.sub(" ", "".join(parts))


def _word_bytes(encoding: str, payload: str, charset: str) -> bytes | None:
    """What an encoded word holds; None of a broken one."""
    if encoding in "qQ":
        # "_" is a space (RFC 2047, 4.2). Characters that should have been encoded are taken to be in the charset.
        data = charsets.encode(payload.replace("_", " "), charset)
        return _QUOTED_OCTET.sub(lambda octet: bytes([int(octet.group(1), 16)]), data)

    try:
        data = payload.encode("ascii")
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
