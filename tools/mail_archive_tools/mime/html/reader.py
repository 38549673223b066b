"""HTML as the text that a person would read, what it hides from one, and where its links lead.

Blocks are on lines of their own, cells of a row are separated by " | ", quotes begin with "> ", a link is its text
and `<target>`. What a reader would not see is left out and counted, by the reason why it is not seen.
"""

import re
from collections import Counter
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.css.sheets import Sheet
from mail_archive_tools.mime.html.layout import BREAK, CELL, HARD, IMAGE, MARKS, PAD, QUOTE, UNQUOTE, lay_out
from mail_archive_tools.mime.html.tags import MAX_ATTRIBUTES, within_limits
from mail_archive_tools.mime.html.targets import Target, targets_in
from mail_archive_tools.mime.html.visibility import BLOCKS, Seen, Visibility, is_tiny
from mail_archive_tools.untrusted import without_invisible

HTML_CHARS = 1_500_000
"""How much HTML is converted, in characters."""

MAX_DEPTH = 2_000
"""Levels of nested elements that are read: the parser takes quadratic time, and nobody nests like this in earnest."""

MAX_ELEMENTS = 100_000
"""Elements that are read."""

MAX_LINKS = 2_000
"""Links that are noted."""

TARGET_CHARS = 300
"""How much of a link's target stands in the text."""

_UNSEEN = {
    **dict.fromkeys("script style template noscript noembed noframes datalist".split(), "not rendered"),
    **dict.fromkeys("iframe object video audio canvas applet progress meter".split(), "replaced content"),
    **dict.fromkeys(
        "head title meta link base rp defs desc metadata symbol clippath mask annotation annotation-xml".split(),
        "not rendered",
    ),
    "-comment": "not rendered",
}
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 dl blockquote pre".split())
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,30})")
_ENDS_ITSELF = frozenset(
    (
        "area base br col embed hr img input link meta source track wbr p li dt dd td th tr thead tbody tfoot option "
        "optgroup colgroup caption"
    ).split()
)
_AROUND: dict[str, tuple[str, str | None]] = {
    **{tag: ("\n\n", "\n\n") if tag in _PARAGRAPHS else (BREAK, BREAK) for tag in BLOCKS - {"li"}},
    "br": ("\n", None),
    "hr": (f"{BREAK}---{BREAK}", None),
    "td": ("", CELL),
    "th": ("", CELL),
    "blockquote": (f"\n\n{QUOTE}", f"{UNQUOTE}\n\n"),
}
_WRITES = frozenset(_AROUND) | {"a", "li"}
_WORD = re.compile(r"\w+")
_BEFORE_DOCTYPE = re.compile(r"(?:[\ufeff\s]++|<!--.*?-->|<\?[^>]*+>)*+", re.DOTALL)
_DOCTYPE = re.compile(
    r"""<!doctype\s*(?P<name>[^\s>]*)\s*"""
    r"""(?:public\s*(?P<q>["'])(?P<public>[^>]*?)(?P=q)\s*)?(?:system\s*)?(?:(?P<p>["'])(?P<system>[^>]*?)(?P=p))?""",
    re.IGNORECASE,
)
_OLD_DOCTYPES = (
    "-//ietf//dtd html", "-//w3c//dtd html 3", "-//w3c//dtd html 2", "-//w3c//dtd html experimental",
    "-//w3c//dtd w3 html", "-//w3o//dtd", "-//netscape", "-//microsoft//dtd internet explorer", "-//softquad",
    "-//sun microsystems", "-//webtechs", "-//as//dtd html 3", "html",
)  # fmt: skip
_OLD_WITHOUT_PLACE = (
    "-//w3c//dtd html 4.01 frameset//",
    "-//w3c//dtd html 4.01 transitional//",
    "-//w3c//dtd html 4.0",
)
_MARK_REFERENCE = re.compile("&#(?:0*(?:11|25|26|28|29|30|31)|x0*(?:b|1[9ac-f]))(?![0-9a-f])", re.IGNORECASE)


class Link(NamedTuple):
    """A link as it is shown: its text and its target."""

    text: str
    target: str


@dataclass
class HtmlText:
    """`hidden` counts the words that were left out, by reason; `links` are those that are shown, `targets` all that
    leads somewhere or is loaded; `cut` says what was not looked at."""

    text: str
    hidden: Counter[str] = field(default_factory=Counter)
    links: list[Link] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    cut: str | None = None


def read_html(html: str) -> HtmlText:
    """The readable text of `html`. Never raises; time is linear in its size."""
    cut = f"HTML beyond {HTML_CHARS:,} characters was not read" if len(html) > HTML_CHARS else None
    html = html[:HTML_CHARS]
    html, left_out = within_limits(html)
    if left_out:
        cut = cut or f"of an element with more than {MAX_ATTRIBUTES} attributes the others were not read"
    if (end := _too_deep_at(html)) is not None:
        # What lies deeper is left out, since nobody could tell what of it is seen.
        cut = f"HTML nested deeper than {MAX_DEPTH:,} elements was not read"
        html = html[:end]

    tree = LexborHTMLParser(html)
    quirks = _has_quirks(html)
    sheet = Sheet(tree, html.count("<"), quirks)
    walk = _Walk(html, sheet, quirks)
    if tree.root is not None:
        walk.run(tree.root)
    cut = cut or walk.cut or ("not all of its style rules were read" if sheet.cut else None)
    return HtmlText(lay_out("".join(walk.pieces)), walk.hidden, walk.links, targets_in(tree, html), cut)


def _has_quirks(html: str) -> bool:
    """Whether browsers read it as the documents of old (HTML, 13.2.6.4.1): those without a doctype, or with one of
    HTML 4 or older that names no place."""
    begin = _BEFORE_DOCTYPE.match(html)
    doctype = _DOCTYPE.match(html, begin.end() if begin else 0)
    if doctype is None:
        return True
    name, public, system = doctype.group("name", "public", "system")
    public = (public or "").lower()
    if name.lower() != "html" or public.startswith(_OLD_DOCTYPES):
        return True
    return system is None and public.startswith(_OLD_WITHOUT_PLACE)


@dataclass(slots=True)
class _After:
    """The end of a link, which began at that piece of the text."""

    piece: int
    target: str


class _Walk:
    """One pass over a document, without recursion."""

    def __init__(self, html: str, sheet: Sheet, quirks: bool) -> None:
        self._visibility = Visibility(sheet, quirks)
        written = "&#" in html and _MARK_REFERENCE.search(html) is not None
        self._careful = written or any(mark in html for mark in "\x0b\x19\x1a\x1c\x1d\x1e\x1f")
        self.pieces: list[str] = []
        self.hidden: Counter[str] = Counter()
        self.links: list[Link] = []
        self.cut: str | None = None
        self._elements = 0
        self._numbers: dict[int, int] = {}

    def run(self, root: LexborNode) -> None:
        # Once for each of up to a million nodes: what can be looked up, or is the same for many, is not worked out.
        todo: list[tuple[LexborNode, Seen] | _After | str] = [(root, self._visibility.page)]
        pieces, careful = self.pieces, self._careful
        while todo:
            item = todo.pop()
            if isinstance(item, tuple):
                node, seen = item
                tag = node.tag or ""
                if tag == "-text":
                    text = node.text_content or ""
                    if text.isspace() and not seen.preformatted:
                        pieces.append(" ")
                    elif seen.why is None and not careful and not seen.preformatted:
                        pieces.append(text.replace("\n", " "))
                    else:
                        self._other_text(text, seen)
                elif tag in _UNSEEN:
                    self._skip(node, tag)
                else:
                    self._element(node, tag, seen, todo)
            elif isinstance(item, str):
                pieces.append(item)
            else:
                self._end_link(item)

    def _element(
        self, node: LexborNode, tag: str, seen: "Seen", todo: "list[tuple[LexborNode, Seen] | _After | str]"
    ) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            todo.clear()
            self.cut = f"HTML beyond {MAX_ELEMENTS:,} elements was not read"
            return

        attributes = node.attributes
        inside = seen
        if self._visibility.may_differ(tag, attributes, seen):
            inside = self._visibility.inside(node, tag, attributes, seen)
        if tag == "body":
            self._visibility.begin_page(inside, attributes)
        if tag == "img":
            self._image(attributes, inside)
            return
        if tag in _WRITES and inside.hidden is None:
            before, after = _AROUND.get(tag) or self._around(node, tag, attributes)
            if before:
                self.pieces.append(before)
            if after:
                todo.append(after)
        if tag == "details" and "open" not in attributes:
            todo.extend(self._of_details(node, inside))
            return

        child = node.last_child
        while child is not None:
            todo.append((child, inside))
            child = child.prev

    def _of_details(self, node: LexborNode, inside: Seen) -> list[tuple[LexborNode, Seen]]:
        """What is in a closed `details` element: its summary is all that shows."""
        shut = copy(inside)
        shut.hidden = shut.why = inside.hidden or "closed"
        children = [(child, inside if child.tag == "summary" else shut) for child in node.iter(include_text=True)]
        return children[::-1]

    def _other_text(self, text: str, seen: Seen) -> None:
        """Text that is preformatted, not seen, or may have our marks in it."""
        text = MARKS.sub("", text)
        if seen.why is None:
            self.pieces.append(_preformatted(text) if seen.preformatted else text.replace("\n", " "))
        elif words := _words(text):
            self.hidden[seen.why] += words

    def _skip(self, node: LexborNode, tag: str) -> None:
        # A comment is a note of whoever, or whatever, wrote the HTML: no words that a reader was kept from.
        no_words = tag in ("-comment", "script", "style", "head", "title", "meta", "link")
        text = "" if no_words else node.text(deep=True)
        if words := _words(text):
            self.hidden[_UNSEEN[tag]] += words

    def _around(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None]
    ) -> tuple[str, "_After | str | None"]:
        """What stands before an element's children, and what is to be done, or written, behind them."""
        if tag == "li":
            return f"{BREAK}{self._marker(node)} ", BREAK
        target = (attributes.get("href") or "").strip()
        return "", _After(len(self.pieces), target) if target and not target.startswith("#") else None

    def _marker(self, item: LexborNode) -> str:
        """What a list item begins with: its number in an ordered list."""
        parent = item.parent
        if parent is None or parent.tag != "ol":
            return "-"
        number = self._numbers[parent.mem_id] = self._numbers.get(parent.mem_id, 0) + 1
        return f"{number}."

    def _image(self, attributes: dict[str, str | None], inside: Seen) -> None:
        get = attributes.get
        alt = " ".join(each.split()) if (each := get("alt")) else ""
        if inside.why is None and not (is_tiny(get("width")) or is_tiny(get("height"))):
            self.pieces.append(f"[{alt}]" if alt else IMAGE)
        elif words := _words(alt):
            self.hidden[inside.why or "zero-size box"] += words

    def _end_link(self, after: _After) -> None:
        text = "".join(self.pieces[after.piece :])
        shown_image = IMAGE in text
        # What separates words for `split` is white space and marks, but for the one of images.
        text = " ".join(text.replace(IMAGE, " ").replace(PAD, " ").split())
        target = "".join(after.target.split())
        if len(self.links) < MAX_LINKS:
            self.links.append(Link(text, target))
        if not (text or shown_image) or target.lower().startswith(("javascript:", "data:", "vbscript:")):
            return
        bare = target.removeprefix("mailto:")
        if text not in (bare, target) and text.rstrip("/") != target.split("://", 1)[-1].rstrip("/"):
            shown = target if len(target) <= TARGET_CHARS else target[:TARGET_CHARS] + "…"
            self.pieces.append(f" <{shown}>" if text else f"[image] <{shown}>")


def _words(text: str) -> int:
    """How many words there are, whatever is between their letters that nobody sees."""
    return len(_WORD.findall(without_invisible(text)))


def _preformatted(text: str) -> str:
    return text.expandtabs().replace("\n", HARD).replace(" ", PAD)


def _too_deep_at(html: str) -> int | None:
    """Where more elements are open at once than `MAX_DEPTH`; None: nowhere. Counts by name: an end tag closes its own
    kind only."""
    if html.count("<") <= MAX_DEPTH:
        return None
    open_elements: dict[str, int] = {}
    depth = 0
    for match in _TAG.finditer(html):
        name = match.group(2).lower()
        if name in _ENDS_ITSELF:
            continue
        count = open_elements.get(name, 0)
        is_end = match.group(1) == "/"
        if is_end and not count:
            continue
        open_elements[name] = count - 1 if is_end else count + 1
        depth += -1 if is_end else 1
        if depth > MAX_DEPTH:
            return match.start()

    return None
