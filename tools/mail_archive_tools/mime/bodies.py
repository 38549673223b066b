"""Which parts of a message are its text, and which came with it: the algorithm of JMAP (RFC 8621, 4.1.4)."""

from dataclasses import dataclass, field

from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.structure import Part

_MEDIA = ("image/", "audio/", "video/")
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
class _Lists:
    plain: list[Part] | None
    html: list[Part] | None


def choose_bodies(root: Part) -> Bodies:
    """The parts of one message sorted; those of attached messages belong to these, and are not looked into."""
    bodies = Bodies()
    _sort([root], "mixed", False, _Lists(bodies.plain, bodies.html), bodies)
    return bodies


def _sort(parts: list[Part], container: str, in_alternative: bool, lists: _Lists, bodies: Bodies) -> None:
    # As deep as `structure.MAX_DEPTH` at most.
    before = len(bodies.plain), len(bodies.html)
    for place, part in enumerate(parts):
        if part.problem:
            bodies.problems.append(Problem(part.id or "structure", part.problem))
        if part.breaks_off:
            broken = Problem(part.id or "structure", part.breaks_off)
            bodies.problems.append(broken)
            bodies.breaks_off.append(broken)
        if part.children and not part.is_message:
            kind = part.content_type.partition("/")[2]
            inner = _Lists(lists.plain, lists.html)
            _sort(part.children, kind, in_alternative or kind == "alternative", inner, bodies)
        elif _is_inline(part, place, container):
            _sort_inline(part, container, in_alternative, lists, bodies)
        else:
            bodies.files.append(part)
    if container == "alternative" and lists.plain is not None and lists.html is not None:
        plain, html = bodies.plain[before[0] :], bodies.html[before[1] :]
        if not plain and html:
            bodies.plain.extend(html)
        elif plain and not html:
            bodies.html.extend(plain)


def _sort_inline(part: Part, container: str, in_alternative: bool, lists: _Lists, bodies: Bodies) -> None:
    kind = _read_as(part)
    if container == "alternative":
        target = {"text/plain": bodies.plain, "text/html": bodies.html}.get(kind, bodies.files)
        target.append(part)
        return
    if in_alternative:
        if kind == "text/plain":
            lists.html = None
        elif kind == "text/html":
            lists.plain = None
    if lists.plain is not None:
        bodies.plain.append(part)
    if lists.html is not None:
        bodies.html.append(part)
    if kind.startswith(_MEDIA):
        # Unlike JMAP's attachments, where it is shown between texts as well: no text of ours shows it.
        bodies.files.append(part)


def _is_inline(part: Part, place: int, container: str) -> bool:
    kind = _read_as(part)
    is_media = kind.startswith(_MEDIA)
    if part.disposition == "attachment" or not (is_media or kind in ("text/plain", "text/html")):
        return False
    return place == 0 or (container != "related" and (is_media or not part.filename))


def _read_as(part: Part) -> str:
    """The type that a reader takes a part for: text of an unknown kind, and what a broken multipart holds, is text."""
    kind = part.content_type
    if kind.startswith("text/") and kind != "text/html" and kind not in _NOT_READ:
        return "text/plain"
    if kind == "application/xhtml+xml":
        return "text/html"
    return "text/plain" if part.is_multipart else kind
