"""The parts of a message (RFC 2046): a tree of header sections and byte ranges. Bodies are decoded on request.

The tree is read without recursion and within limits, so that no nesting, boundary or header section can make it fail
or run away; what lies beyond a limit stays in the part that holds it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from mail_archive_tools.mime.boundaries import Source, bytes_outside, delimiters, guessed_boundary, ranges
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
# Some gateways double the CR of each line.
_LINE_END = re.compile(r"\r+\n|\r")
# Browsers look for it in the first 1,024 bytes (HTML, 13.2.3.2); newsletters have much before it.
_META_CHARSET = re.compile(rb"""<meta[^>]{1,200}charset\s*=\s*["']?\s*([\w-]{1,40})""", re.IGNORECASE)
_META_BYTES = 2_048
_NOTHING = Valued("", {})


@dataclass
class Part:
    """One part: `raw[body_start:end]` is its body, still in its transfer encoding."""

    raw: bytes
    headers: Headers
    body_start: int
    end: int
    id: str = ""
    """Its number, much as IMAP gives it (RFC 3501, 6.4.5): "1.2" is the second part of the first; an attached message
    is a level of its own."""
    depth: int = 0
    default_type: str = "text/plain"
    children: list["Part"] = field(default_factory=list)
    problem: str | None = None
    """What of its structure could not be read."""
    breaks_off: str | None = None
    """What is missing at its end."""
    outside: int = 0
    """How many bytes of a multipart stand before and behind its parts."""

    @cached_property
    def declared_type(self) -> Valued:
        """Content-Type as it was given, of the first such field that says a type."""
        for each in self.headers.all("content-type"):
            valued = read_parameters(each.unfolded)
            if _MEDIA_TYPE.match(valued.value):
                return valued

        first = self.headers.first("content-type")
        if first is None:
            return _NOTHING
        return read_parameters(first.unfolded)

    @cached_property
    def content_type(self) -> str:
        """`type/subtype` in lower case; what RFC 2045, 5.2 and RFC 2046, 5.1.5 say where none can be read."""
        match = _MEDIA_TYPE.match(self.declared_type.value)
        if match is None:
            return self.default_type
        return f"{match.group(1)}/{match.group(2)}"

    @cached_property
    def _disposition(self) -> Valued:
        first = self.headers.first("content-disposition")
        if first is None:
            return _NOTHING
        return read_parameters(first.unfolded)

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, another word, or nothing."""
        return self._disposition.value

    @property
    def filename(self) -> str | None:
        """The name in Content-Disposition, else in Content-Type; decoded, never trusted."""
        named = self._disposition.parameters.get("filename")
        if named:
            return named
        # Programs from before RFC 2183 wrote it there.
        return self.declared_type.parameters.get("name")

    @property
    def differing_names(self) -> bool:
        """Whether its headers give it several file names."""
        if "filename" in self._disposition.differing or "name" in self.declared_type.differing:
            return True
        filename = self._disposition.parameters.get("filename")
        name = self.declared_type.parameters.get("name")
        return filename is not None and name is not None and filename != name

    @property
    def content_id(self) -> str | None:
        found = self.headers.first("content-id")
        if found is None:
            return None
        return found.unfolded.strip("<> ")

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
        kind = self.declared_type.parameters.get("smime-type", "signed-data")
        return kind.lower() == "signed-data"

    @property
    def is_attachment(self) -> bool:
        """Whether a reader would list the part as an attachment rather than show it in the text."""
        if self.is_multipart:
            return False
        if self.disposition == "attachment" or self.is_message:
            return True
        # A picture that the HTML shows.
        if self.disposition == "inline" and self.headers.first("content-id"):
            return False
        return self.filename is not None

    @property
    def transfer_encoding(self) -> str:
        """The first transfer encoding that is named, in lower case."""
        for each in self.headers.all("content-transfer-encoding"):
            # Neither parameters nor quotes belong there (RFC 2045, 6.1), and some mail has them; comments may stand.
            word = each.unfolded.split(";", 1)[0].split("(", 1)[0]
            word = word.strip().strip('"').lower()
            if word:
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
        """The body, which is HTML, as text: in the charset that its label names, else in the one that its own `<meta>`
        does. `data` is the body without its transfer encoding, where that is at hand."""
        if data is None:
            data = self.content()

        label = self.declared_type.parameters.get("charset", "")
        if not label:
            meta = _META_CHARSET.search(data, 0, _META_BYTES)
            label = meta.group(1).decode("ascii") if meta else ""
        return text_of(data, label)


def text_of(data: bytes, charset: str) -> str:
    """Decoded bytes as text, line ends as LF."""
    text = charsets.decode(data, charset)
    if "\r" not in text:
        return text
    return _LINE_END.sub("\n", text)


def read_structure(raw: bytes, id: str = "") -> Part:
    """The message in `raw` as a tree of parts, attached messages among them. Never raises. Of an attached message,
    `id` is that of its part: its own parts' ids go on from there."""
    headers = read_headers(raw)
    # Of a message with a single part, that part is 1.
    root = Part(raw, headers, headers.body_start, len(raw), id=id)
    if not root.is_multipart and not root.id:
        root.id = "1"

    budget = MAX_PARTS - 1
    todo = [root]
    while todo:
        part = todo.pop()
        budget -= _read_children(part, budget)
        todo.extend(reversed(part.children))

    # A multipart at the top has no number, unless nothing was found in it.
    if not root.id and not root.children:
        root.id = "1"
    return root


def _read_children(part: Part, budget: int) -> int:
    """Give a container its children; how many they are."""
    if not part.is_multipart and not part.is_message and not part.is_opaque_signed:
        return 0
    if part.depth >= MAX_DEPTH:
        part.problem = f"nested deeper than {MAX_DEPTH} levels: what is in it was not read"
        return 0

    if part.is_message:
        _read_enclosed(part, _source_of(part), budget)
    elif part.is_opaque_signed:
        signed = read_cms(part.content()).content
        if signed is not None:
            _read_enclosed(part, Source(signed, 0, len(signed)), budget)
    else:
        _read_multipart(part, budget)

    return len(part.children)


def _read_multipart(part: Part, budget: int) -> None:
    source = _source_of(part)
    boundary = _boundary(source, part)
    # What each part is that does not say it (RFC 2046, 5.1.5).
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"

    found = ranges(source, boundary) if boundary else ()
    for number, (start, end) in enumerate(found, 1):
        if number > budget:
            part.problem = f"more than {MAX_PARTS} parts in the message: the rest was not read"
            return
        _add_child(part, Source(source.raw, start, end), number, default)

    if part.children:
        _note_the_edges(part, source, boundary)
    elif source.raw[source.start : source.end].strip():
        part.breaks_off = "a multipart without parts: its boundary is missing or occurs nowhere"
    else:
        part.breaks_off = "it breaks off: a multipart without a body"


def _note_the_edges(part: Part, source: Source, boundary: bytes) -> None:
    """What stands outside the parts of a multipart, and whether it lacks its end."""
    found = list(delimiters(source, boundary))
    part.outside = bytes_outside(source, found)

    # One that ends with the multipart around it lacks no more than its own last line.
    is_last = source.end == len(source.raw)
    if is_last and not any(each.closes for each in found):
        part.breaks_off = "it breaks off: its last boundary is missing"


def _read_enclosed(part: Part, source: Source, budget: int) -> None:
    """The one child of a part that holds a message, or a part with header fields of its own."""
    if budget < 1:
        part.problem = f"more than {MAX_PARTS} parts in the message: this one was not read"
        return
    _add_child(part, source, 1)


def _add_child(part: Part, source: Source, number: int, default_type: str = "text/plain") -> None:
    raw, start, end = source
    headers = read_headers(raw, start, end)
    id = f"{part.id}.{number}" if part.id else str(number)
    body_start = min(headers.body_start, end)
    part.children.append(Part(raw, headers, body_start, end, id, part.depth + 1, default_type))


def _source_of(part: Part) -> Source:
    """Where the body of a container can be read: in place, or in a copy without the transfer encoding that
    containers may not have (RFC 2045, 6.4) and some have."""
    if part.transfer_encoding in ("base64", "quoted-printable"):
        data = part.content()
        # Where that gives nothing with a boundary in it, the label was wrong.
        if not part.is_multipart or b"--" in data:
            return Source(data, 0, len(data))

    return Source(part.raw, part.body_start, part.end)


def _boundary(source: Source, part: Part) -> bytes:
    """The boundary as declared, else as guessed; nothing where there is none."""
    declared = part.declared_type.parameters.get("boundary", "").rstrip()
    if declared:
        return declared.encode("utf-8", "replace")

    guessed = guessed_boundary(source)
    if guessed:
        part.problem = "its boundary is not declared, so it was guessed"
    return guessed
