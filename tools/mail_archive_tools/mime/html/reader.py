"""HTML as the text that a person would read, what it hides from one, and where its links lead.

Blocks are on lines of their own, cells of a row are separated by " | ", quotes begin with "> ", a link is its text
and `<target>`. What a reader would not see is left out and counted, by the reason why it is not seen.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.css.sheets import Sheet
from mail_archive_tools.mime.html.doctypes import has_quirks
from mail_archive_tools.mime.html.either_way import VisibilityEitherWay
from mail_archive_tools.mime.html.layout import BREAK, CELL, HARD, IMAGE, MARKS, PAD, QUOTE, UNQUOTE, lay_out
from mail_archive_tools.mime.html.limited import within_all_limits
from mail_archive_tools.mime.html.seen import Seen
from mail_archive_tools.mime.html.targets import MAX_TARGETS, Target, targets_in
from mail_archive_tools.mime.html.unseen import (
    FIELD,
    FRAME,
    GENERATED,
    OUTLOOK,
    PICTURE,
    SecondStream,
    Unseen,
    for_outlook,
    in_field,
    in_picture,
)
from mail_archive_tools.mime.html.visibility import BLOCKS, Visibility, is_tiny
from mail_archive_tools.untrusted import without_invisible

MAX_ELEMENTS = 100_000
"""Elements that are read."""

MAX_LINKS = 2_000
"""Links that are noted."""

INNER_CHARS = 500_000
"""How much is read of the documents in one document: comments for Outlook, frames and pictures."""

_DEPTH = 2
TARGET_CHARS = 300
"""How much of a link's target stands in the text."""

_UNSEEN = {
    **dict.fromkeys("script style template noscript noembed noframes datalist".split(), "not rendered"),
    **dict.fromkeys("iframe object video audio canvas progress meter".split(), "replaced content"),
    **dict.fromkeys(
        "head title meta link base rp defs desc metadata symbol clippath mask annotation annotation-xml".split(),
        "not rendered",
    ),
    "-comment": "not rendered",
}
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 dl blockquote pre".split())
_NO_WORDS = frozenset("-comment script style head title meta link".split())
"""Nodes whose text is none that a reader was kept from. A comment is a note of whoever, or whatever, wrote the HTML."""

_IN_HEAD = ("-comment", "template")
"""What a head may have that some programs show."""

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
# Our marks among pieces, written as characters are that cannot stand in a document themselves.
_MARK_REFERENCE = re.compile("&#(?:0*(?:11|25|26|28|29|30|31)|x0*(?:b|1[9ac-f]))(?![0-9a-f])", re.IGNORECASE)


class Link(NamedTuple):
    """A link as it is shown: its text and its target."""

    text: str
    target: str


@dataclass
class HtmlText:
    """`hidden` counts the words that were left out, by reason, and `unseen` has them, and what only some programs show;
    `links` are those that are shown, `targets` all that leads somewhere or is loaded; `cut` says what was not looked
    at."""

    text: str
    hidden: Counter[str] = field(default_factory=Counter)
    unseen: list[Unseen] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    cut: str | None = None


def read_html(html: str, depth: int = 0) -> HtmlText:
    """The readable text of `html`, which stands in so many other documents. Never raises; time is linear in its
    size."""
    html, left_out = within_all_limits(html)
    reasons = list(left_out)

    tree = LexborHTMLParser(html)
    quirks = has_quirks(html)
    sheet = Sheet(tree, html.count("<"), quirks)
    walk = _Walk(html, sheet, quirks, depth)
    if tree.root is not None:
        walk.run(tree.root)
    if walk.cut:
        reasons.append(walk.cut)
    if sheet.cut:
        reasons.append("not all of its style rules were read")

    for words in sheet.generated:
        walk.unseen.add(GENERATED, words, len(walk.pieces))
    if walk.unseen.is_cut:
        reasons.append("not all that a reader does not see was kept")

    text = lay_out("".join(walk.pieces))
    targets = [*targets_in(tree, html), *walk.targets][:MAX_TARGETS]
    # All of them: one must not mask another.
    cut = "; ".join(reasons) or None
    return HtmlText(text, walk.hidden, walk.unseen.parts, walk.links, targets, cut)


@dataclass(slots=True)
class _After:
    """The end of a link, which began at that piece of the text."""

    piece: int
    target: str


_Todo = list["tuple[LexborNode, Seen] | _After | str"]
"""What is to be read or written, the next of it last: nodes, ends of links, and pieces that stand behind elements."""


class _Walk:
    """One pass over a document, without recursion: a mail may nest thousands of elements."""

    def __init__(self, html: str, sheet: Sheet, quirks: bool, depth: int) -> None:
        self._visibility: Any = Visibility(sheet, quirks)
        if sheet.has_doubtful:
            self._visibility = VisibilityEitherWay(sheet, quirks)
        self._careful = _may_have_marks(html)
        self.pieces: list[str] = []
        self.hidden: Counter[str] = Counter()
        self.unseen = SecondStream()
        self.links: list[Link] = []
        self.targets: list[Target] = []
        """Those of documents in this one."""
        self.cut: str | None = None
        self._elements = 0
        self._depth = depth
        self._inner_chars = INNER_CHARS
        self._numbers: dict[int, int] = {}

    def run(self, root: LexborNode) -> None:
        # Once for each of up to a million nodes: what can be looked up, or is the same for many, is not worked out.
        todo: _Todo = [(root, self._visibility.page)]
        todo += [(each, self._visibility.page) for each in _comments_beside(root)]
        pieces, careful = self.pieces, self._careful
        while todo:
            item = todo.pop()
            if isinstance(item, tuple):
                node, seen = item
                tag = node.tag or ""
                if tag == "-text":
                    # Most texts need no more than their line breaks taken for spaces.
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

    def _element(self, node: LexborNode, tag: str, seen: Seen, todo: _Todo) -> None:
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
        # A picture has no text in it, and what stands for it is written at once.
        if tag == "img":
            self._image(attributes, inside)
            return
        if tag == "input":
            self.unseen.add(FIELD, in_field(attributes), len(self.pieces))

        if tag in _WRITES and inside.hidden is None and inside.clip.in_flow is None:
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
        shut = self._visibility.shut(inside)

        children: list[tuple[LexborNode, Seen]] = []
        for child in node.iter(include_text=True):
            seen = inside if child.tag == "summary" else shut
            children.append((child, seen))
        children.reverse()
        return children

    def _other_text(self, text: str, seen: Seen) -> None:
        """Text that is preformatted, not seen, or may have our marks in it."""
        text = MARKS.sub("", text)
        if seen.why is not None:
            self._hide(text, seen.why)
        elif seen.preformatted:
            self.pieces.append(text.expandtabs().replace("\n", HARD).replace(" ", PAD))
        else:
            self.pieces.append(text.replace("\n", " "))

    def _hide(self, text: str, why: str) -> None:
        """Count the words of a text, whatever stands between their letters that nobody sees."""
        words = len(_WORD.findall(without_invisible(text)))
        if words:
            self.hidden[why] += words
            self.unseen.add(why, text, len(self.pieces))

    def _skip(self, node: LexborNode, tag: str) -> None:
        if tag == "head":
            for child in node.iter(include_text=True):
                if child.tag in _IN_HEAD:
                    self._skip(child, child.tag)
        elif tag == "-comment":
            self._inner(OUTLOOK, for_outlook(node.comment_content or ""))
        elif tag == "iframe" and node.attributes.get("srcdoc"):
            self._inner(FRAME, node.attributes["srcdoc"] or "")
        elif tag == "template":
            # What is in it is a document of its own (HTML, 4.12.3).
            self._inner(_UNSEEN[tag], (node.html or "").partition(">")[2].rpartition("</")[0])
        elif tag not in _NO_WORDS:
            self._hide(node.text(deep=True), _UNSEEN[tag])

    def _inner(self, reason: str, html: str) -> None:
        """Read a document that stands in this one, and that a browser does not show in its place."""
        if not html or self._depth >= _DEPTH or len(html) > self._inner_chars:
            return
        self._inner_chars -= len(html)
        read = read_html(html, self._depth + 1)
        place = len(self.pieces)
        self.unseen.add(reason, read.text, place)
        for each in read.unseen:
            self.unseen.add(reason, each.text, place)
        self.targets += read.targets

    def _around(self, node: LexborNode, tag: str, attributes: dict[str, str | None]) -> tuple[str, _After | str | None]:
        """What stands before an element's children, and what is to be done, or written, behind them."""
        if tag == "li":
            return f"{BREAK}{self._marker(node)} ", BREAK

        target = (attributes.get("href") or "").strip()
        if not target or target.startswith("#"):
            # It leads nowhere but into the document itself.
            return "", None
        return "", _After(len(self.pieces), target)

    def _marker(self, item: LexborNode) -> str:
        """What a list item begins with: its number in an ordered list."""
        parent = item.parent
        if parent is None or parent.tag != "ol":
            return "-"

        number = self._numbers.get(parent.mem_id, 0) + 1
        self._numbers[parent.mem_id] = number
        return f"{number}."

    def _image(self, attributes: dict[str, str | None], inside: Seen) -> None:
        alt = " ".join((attributes.get("alt") or "").split())
        why = inside.why
        if why is None and is_tiny(attributes):
            why = "zero-size box"

        if why is not None:
            self._hide(alt, why)
        elif alt:
            self.pieces.append(f"[{alt}]")
        else:
            self.pieces.append(IMAGE)
        self._inner(PICTURE, in_picture(attributes.get("src") or ""))

    def _end_link(self, after: _After) -> None:
        text = "".join(self.pieces[after.piece :])
        shown_image = IMAGE in text
        # What separates words for `split` is white space and marks, but for the one of images.
        text = " ".join(text.replace(IMAGE, " ").replace(PAD, " ").split())
        target = "".join(after.target.split())
        if len(self.links) < MAX_LINKS:
            self.links.append(Link(text, target))

        if not text and not shown_image:
            return
        if target.lower().startswith(("javascript:", "data:", "vbscript:")):
            return
        if _is_its_target(text, target):
            return
        shown = target if len(target) <= TARGET_CHARS else target[:TARGET_CHARS] + "…"
        self.pieces.append(f" <{shown}>" if text else f"[image] <{shown}>")


def _comments_beside(root: LexborNode) -> Iterator[LexborNode]:
    """The comments before a document's outermost element and behind it."""
    before, behind = root.prev, root.next
    while before is not None:
        if before.tag == "-comment":
            yield before
        before = before.prev
    while behind is not None:
        if behind.tag == "-comment":
            yield behind
        behind = behind.next


def _is_its_target(text: str, target: str) -> bool:
    """Whether a link's text says where it leads, so that it need not be said again."""
    if text in (target, target.removeprefix("mailto:")):
        return True
    return text.rstrip("/") == target.split("://", 1)[-1].rstrip("/")


def _may_have_marks(html: str) -> bool:
    """Whether a text of the document may have marks in it that are ours."""
    if any(mark in html for mark in "\x0b\x19\x1a\x1c\x1d\x1e\x1f"):
        return True
    return "&#" in html and _MARK_REFERENCE.search(html) is not None
