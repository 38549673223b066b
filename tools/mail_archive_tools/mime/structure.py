"""The parts of a message (RFC 2046): a tree of header sections and byte ranges. Bodies are decoded on request.

The walk is iterative and bounded, so that no nesting, boundary or header section can make it fail or
run away; what lies beyond a limit stays in the part that holds it.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mail_archive_tools.mime import charsets
from mail_archive_tools.mime.headers import Headers, decode_words, read_headers

MAX_PARTS = 1_000
"""Parts read of one message."""

MAX_DEPTH = 50
"""Levels of nested multiparts read."""

_PARAMETER = re.compile(r""";\s*([\w.*'-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)""")
_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+)/([\w!#$&^.+-]+)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_PARAMETERS_CHARS = 20_000
_REST_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")


@dataclass
class Part:
    """One part: `raw[body_start:end]` is its body, still in its transfer encoding."""

    raw: bytes
    headers: Headers
    body_start: int
    end: int
    depth: int = 0
    children: list["Part"] = field(default_factory=list)

    def __post_init__(self) -> None:
        declared = self.headers.first("content-type")
        match = _MEDIA_TYPE.match(declared.unfolded) if declared else None
        self.content_type = f"{match.group(1)}/{match.group(2)}".lower() if match else "text/plain"
        """`type/subtype` in lower case; text/plain where none is given or it cannot be read (RFC 2045, 5.2)."""

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, another word, or nothing."""
        declared = self.headers.first("content-disposition")
        return declared.unfolded.split(";", 1)[0].strip().lower() if declared else ""

    @property
    def filename(self) -> str | None:
        """The name in Content-Disposition, else in Content-Type; decoded, never trusted."""
        for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
            found = self.headers.first(header)
            if found:
                for name, value in parameters(found.unfolded):
                    if name.split("*", 1)[0] == parameter:
                        return decode_words(value)
        return None

    @property
    def is_attachment(self) -> bool:
        """Whether a reader would list the part as an attachment rather than show it in the text."""
        if self.is_multipart:
            return False
        if self.disposition == "attachment" or self.content_type == "message/rfc822":
            return True
        if self.disposition == "inline" and self.headers.first("content-id"):
            return False
        return self.filename is not None

    def walk(self) -> Iterator["Part"]:
        """The part and all below it, in the order of the message."""
        todo = [self]
        while todo:
            part = todo.pop()
            yield part
            todo.extend(reversed(part.children))

    def content(self) -> bytes:
        """The body without its transfer encoding; what is broken in the encoding is passed over."""
        body = self.raw[self.body_start : self.end]
        encoding = self.headers.first("content-transfer-encoding")
        match encoding.unfolded.lower() if encoding else "":
            case "base64":
                return _from_base64(body)
            case "quoted-printable":
                return quopri.decodestring(body)
            case _:
                return body

    def text(self) -> str:
        """The body as text by its charset, line ends as LF."""
        declared = self.headers.first("content-type")
        label = dict(parameters(declared.unfolded)).get("charset", "") if declared else ""
        return charsets.decode(self.content(), label).replace("\r\n", "\n").replace("\r", "\n")


def read_structure(raw: bytes) -> Part:
    """The message in `raw` as a tree of parts. Never raises."""
    headers = read_headers(raw)
    root = Part(raw, headers, headers.body_start, len(raw))
    todo, count = [root], 1
    while todo:
        part = todo.pop()
        if not part.is_multipart or part.depth >= MAX_DEPTH:
            continue
        for start, end in _ranges(part):
            if count >= MAX_PARTS:
                return root
            section = read_headers(raw, start, end)
            child = Part(raw, section, min(section.body_start, end), end, part.depth + 1)
            part.children.append(child)
            count += 1
        todo.extend(part.children)
    return root


def parameters(value: str) -> Iterator[tuple[str, str]]:
    """The `;name=value` parameters of a field body, names in lower case, quotes taken off."""
    for match in _PARAMETER.finditer(value[:_PARAMETERS_CHARS]):
        text = match.group(2)
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        yield match.group(1).lower(), text


def _ranges(part: Part) -> Iterator[tuple[int, int]]:
    """Where each part between the boundaries begins and ends; a missing last boundary ends with its parent."""
    declared = part.headers.first("content-type")
    boundary = dict(parameters(declared.unfolded)).get("boundary", "") if declared else ""
    if not boundary:
        return
    start: int | None = None
    for found, after, is_last in _delimiters(part, b"--" + boundary.encode("utf-8", "replace")):
        if start is not None:
            yield start, _before_line_end(part.raw, start, found)
        if is_last:
            return
        start = after
    if start is not None:
        yield start, part.end


def _delimiters(part: Part, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each line that is `mark`, or the closing `mark--`: where it begins, where the next begins, whether it closes."""
    raw, position = part.raw, part.body_start
    while (found := raw.find(mark, position, part.end)) >= 0:
        position = found + len(mark)
        rest = _REST_OF_DELIMITER.match(raw, position, part.end)
        if rest and (found == part.body_start or raw[found - 1] in b"\r\n"):
            position = rest.end()
            yield found, position, rest.group(1) is not None


def _before_line_end(raw: bytes, start: int, end: int) -> int:
    """The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
    if end > start and raw[end - 1 : end] == b"\n":
        end -= 1
    if end > start and raw[end - 1 : end] == b"\r":
        end -= 1
    return end


def _from_base64(body: bytes) -> bytes:
    data = _NOT_BASE64.sub(b"", body)
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        return binascii.a2b_base64(data.rstrip(b"=")[: len(data.rstrip(b"=")) // 4 * 4])
