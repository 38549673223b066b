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
    """One file. `id` is its part's number; a file inside a part's content has a letter in it. `load` decodes it."""

    id: str
    name: str | None
    declared_type: str
    load: Callable[[], Decoded] = field(repr=False)
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
        return differs(self.declared_type, self.detected_type) and not self.is_message

    @property
    def is_html(self) -> bool:
        """Whether a browser would open it as HTML: by its type, by its content or by its name."""
        declared = self.declared_type.partition(";")[0].strip().lower()
        by_name = (self.name or "").rstrip(". ").rpartition(".")[2].lower() in _HTML_NAMES
        return by_name or declared in _HTML or self.detected_type in _HTML

    @property
    def is_message(self) -> bool:
        return self.part is not None and self.part.is_message

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(each for each in (self._facts[3], self.note) if each)


def files_of(root: Part, bodies: Bodies, text: Text) -> Iterator[File]:
    """The files of a message in their order, with those of its attached messages, up to `MAX_FILES`."""
    yield from islice(_files(root, bodies, text), MAX_FILES)


def _files(root: Part, bodies: Bodies, text: Text) -> Iterator[File]:
    for part in bodies.files:
        yield from _of_part(part)
    for number, (part, found) in enumerate(text.files, 1):
        yield File(
            f"{part.id}.u{number}",
            charsets.decode(found.name),
            "application/octet-stream",
            partial(_as_is, found.content),
        )


def _as_is(content: Decoded) -> Decoded:
    return content


def _of_part(part: Part) -> Iterator[File]:
    tnef = read_tnef(part.content()) if _is_tnef(part) else None
    yield File(
        part.id or "1",
        part.filename,
        part.content_type,
        part.decoded,
        inline=part.disposition == "inline" or (part.disposition == "" and part.content_id is not None),
        content_id=part.content_id,
        part=part,
        several_names=part.differing_names,
        note=part.problem or (tnef.problem if tnef else None),
    )
    if part.is_message:
        for child in part.children:
            for inner in choose_bodies(child).files:
                yield from _of_part(inner)
    elif tnef is not None:
        yield from _in_tnef(part, tnef)


def _is_tnef(part: Part) -> bool:
    return part.content_type in _TNEF or (part.filename or "").lower() == "winmail.dat"


def _in_tnef(part: Part, tnef: Tnef) -> Iterator[File]:
    for number, found in enumerate(tnef.files, 1):
        kind = found.media_type or sniff(found.content) or "application/octet-stream"
        yield File(f"{part.id}.t{number}", found.name or None, kind, partial(Decoded, found.content))
    if tnef.rtf and not tnef.html:
        name = "message.rtf"
        yield File(f"{part.id}.{name}", name, "text/rtf", partial(Decoded, tnef.rtf))
    for name, content in (("message.txt", tnef.text), ("message.html", tnef.html)):
        if content:
            kind = "text/html" if name.endswith("html") else "text/plain"
            yield File(f"{part.id}.{name}", name, f"{kind}; charset=utf-8", partial(Decoded, content.encode()))
