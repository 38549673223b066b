"""XML in zips, as Office and OpenDocument files are: read in pieces, within limits, names without namespaces."""

import re
from collections.abc import Callable, Iterator
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from mail_archive_tools.documents.limits import Gathered, Refused
from mail_archive_tools.mime.sniff import BROKEN_ZIP

_CHUNK = 65_536
_RELATIONS_BYTES = 1_000_000
_HYPERLINK = "/relationships/hyperlink"
_EMBEDDED = re.compile(r"(?:word|xl|ppt)/embeddings/[^/]+$", re.IGNORECASE)

Attributes = dict[str, str]


def bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


def attribute(attributes: Attributes, name: str, default: str = "") -> str:
    """The value of an attribute, whatever its namespace."""
    for key, value in attributes.items():
        if bare(key) == name:
            return value
    return default


def parse(
    archive: ZipFile,
    member: ZipInfo,
    gathered: Gathered,
    budget: int,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> int:
    """Read up to `budget` bytes of a member; how many there were. The functions get names without namespaces."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, attributes: start(bare(name), attributes)
    parser.EndElementHandler = lambda name: end(bare(name))
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = _refuse_entities
    # A paragraph comes as one piece of text, and not as many.
    parser.buffer_text = True

    done = 0
    with archive.open(member) as source:
        try:
            while done < budget:
                chunk = source.read(_CHUNK)
                if not chunk or gathered.is_full():
                    break
                parser.Parse(chunk)
                done += len(chunk)
        except (expat.ExpatError, BadZipFile):
            gathered.note(f"{member.filename} breaks off, or is not XML; what stands before was read.")

    return max(done, 1)


def hyperlinks(archive: ZipFile, name: str) -> Iterator[tuple[str, str]]:
    """The targets of a member's hyperlinks, each behind its id. They stand in another member (ECMA-376, part 2)."""
    folder, _, base = name.rpartition("/")
    relations = f"{folder}/_rels/{base}.rels"
    if relations not in archive.namelist():
        return

    found: list[tuple[str, str]] = []

    def start(_: str, attributes: Attributes) -> None:
        if attributes.get("Type", "").endswith(_HYPERLINK):
            found.append((attributes.get("Id", ""), attributes.get("Target", "")))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entities
    try:
        with archive.open(relations) as source:
            parser.Parse(source.read(_RELATIONS_BYTES), True)
    except (expat.ExpatError, BadZipFile):
        pass

    yield from found


def add_embedded(archive: ZipFile, gathered: Gathered) -> None:
    """The files that are embedded in an Office file, and a word on macros."""
    for member in archive.infolist():
        if member.filename.lower().endswith("vbaproject.bin"):
            gathered.note("It has macros, which were not run.")
        elif _EMBEDDED.match(member.filename) and not gathered.is_full():
            _add_one(archive, member, gathered)


def _add_one(archive: ZipFile, member: ZipInfo, gathered: Gathered) -> None:
    name = member.filename
    if member.file_size > gathered.room:
        gathered.note(f"{name} was not opened: it is too large.")
        return

    try:
        content = archive.read(member)
    except BROKEN_ZIP:
        gathered.note(f"{name} is broken, or packed in a way that is not known here.")
    else:
        gathered.add_file(name, content)


def _refuse_entities(*_: object) -> None:
    raise Refused("declares XML entities, which no honest file of its kind does")
