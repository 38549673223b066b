"""Where HTML leads, and what it loads: the targets of all its elements, seen or not, with the words that lead there."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.html.limited import within_all_limits

TargetKind = Literal["link", "svg", "area", "form", "refresh", "frame", "image", "text"]

MAX_TARGETS = 2_000
"""Targets that are noted of one document."""

WORDS_CHARS = 80
"""How much of the words that lead to a target is kept."""

_MOST_NODES = 60
"""Nodes of a link that are looked through for its words: nobody's words are in more."""
# By their attributes: of a table's cells, of which there may be a million, almost none loads anything.
_ELEMENTS = "a,area,form,button,input,meta,iframe,frame,embed,object,img,image,[background]"
_REFRESH = re.compile(r"^\s*[\d.]*\s*[;,]?\s*(?:url\s*=)?\s*['\"]?([^'\"]+)", re.IGNORECASE)
_STYLE_URL = re.compile(r"url\(\s*['\"]?\s*(https?:[^)'\"\s]{1,2000})", re.IGNORECASE)
_WITH_WORDS = ("link", "svg", "area", "form")
_WRITTEN = re.compile(r"\bhttps?://[^\s<>\"'`]{4,2000}", re.IGNORECASE)
_SOURCES = {"iframe": "src", "frame": "src", "embed": "src", "object": "data"}


class Target(NamedTuple):
    """`address` is what a browser would open or load; `words` are those of the element, "" where it has none."""

    kind: TargetKind
    address: str
    words: str


def targets_of(html: str) -> tuple[list[Target], bool]:
    """The targets of a document that is read for nothing else, and whether some of it was not looked at."""
    limited = within_all_limits(html)
    targets = targets_in(LexborHTMLParser(limited.html), limited.html)
    return targets, bool(limited.left_out)


def targets_in(tree: LexborHTMLParser, html: str) -> list[Target]:
    """The targets of a parsed document, in its order; then images of its styles, and addresses that are only written.
    They are complete where they stand so, or `base` completes them."""
    base = _attribute(tree.css_first("base"), "href")
    found: list[Target] = []
    for node in tree.css(_ELEMENTS):
        for kind, address in _addresses(node):
            if not address or address.startswith("#"):
                continue
            words = _words(node) if kind in _WITH_WORDS else ""
            found.append(Target(kind, _complete(base, address), words))
        if len(found) >= MAX_TARGETS:
            break

    found += [Target("image", each, "") for each in _STYLE_URL.findall(html)]
    if tree.body is not None:
        found += _written(tree.body.text(deep=True, separator=" "))
    return found[:MAX_TARGETS]


def _written(text: str) -> list[Target]:
    """Addresses that stand in the text: whoever copies one gets there, too."""
    if "://" not in text:
        return []
    return [Target("text", each, "") for each in _WRITTEN.findall(text)]


def _addresses(node: LexborNode) -> Iterator[tuple[TargetKind, str]]:
    """What an element leads to or loads; "" where it says nothing."""
    tag = node.tag
    get = node.attributes.get

    def clean(name: str) -> str:
        # Browsers take line breaks and tabs out of addresses (URL Standard, 4.4).
        return "".join((get(name) or "").split())

    # In drawings links may be of the namespace of XLink, as in SVG 1.1.
    if tag in ("a", "area"):
        yield "area" if tag == "area" else "link", clean("href")
        yield "svg", clean("xlink:href")
    elif tag == "form":
        yield "form", clean("action")
    elif tag in ("button", "input"):
        yield "form", clean("formaction")
        yield "image", clean("src")
    elif tag == "meta":
        yield "refresh", _refreshed_to(get("http-equiv"), get("content"))
    elif tag in _SOURCES:
        yield "frame", clean(_SOURCES[tag])
    elif tag in ("img", "image"):
        yield "image", clean("src") or clean("href") or clean("xlink:href")
    else:
        yield "image", clean("background")


def _refreshed_to(header: str | None, content: str | None) -> str:
    """Where `<meta http-equiv=refresh content="0; url=...">` leads (HTML, 4.2.5.3)."""
    if (header or "").strip().lower() != "refresh":
        return ""
    match = _REFRESH.match(content or "")
    if match is None:
        return ""
    return "".join(match.group(1).split())


def _complete(base: str, address: str) -> str:
    if not base:
        return address
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _attribute(node: LexborNode | None, name: str) -> str:
    if node is None:
        return ""
    return (node.attributes.get(name) or "").strip()


def _words(node: LexborNode) -> str:
    """The words of an element: its text, what stands for its pictures, or what its buttons say."""
    get = node.attributes.get
    if node.tag == "area":
        return _short(get("alt") or get("title"))

    pieces: list[str] = []
    todo, looked = [node], 0
    while todo and looked < _MOST_NODES:
        each = todo.pop()
        looked += 1
        if each.tag == "-text":
            pieces.append(each.text_content or "")
        elif each.tag in ("img", "input"):
            pieces.append(each.attributes.get("alt") or each.attributes.get("value") or "")
        elif each.tag not in ("style", "script"):
            child = each.last_child
            while child is not None and len(todo) < _MOST_NODES:
                todo.append(child)
                child = child.prev

    words = " ".join(pieces)
    if words:
        return _short(words)
    return _short(get("title") or get("value"))


def _short(text: str | None) -> str:
    return " ".join((text or "").split())[:WORDS_CHARS]
