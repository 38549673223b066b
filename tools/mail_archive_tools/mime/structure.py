"""The parts of a message (RFC 2046): a tree of header sections and byte ranges. Bodies are decoded on request.

The walk is iterative and bounded, so that no nesting, boundary or header section can make it fail or
run away; what lies beyond a limit stays in the part that holds it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from mail_archive_tools.mime.carried.cms import read_cms
from mail_archive_tools.mime.codecs import charsets
from mail_archive_tools.mime.codecs.transfer import Decoded, decode_transfer
from mail_archive_tools.mime.fields.headers import Headers, read_headers
from mail_archive_tools.mime.fields.parameters import Valued, read_parameters

MAX_PARTS = 1_000
"""Parts read of one message, those of attached messages included."""

MAX_DEPTH = 50
"""Levels of nested multiparts and attached messages read."""

_MEDIA_TYPE = re.compile(r"([\w!#$&^.+-]+)\s*/\s*([\w!#$&^.+-]+)")
_REST_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_LIKE_A_DELIMITER = re.compile(rb"(?m)^--(\S{1,200}?)[ \t]*\r?\n(?=[\x21-\x39\x3b-\x7e]+:|\r?\n)")
_PREAMBLE_BYTES = 10_000
_LINE_END = re.compile(r"\r+\n|\r")
_META_CHARSET = re.compile(rb"""<meta[^>]{1,200}charset\s*=\s*["']?\s*([\w-]{1,40})""", re.IGNORECASE)
_META_BYTES = 2_048
_NOTHING = Valued("", {})


@dataclass
class Part:
    """One part: `raw[body_start:end]` is its body, still in its transfer encoding. `id` numbers it much as
    IMAP does: "1.2" is the second part of the first; an attached message is a level of its own. `problem` says what of
    its structure could not be read, and `breaks_off` what is missing at its end; `outside` is how many bytes of a
    multipart stand before and behind its parts."""

    raw: bytes
    headers: Headers
    body_start: int
    end: int
    id: str = ""
    depth: int = 0
    default_type: str = "text/plain"
    children: list["Part"] = field(default_factory=list)
    problem: str | None = None
    breaks_off: str | None = None
    outside: int = 0

    @cached_property
    def declared_type(self) -> Valued:
        """Content-Type as it was given, of the first such field that says a type."""
        for each in self.headers.all("content-type"):
            valued = read_parameters(each.unfolded)
            if _MEDIA_TYPE.match(valued.value):
                return valued
        first = self.headers.first("content-type")
        return read_parameters(first.unfolded) if first else _NOTHING

    @cached_property
    def content_type(self) -> str:
        """`type/subtype` in lower case; what RFC 2045, 5.2 and RFC 2046, 5.1.5 say where none can be read."""
        match = _MEDIA_TYPE.match(self.declared_type.value)
        return f"{match.group(1)}/{match.group(2)}" if match else self.default_type

    @cached_property
    def _disposition(self) -> Valued:
        first = self.headers.first("content-disposition")
        return read_parameters(first.unfolded) if first else _NOTHING

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, another word, or nothing."""
        return self._disposition.value

    @property
    def filename(self) -> str | None:
        """The name in Content-Disposition, else in Content-Type; decoded, never trusted."""
        return self._disposition.parameters.get("filename") or self.declared_type.parameters.get("name")

    @property
    def differing_names(self) -> bool:
        """Whether its headers give it several file names."""
        named = {self._disposition.parameters.get("filename"), self.declared_type.parameters.get("name")} - {None}
        return len(named) > 1 or "filename" in self._disposition.differing or "name" in self.declared_type.differing

    @property
    def content_id(self) -> str | None:
        found = self.headers.first("content-id")
        return found.unfolded.strip("<> ") if found else None

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        return self.content_type in ("message/rfc822", "message/global")

    @property
    def is_opaque_signed(self) -> bool:
        """Whether it is S/MIME that holds what it signs (RFC 8551, 3.5.2)."""
        if self.content_type not in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            return False
        return self.declared_type.parameters.get("smime-type", "signed-data").lower() == "signed-data"

    @property
    def is_attachment(self) -> bool:
        """Whether a reader would list the part as an attachment rather than show it in the text."""
        if self.is_multipart:
            return False
        if self.disposition == "attachment" or self.is_message:
            return True
        if self.disposition == "inline" and self.headers.first("content-id"):
            return False
        return self.filename is not None

    @property
    def transfer_encoding(self) -> str:
        """The first transfer encoding that is named, in lower case."""
        for each in self.headers.all("content-transfer-encoding"):
            if word := each.unfolded.split(";", 1)[0].split("(", 1)[0].strip().strip('"').lower():
                return word
        return ""

    def walk(self) -> Iterator["Part"]:
        """The part and all below it, in the order of the message."""
        todo = [self]
        while todo:
            part = todo.pop()
            yield part
            todo.extend(reversed(part.children))

    def decoded(self) -> Decoded:
        """The body without its transfer encoding, and what was wrong with that."""
        return decode_transfer(self.raw[self.body_start : self.end], self.transfer_encoding)

    def content(self) -> bytes:
        """The body without its transfer encoding; what is broken in the encoding is passed over."""
        return self.decoded().data

    def text(self) -> str:
        """The body as text by its charset, line ends as LF."""
        return text_of(self.content(), self.declared_type.parameters.get("charset", ""))

    def html(self, data: bytes | None = None) -> str:
        """The body, which is HTML, as text: by its label, else by what it says of itself. `data` is the body without
        its transfer encoding, where that is at hand."""
        data = self.content() if data is None else data
        label = self.declared_type.parameters.get("charset", "")
        if not label and (meta := _META_CHARSET.search(data, 0, _META_BYTES)):
            label = meta.group(1).decode("ascii")
        return text_of(data, label)


def text_of(data: bytes, charset: str) -> str:
    """Decoded bytes as text, line ends as LF."""
    text = charsets.decode(data, charset)
    return _LINE_END.sub("\n", text) if "\r" in text else text


def read_structure(raw: bytes, id: str = "") -> Part:
    """The message in `raw` as a tree of parts, attached messages among them. Never raises. Of an attached message,
    `id` is that of its part: its own parts' ids go on from there."""
    headers = read_headers(raw)
    root = Part(raw, headers, headers.body_start, len(raw), id=id)
    if not root.is_multipart and not root.id:
        root.id = "1"
    budget = MAX_PARTS - 1
    todo = [root]
    while todo:
        part = todo.pop()
        budget -= _read_children(part, budget)
        todo.extend(reversed(part.children))

    root.id = root.id or ("" if root.children else "1")
    return root


def _read_children(part: Part, budget: int) -> int:
    """Give a container its children; how many they are."""
    if not (part.is_multipart or part.is_message or part.is_opaque_signed):
        return 0
    if part.depth >= MAX_DEPTH:
        part.problem = f"nested deeper than {MAX_DEPTH} levels: what is in it was not read"
        return 0
    if part.is_message:
        _read_enclosed(part, _identity(part), budget)
    elif part.is_opaque_signed:
        if (content := read_cms(part.content()).content) is not None:
            _read_enclosed(part, _Source(content, 0, len(content)), budget)
    else:
        _read_multipart(part, budget)

    return len(part.children)


def _read_multipart(part: Part, budget: int) -> None:
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    source = _identity(part)
    for number, (start, end) in enumerate(_ranges(source, part), 1):
        if number > budget:
            part.problem = f"more than {MAX_PARTS} parts in the message: the rest was not read"
            return
        section = read_headers(source.raw, start, end)
        part.children.append(
            Part(
                source.raw,
                section,
                min(section.body_start, end),
                end,
                f"{part.id}.{number}" if part.id else str(number),
                part.depth + 1,
                default,
            )
        )
    if not part.children:
        part.breaks_off = "a multipart without parts: its boundary is missing or occurs nowhere"
        if not source.raw[source.start : source.end].strip():
            part.breaks_off = "it breaks off: a multipart without a body"
        return

    delimiters = list(_delimiters(source, b"--" + _boundary(source, part)))
    part.outside = _outside(source, delimiters)
    # One that ends with the multipart around it lacks no more than its own last line.
    is_last = source.end == len(source.raw)
    if is_last and not any(closes for _, _, closes in delimiters):
        part.breaks_off = "it breaks off: its last boundary is missing"


def _outside(source: "_Source", delimiters: list[tuple[int, int, bool]]) -> int:
    """How many bytes stand before the first part and behind the last, their white space left aside."""
    before = source.raw[source.start : delimiters[0][0]].strip()
    behind = source.raw[delimiters[-1][1] : source.end].strip() if delimiters[-1][2] else b""
    return len(before) + len(behind)


def _read_enclosed(part: Part, source: "_Source", budget: int) -> None:
    """The one child of a part that holds a message, or a part with header fields of its own."""
    if budget < 1:
        part.problem = f"more than {MAX_PARTS} parts in the message: this one was not read"
        return

    section = read_headers(source.raw, source.start, source.end)
    start = min(section.body_start, source.end)
    id = f"{part.id}.1" if part.id else "1"
    part.children.append(Part(source.raw, section, start, source.end, id, part.depth + 1))


@dataclass(frozen=True)
class _Source:
    raw: bytes
    start: int
    end: int


def _identity(part: Part) -> _Source:
    """Where the body of a container can be read: in place, or in a copy without the transfer encoding that
    containers may not have (RFC 2045, 6.4) and some have."""
    if part.transfer_encoding in ("base64", "quoted-printable"):
        data = part.content()
        if not part.is_multipart or b"--" in data:
            return _Source(data, 0, len(data))
    return _Source(part.raw, part.body_start, part.end)


def _ranges(source: _Source, part: Part) -> Iterator[tuple[int, int]]:
    """Where each part between the boundaries begins and ends; a missing last boundary ends with its parent."""
    boundary = _boundary(source, part)
    if not boundary:
        return
    start: int | None = None
    for found, after, is_last in _delimiters(source, b"--" + boundary):
        if start is not None:
            yield start, max(start, _before_line_end(source.raw, start, found))
        if is_last:
            return
        start = after
    if start is not None:
        yield start, source.end


def _boundary(source: _Source, part: Part) -> bytes:
    """The boundary as declared; where none is, what the first line that looks like one says."""
    declared = part.declared_type.parameters.get("boundary", "").rstrip()
    if declared:
        return declared.encode("utf-8", "replace")
    found = _LIKE_A_DELIMITER.search(source.raw, source.start, min(source.end, source.start + _PREAMBLE_BYTES))
    if found:
        part.problem = "its boundary is not declared, so it was guessed"
    return found.group(1) if found else b""


def _delimiters(source: _Source, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each line that is `mark`, or the closing `mark--`: where it begins, where the next begins, whether it closes."""
    raw, position = source.raw, source.start
    while (found := raw.find(mark, position, source.end)) >= 0:
        position = found + len(mark)
        rest = _REST_OF_DELIMITER.match(raw, position, source.end)
        if rest and (found == source.start or raw[found - 1] in b"\r\n"):
            position = rest.end()
            yield found, position, rest.group(1) is not None


def _before_line_end(raw: bytes, start: int, end: int) -> int:
    """The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
    if end > start and raw[end - 1 : end] == b"\n":
        end -= 1
    if end > start and raw[end - 1 : end] == b"\r":
        end -= 1
    return end
