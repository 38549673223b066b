"""Which parts of a message are its text, and which came with it: the algorithm of JMAP (RFC 8621, 4.1.4)."""

from dataclasses import dataclass, field

from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.structure import Part

# What a reader of mail shows between texts.
_MEDIA = ("image/", "audio/", "video/")
# Texts of these kinds are for programs: they are listed as files.
_NOT_READ = frozenset(
    ("text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/rfc822-headers")
)


@dataclass
class Bodies:
    """`plain` and `html` are the parts to show to a reader who prefers plain text, or HTML; `files` are the others."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    breaks_off: list[Problem] = field(default_factory=list)
    """Those of `problems` that say that something is missing at the end."""


@dataclass
class _Wanted:
    """Which of the two lists the next part belongs to. Within an alternative, one text rules out the other list."""

    plain: bool = True
    html: bool = True


def choose_bodies(root: Part) -> Bodies:
    """The parts of one message sorted; those of attached messages belong to these, and are not looked into."""
    bodies = Bodies()
    _sort([root], "mixed", False, _Wanted(), bodies)
    return bodies


def _sort(parts: list[Part], container: str, in_alternative: bool, wanted: _Wanted, bodies: Bodies) -> None:
    """`container` is the subtype of the multipart that the parts stand in; `in_alternative` tells whether that, or one
    around it, is an alternative. Calls itself as deep as `structure.MAX_DEPTH` at most."""
    plain_before, html_before = len(bodies.plain), len(bodies.html)

    for place, part in enumerate(parts):
        _note_problems(part, bodies)
        if part.children and not part.is_message:
            kind = part.content_type.partition("/")[2]
            inner = _Wanted(wanted.plain, wanted.html)
            _sort(part.children, kind, in_alternative or kind == "alternative", inner, bodies)
        elif _is_inline(part, place, container):
            _sort_inline(part, container, in_alternative, wanted, bodies)
        else:
            bodies.files.append(part)

    if container != "alternative" or not wanted.plain or not wanted.html:
        return
    # Who prefers the version that is not there reads the other one.
    plain, html = bodies.plain[plain_before:], bodies.html[html_before:]
    if not plain:
        bodies.plain.extend(html)
    elif not html:
        bodies.html.extend(plain)


def _note_problems(part: Part, bodies: Bodies) -> None:
    where = part.id or "structure"
    if part.problem:
        bodies.problems.append(Problem(where, part.problem))
    if part.breaks_off:
        broken = Problem(where, part.breaks_off)
        bodies.problems.append(broken)
        bodies.breaks_off.append(broken)


def _sort_inline(part: Part, container: str, in_alternative: bool, wanted: _Wanted, bodies: Bodies) -> None:
    kind = _read_as(part)
    if container == "alternative":
        target = {"text/plain": bodies.plain, "text/html": bodies.html}.get(kind, bodies.files)
        target.append(part)
        return

    if in_alternative:
        if kind == "text/plain":
            wanted.html = False
        elif kind == "text/html":
            wanted.plain = False
    if wanted.plain:
        bodies.plain.append(part)
    if wanted.html:
        bodies.html.append(part)
    if kind.startswith(_MEDIA):
        # Unlike JMAP's attachments, where it is shown between texts as well: no text of ours shows it.
        bodies.files.append(part)


def _is_inline(part: Part, place: int, container: str) -> bool:
    """Whether a part is one of the bodies; `place` counts from the first of its container."""
    if part.disposition == "attachment":
        return False
    kind = _read_as(part)
    is_media = kind.startswith(_MEDIA)
    if not is_media and kind not in ("text/plain", "text/html"):
        return False

    if place == 0:
        return True
    # The first part of multipart/related is its root; the others are what that refers to (RFC 2387, 3.2).
    if container == "related":
        return False
    return is_media or not part.filename


def _read_as(part: Part) -> str:
    """The type that a reader takes a part for."""
    kind = part.content_type
    if kind in ("text/html", "application/xhtml+xml"):
        return "text/html"
    if kind in _NOT_READ:
        return kind

    # Text of an unknown kind is shown as plain text (RFC 2046, 4.1.4), and so is a multipart whose parts are not found.
    if kind.startswith(("text/", "multipart/")):
        return "text/plain"
    return kind
