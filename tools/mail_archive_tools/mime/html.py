"""HTML as the text that a person would read, what it hides from one, and where its links lead.

Blocks are on lines of their own, cells of a row are separated by " | ", quotes begin with "> ", a link is its text
and `<target>`. What a reader would not see is left out and counted, by the reason why it is not seen.
"""

import re
from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.colour import BLACK, LINK, WHITE, Colour, contrast, read_colour
from mail_archive_tools.mime.css import Rule, Sheet, cascade, read_declarations
from mail_archive_tools.mime.look import NOTHING, SMALLEST_TEXT, Look, look_of, look_of_style, with_variables

HTML_CHARS = 1_500_000
"""How much HTML is converted, in characters."""

MAX_DEPTH = 2_000
"""Levels of nested elements that are read: the parser takes quadratic time, and nobody nests like this in earnest."""

MAX_ELEMENTS = 100_000
"""Elements that are read."""

MAX_LINKS = 2_000
"""Links that are noted."""

LEAST_CONTRAST = 1.2
"""Text with less (WCAG 2 ratio) is taken to be in the background's colour."""

TARGET_CHARS = 300
"""How much of a link's target stands in the text."""

# Marks among the pieces of text, that no text of a document can have: cleaning takes them out.
_BREAK, _PAD, _IMAGE, _CELL, _QUOTE, _UNQUOTE, _HARD = "\x0b", "\x19", "\x1a", "\x1c", "\x1d", "\x1e", "\x1f"
_UNSEEN = {
    **dict.fromkeys("script style template noscript noembed noframes datalist".split(), "not rendered"),
    **dict.fromkeys("iframe object video audio canvas applet progress meter".split(), "replaced content"),
    **dict.fromkeys(
        "head title meta link base rp defs desc metadata symbol clippath mask annotation annotation-xml".split(),
        "not rendered",
    ),
    "-comment": "comment",
}
_BLOCKS = frozenset(
    (
        "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main nav ol p pre section summary table tr ul marquee "
        "caption search menu dir listing xmp plaintext option"
    ).split()
)
_BOXES = _BLOCKS | frozenset("td th tbody thead tfoot img input button textarea select".split())
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 dl blockquote pre".split())
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,30})")
_ENDS_ITSELF = frozenset(
    (
        "area base br col embed hr img input link meta source track wbr p li dt dd td th tr thead tbody tfoot option "
        "optgroup colgroup caption"
    ).split()
)
_AROUND: dict[str, tuple[str, str | None]] = {
    **{tag: ("\n\n", "\n\n") if tag in _PARAGRAPHS else (_BREAK, _BREAK) for tag in _BLOCKS - {"li"}},
    "br": ("\n", None),
    "hr": (f"{_BREAK}---{_BREAK}", None),
    "td": ("", _CELL),
    "th": ("", _CELL),
    "blockquote": (f"\n\n{_QUOTE}", f"{_UNQUOTE}\n\n"),
}
_WRITES = frozenset(_AROUND) | {"a", "li"}
_SPACE = re.compile(r"[ \t\r\f\u00a0]{2,}|[\t\r\f\u00a0]")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_WORD = re.compile(r"\w+")
_MARKS = re.compile("[\x0b\x19\x1a\x1c-\x1f]")
_MARK_REFERENCE = re.compile("&#(?:0*(?:11|25|26|28|29|30|31)|x0*(?:b|1[9ac-f]))(?![0-9a-f])", re.IGNORECASE)
_LEGACY = frozenset("bgcolor background color text hidden link popover".split())
_STYLING = _LEGACY | {"style"}
_PREFORMATTED = frozenset("pre xmp listing plaintext".split())
_SVG = frozenset("svg g text tspan textpath".split())
_PRESENTATION = ("display", "visibility", "opacity", "fill-opacity", "font-size", "transform")
_CLOSABLE = frozenset("dialog marquee mphantom".split())
_SPECIAL = _PREFORMATTED | _CLOSABLE | _SVG | {"a", "table", "body"}


class Link(NamedTuple):
    """A link as it is shown: its text and its target."""

    text: str
    target: str


@dataclass
class HtmlText:
    """`hidden` counts the words that were left out, by reason; `cut` says what was not looked at."""

    text: str
    hidden: Counter[str] = field(default_factory=Counter)
    links: list[Link] = field(default_factory=list)
    cut: str | None = None


def read_html(html: str) -> HtmlText:
    """The readable text of `html`. Never raises; time is linear in its size."""
    cut = f"HTML beyond {HTML_CHARS:,} characters was not read" if len(html) > HTML_CHARS else None
    html = html[:HTML_CHARS]
    if (end := _too_deep_at(html)) is not None:
        # What lies deeper is left out, since nobody could tell what of it is seen.
        cut = f"HTML nested deeper than {MAX_DEPTH:,} elements was not read"
        html = html[:end]
    tree = LexborHTMLParser(html)
    walk = _Walk(html, Sheet(tree, elements=html.count("<")))
    if tree.root is not None:
        walk.run(tree.root)
    cut = cut or walk.cut or ("not all of its style rules were read" if walk.sheet.cut else None)
    return HtmlText(_layout("".join(walk.pieces)), walk.hidden, walk.links, cut)


def html_to_text(html: str) -> str:
    """The text of `read_html` alone."""
    return read_html(html).text


@dataclass(slots=True, eq=False)
class _Seen:
    """What an element hands down to what is in it. Not changed once it is made."""

    hidden: str | None = None
    visible: bool = True
    font_size: float = 16.0
    colour: Colour = BLACK
    background: Colour | None = WHITE
    preformatted: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    why: str | None = None
    """The reason that applies to text here, worked out once."""


@dataclass(slots=True)
class _After:
    """The end of a link, which began at that piece of the text."""

    piece: int
    target: str


class _Walk:
    """One pass over a document, without recursion."""

    def __init__(self, html: str, sheet: Sheet) -> None:
        self.sheet = sheet
        self._quirks = not html[:200].lstrip("\ufeff \r\n\t").lower().startswith("<!doctype")
        written = "&#" in html and _MARK_REFERENCE.search(html) is not None
        self._careful = written or any(mark in html for mark in "\x0b\x19\x1a\x1c\x1d\x1e\x1f")
        self.pieces: list[str] = []
        self.hidden: Counter[str] = Counter()
        self.links: list[Link] = []
        self._styling = _STYLING | sheet.attributes
        self._styled_tags = _SPECIAL | sheet.tags
        self._styles_all = sheet.is_for_all
        self._has_rules = bool(sheet.tags or sheet.attributes or sheet.is_for_all)
        self._link_colour = LINK
        self._page = _Seen()
        self.cut: str | None = None
        self._elements = 0
        self._numbers: dict[int, int] = {}
        self._known: dict[tuple[object, ...], tuple[_Seen, _Seen]] = {}

    def run(self, root: LexborNode) -> None:
        # Once for each of up to a million nodes: what can be looked up, or is the same for many, is not worked out.
        todo: list[tuple[LexborNode, _Seen] | _After | str] = [(root, self._page)]
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
        self, node: LexborNode, tag: str, seen: "_Seen", todo: "list[tuple[LexborNode, _Seen] | _After | str]"
    ) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            todo.clear()
            self.cut = f"HTML beyond {MAX_ELEMENTS:,} elements was not read"
            return
        attributes = node.attributes
        inside = seen
        if tag in self._styled_tags or self._styles_all or not self._styling.isdisjoint(attributes):
            inside = self._inside(node, tag, attributes, seen)
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

    def _of_details(self, node: LexborNode, inside: _Seen) -> list[tuple[LexborNode, _Seen]]:
        """What is in a closed `details` element: its summary is all that shows."""
        shut = copy(inside)
        shut.hidden = shut.why = inside.hidden or "closed"
        children = [(child, inside if child.tag == "summary" else shut) for child in node.iter(include_text=True)]
        return children[::-1]

    def _other_text(self, text: str, seen: _Seen) -> None:
        """Text that is preformatted, not seen, or may have our marks in it."""
        text = _MARKS.sub("", text)
        if seen.why is None:
            self.pieces.append(_preformatted(text) if seen.preformatted else text.replace("\n", " "))
        elif words := len(_WORD.findall(text)):
            self.hidden[seen.why] += words

    def _skip(self, node: LexborNode, tag: str) -> None:
        if tag == "-comment":
            text = node.comment_content or ""
        else:
            text = "" if tag in ("script", "style", "head", "title", "meta", "link") else node.text(deep=True)
        if words := len(_WORD.findall(text)):
            self.hidden[_UNSEEN[tag]] += words

    def _inside(self, node: LexborNode, tag: str, attributes: dict[str, str | None], seen: _Seen) -> _Seen:
        """What holds for the text in an element."""
        get = attributes.get
        style = get("style")
        if tag in _SVG:
            style = _svg_style(attributes)
        legacy = None
        if not _LEGACY.isdisjoint(attributes):
            legacy = (
                get("bgcolor"),
                get("color"),
                "background" in attributes,
                get("text"),
                "hidden" in attributes,
                "popover" in attributes,
            )
        own = self._own_reason(tag, attributes) if tag in _CLOSABLE else None
        found = self.sheet.found(node) if self._styles_all else ()
        # The same markup comes a hundred times in one mail.
        key = (id(seen), tag, style, get("class"), get("id"), legacy, own, found, tag == "a" and "href" in attributes)
        if (known := self._known.get(key)) is not None:
            return known[1]
        look, variables = self._look(style or "", self._rules(tag, attributes, found), seen)
        inside = seen
        if look is not NOTHING or legacy or own or tag in _SPECIAL:
            inside = self._styled(tag, attributes, look, own, seen, variables)
        self._known[key] = (seen, inside)
        if tag == "body":
            self._page = inside
            self._link_colour = read_colour(get("link") or "") or self._link_colour
        return inside

    def _rules(self, tag: str, attributes: dict[str, str | None], found: tuple[Rule, ...]) -> list[Rule]:
        return self.sheet.rules(tag, attributes, found) if self._has_rules else []

    def _look(self, style: str, rules: list[Rule], seen: _Seen) -> tuple[Look, Mapping[str, str]]:
        """What style attribute and rules make of an element, and the custom properties that it hands down."""
        if not rules and not seen.variables and "var(" not in style and "--" not in style:
            return look_of_style(style), seen.variables
        declarations, variables = with_variables(cascade(rules, read_declarations(style)), seen.variables)
        return look_of(declarations), variables

    def _styled(
        self,
        tag: str,
        attributes: dict[str, str | None],
        look: Look,
        own: str | None,
        seen: _Seen,
        variables: Mapping[str, str],
    ) -> _Seen:
        colour, size = seen.colour, seen.font_size
        if self._quirks and tag == "table":
            colour, size = self._page.colour, 16.0
        if tag == "a" and "href" in attributes:
            colour = self._link_colour
        legacy = attributes.get("color") if tag == "font" else attributes.get("text") if tag == "body" else None
        colour = look.colour or read_colour(legacy or "") or colour
        if look.font_size is not None:
            number, unit = look.font_size
            size = number * size if unit == "em" else number
        hidden = seen.hidden or self._hidden(tag, attributes, look) or own
        visible = seen.visible if look.visible is None else look.visible
        preformatted = tag in _PREFORMATTED or seen.preformatted
        if look.preformatted is not None:
            preformatted = look.preformatted
        inside = _Seen(hidden, visible, size, colour, _background(attributes, look, seen), preformatted, variables)
        inside.why = _why(inside)
        return inside

    def _hidden(self, tag: str, attributes: dict[str, str | None], look: Look) -> str | None:
        """Why the element and what is in it are not seen, by its looks."""
        if look.hidden:
            return look.hidden
        if ("hidden" in attributes or "popover" in attributes) and look.display in (None, "none"):
            return "hidden"
        if tag == "mphantom":
            return "not rendered"
        if look.boxless and (tag in _BOXES or (look.display or "inline") not in ("inline", "contents")):
            return look.boxless
        return None

    def _own_reason(self, tag: str, attributes: dict[str, str | None]) -> str | None:
        """Why the element is not seen, by what it is and where it stands."""
        if tag == "dialog":
            return None if "open" in attributes else "closed"
        if tag == "marquee":
            return "zero-size box" if any(_is_tiny(attributes.get(name)) for name in ("width", "height")) else None
        return None

    def _around(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None]
    ) -> tuple[str, "_After | str | None"]:
        """What stands before an element's children, and what is to be done, or written, behind them."""
        if tag == "li":
            return f"{_BREAK}{self._marker(node)} ", _BREAK
        target = (attributes.get("href") or "").strip()
        return "", _After(len(self.pieces), target) if target and not target.startswith("#") else None

    def _marker(self, item: LexborNode) -> str:
        """What a list item begins with: its number in an ordered list."""
        parent = item.parent
        if parent is None or parent.tag != "ol":
            return "-"
        number = self._numbers[parent.mem_id] = self._numbers.get(parent.mem_id, 0) + 1
        return f"{number}."

    def _image(self, attributes: dict[str, str | None], inside: _Seen) -> None:
        get = attributes.get
        alt = " ".join(each.split()) if (each := get("alt")) else ""
        if inside.why is None and not (_is_tiny(get("width")) or _is_tiny(get("height"))):
            self.pieces.append(f"[{alt}]" if alt else _IMAGE)
        elif words := len(_WORD.findall(alt)):
            self.hidden[inside.why or "zero-size box"] += words

    def _end_link(self, after: _After) -> None:
        text = "".join(self.pieces[after.piece :])
        shown_image = _IMAGE in text
        # What separates words for `split` is white space and marks, but for the one of images.
        text = " ".join(text.replace(_IMAGE, " ").replace(_PAD, " ").split())
        target = "".join(after.target.split())
        if len(self.links) < MAX_LINKS:
            self.links.append(Link(text, target))
        if not (text or shown_image) or target.lower().startswith(("javascript:", "data:", "vbscript:")):
            return
        bare = target.removeprefix("mailto:")
        if text not in (bare, target) and text.rstrip("/") != target.split("://", 1)[-1].rstrip("/"):
            shown = target if len(target) <= TARGET_CHARS else target[:TARGET_CHARS] + "…"
            self.pieces.append(f" <{shown}>" if text else f"[image] <{shown}>")


def _background(attributes: dict[str, str | None], look: Look, seen: _Seen) -> Colour | None:
    """The colour behind the text; None where it is not known."""
    if look.background_unknown or look.clips_text_to_background or attributes.get("background"):
        return None
    own = look.background or read_colour(attributes.get("bgcolor") or "")
    if own is None or own.alpha <= 0:
        return seen.background
    if own.alpha >= 1:
        return own
    return own.over(seen.background) if seen.background is not None else None


def _why(seen: _Seen) -> str | None:
    """Why text that looks like this is not seen; None: it is."""
    if seen.hidden:
        return seen.hidden
    if not seen.visible:
        return "visibility:hidden"
    if seen.font_size < SMALLEST_TEXT:
        return "tiny text"
    if seen.colour.alpha < 0.1:
        return "transparent text"
    if seen.background is not None and contrast(seen.colour, seen.background) < LEAST_CONTRAST:
        return "text in the background's colour"
    return None


def _svg_style(attributes: dict[str, str | None]) -> str:
    """The presentation attributes of SVG (SVG 2, 6.6) as declarations, before those of the style attribute."""
    declared = [f"{name}:{value}" for name in _PRESENTATION if (value := attributes.get(name))]
    if fill := attributes.get("fill"):
        declared.append(f"color:{'transparent' if fill == 'none' else fill}")
    return ";".join([*declared, attributes.get("style") or ""])


def _preformatted(text: str) -> str:
    return text.expandtabs().replace("\n", _HARD).replace(" ", _PAD)


def _is_tiny(size: str | None) -> bool:
    return size is not None and size[:1] in " 01" and size.strip().rstrip("px") in ("0", "1", "0%")


def _layout(text: str) -> str:
    """The pieces of text as lines: white space as a browser shows it, cells and quotes as marks."""
    segments = _SPACE.sub(" ", text).replace(_IMAGE, "").split(_BREAK)
    # A block begins and ends a line, once; a line break that ends a block adds none.
    text = "\n".join([each.removesuffix("\n") for segment in segments if (each := segment.strip(" "))])
    text = text.replace(_HARD, "\n")
    marked = _CELL in text or _QUOTE in text
    lines = _marked_lines(text) if marked else [line.strip() for line in text.split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip().replace(_PAD, " ")


def _marked_lines(text: str) -> list[str]:
    lines: list[str] = []
    depth = 0
    quotes = _QUOTE in text
    for marked in text.split("\n"):
        line = _row(marked) if _CELL in marked else marked
        if quotes:
            depth += line.count(_QUOTE)
            closed = line.count(_UNQUOTE)
            line = line.replace(_QUOTE, "").replace(_UNQUOTE, "").strip()
            lines.append(f"{'> ' * min(depth, 20)}{line}" if line else line)
            depth = max(0, depth - closed)
        else:
            lines.append(line.strip())
    return lines


def _row(line: str) -> str:
    return " | ".join([cell for each in line.split(_CELL) if (cell := each.strip())])


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
