"""What came with the text of a message: attachments, inline pictures, attached messages, and what is in containers."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice

from mail_archive_tools.mime.bodies import Bodies, choose_bodies
from mail_archive_tools.mime.carried.tnef import Tnef, read_tnef
from mail_archive_tools.mime.codecs import charsets
from mail_archive_tools.mime.codecs.transfer import Decoded
from mail_archive_tools.mime.sniff import differs, sniff
from mail_archive_tools.mime.structure import Part
from mail_archive_tools.mime.texts import Text

MAX_FILES = 500
"""Files listed of one message."""

_HTML = ("text/html", "application/xhtml+xml")
_HTML_NAMES = ("html", "htm", "shtml", "xhtml")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(frozen=True)
class File:
    """One file of a message."""

    id: str
    """The number of its part; of a file that is inside a part's content, that number and a letter with its own."""
    name: str | None
    declared_type: str
    load: Callable[[], Decoded] = field(repr=False)
    """Decodes its content."""
    inline: bool = False
    content_id: str | None = None
    part: Part | None = field(default=None, repr=False)
    several_names: bool = False
    note: str | None = None

    @cached_property
    def _facts(self) -> tuple[int, str, str | None, str | None]:
        """Size, SHA-256, detected type, problem: all from one decoding, since a file may have 30 MB."""
        data, problem = self.load()
        return len(data), hashlib.sha256(data).hexdigest(), sniff(data), problem

    @property
    def size(self) -> int:
        return self._facts[0]

    @property
    def sha256(self) -> str:
        return self._facts[1]

    @property
    def detected_type(self) -> str | None:
        """What its content shows it to be; None where it shows nothing."""
        return self._facts[2]

    @property
    def type_differs(self) -> bool:
        if self.is_message:
            return False
        return differs(self.declared_type, self.detected_type)

    @property
    def is_html(self) -> bool:
        """Whether a browser would open it as HTML: by its type, by its content or by its name."""
        # Windows drops dots and spaces at the end of a name, so "page.html. " opens as "page.html" does.
        name = (self.name or "").rstrip(". ")
        if name.rpartition(".")[2].lower() in _HTML_NAMES:
            return True

        declared = self.declared_type.partition(";")[0].strip().lower()
        return declared in _HTML or self.detected_type in _HTML

    @property
    def is_message(self) -> bool:
        return self.part is not None and self.part.is_message

    @property
    def problems(self) -> tuple[str, ...]:
        encoding = self._facts[3]
        return tuple(each for each in (encoding, self.note) if each)


def files_of(bodies: Bodies, text: Text) -> Iterator[File]:
    """The files of a message in their order, with those of its attached messages, up to `MAX_FILES`."""
    yield from islice(_files(bodies, text), MAX_FILES)


def _files(bodies: Bodies, text: Text) -> Iterator[File]:
    for part in bodies.files:
        yield from _of_part(part)
    for number, (part, found) in enumerate(text.files, 1):
        id = f"{part.id}.u{number}"
        name = charsets.decode(found.name)
        yield File(id, name, "application/octet-stream", partial(_as_is, found.content))


def _as_is(content: Decoded) -> Decoded:
    return content


def _of_part(part: Part) -> Iterator[File]:
    if _is_tnef(part):
        tnef = read_tnef(part.content())
        yield _file_of(part, tnef.problem)
        # An attached message may have the name of such a file as well.
        if not part.is_message:
            yield from _in_tnef(part, tnef)
    else:
        yield _file_of(part, None)

    if part.is_message:
        for child in part.children:
            for inner in choose_bodies(child).files:
                yield from _of_part(inner)


def _file_of(part: Part, problem: str | None) -> File:
    """The part as a file; `problem` is what is wrong with its content, its structure left aside."""
    is_inline = part.disposition == "inline"
    if not part.disposition:
        # What has a Content-ID is a picture that the HTML refers to (RFC 2392).
        is_inline = part.content_id is not None
    return File(
        part.id or "1",
        part.filename,
        part.content_type,
        part.decoded,
        inline=is_inline,
        content_id=part.content_id,
        part=part,
        several_names=part.differing_names,
        note=part.problem or problem,
    )


def _is_tnef(part: Part) -> bool:
    """Whether it is what Outlook and Exchange pack attachments into; its name tells it where its type does not."""
    if part.content_type in _TNEF:
        return True
    return part.filename is not None and part.filename.lower() == "winmail.dat"


def _in_tnef(part: Part, tnef: Tnef) -> Iterator[File]:
    for number, found in enumerate(tnef.files, 1):
        kind = found.media_type or sniff(found.content) or "application/octet-stream"
        yield File(f"{part.id}.t{number}", found.name or None, kind, partial(Decoded, found.content))

    # The body that Outlook showed. Where there is HTML, the RTF was made from that.
    if tnef.rtf and not tnef.html:
        yield _tnef_body(part, "message.rtf", "text/rtf", tnef.rtf)
    if tnef.text:
        yield _tnef_body(part, "message.txt", "text/plain; charset=utf-8", tnef.text.encode())
    if tnef.html:
        yield _tnef_body(part, "message.html", "text/html; charset=utf-8", tnef.html.encode())


def _tnef_body(part: Part, name: str, kind: str, content: bytes) -> File:
    return File(f"{part.id}.{name}", name, kind, partial(Decoded, content))
