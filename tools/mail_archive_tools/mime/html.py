"""HTML as the text that a person would read: blocks on lines of their own, link targets beside their text."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

HTML_CHARS = 2_000_000
"""How much HTML is converted, in characters."""

MAX_DEPTH = 500
"""Levels of nested elements that are parsed; beyond them the markup is only taken off."""

_UNSEEN = (
    "script, style, head, template, noscript, title, [hidden], "
    '[style*="display:none" i], [style*="display: none" i], [style*="visibility:hidden" i]'
)
_BLOCKS = frozenset(
    (
        "address article aside blockquote body br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 "
        "header hr li main nav ol p pre section table tr ul"
    ).split()
)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,30})")
_MARKUP = re.compile(r"<[^<>]*>")
# Elements that end without an end tag, or never have one.
_ENDS_ITSELF = frozenset(
    (
        "area base br col embed hr img input link meta source track wbr p li dt dd td th tr thead tbody tfoot option "
        "optgroup colgroup caption"
    ).split()
)
_SPACE = re.compile(r"[ \t\r\f\v]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*")


def html_to_text(html: str) -> str:
    """The readable text of `html`. Scripts, styles and elements marked hidden are left out."""
    html = html[:HTML_CHARS]
    if _is_too_deep(html):
        # The parser takes quadratic time for it; nobody nests like this in earnest.
        return _EMPTY_LINES.sub("\n\n", _MARKUP.sub(" ", html)).strip()
    tree = LexborHTMLParser(html)
    for node in tree.css(_UNSEEN):
        node.decompose()
    pieces: list[str] = []
    if tree.body is not None:
        _collect(tree.body, pieces)
    text = _SPACE.sub(" ", "".join(pieces).replace("\u00a0", " "))
    lines = (line.strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _is_too_deep(html: str) -> bool:
    """Whether more elements are open at once than `MAX_DEPTH`. Counts by name: an end tag closes its own kind only."""
    open_elements: dict[str, int] = {}
    depth = 0
    for end, tag in _TAG.findall(html):
        name = tag.lower()
        if name in _ENDS_ITSELF:
            continue
        count = open_elements.get(name, 0)
        if end and not count:
            continue
        open_elements[name] = count - 1 if end else count + 1
        depth += -1 if end else 1
        if depth > MAX_DEPTH:
            return True
    return False


def _collect(root: LexborNode, pieces: list[str]) -> None:
    """Append the text below `root` in document order, without recursion."""
    todo: list[LexborNode | str] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif node.tag == "-text":
            pieces.append(re.sub(r"\s+", " ", node.text_content or ""))
        elif node.tag == "img":
            pieces.append(f" [{alt}] " if (alt := (node.attributes.get("alt") or "").strip()) else "")
        else:
            before, after = _around(node)
            children: list[LexborNode | str] = list(node.iter(include_text=True))
            todo.extend([after, *reversed(children), before])


def _around(node: LexborNode) -> tuple[str, str]:
    """What the text of an element begins and ends with."""
    tag = node.tag or ""
    if tag == "a":
        target = (node.attributes.get("href") or "").strip()
        return "", f" <{target}> " if target and not target.startswith(("#", "data:")) else ""
    if tag in ("td", "th"):
        return "", " | "
    if tag == "li":
        return "\n- ", ""
    if tag == "tr":
        return "\n", ""
    return ("\n", "\n") if tag in _BLOCKS else ("", "")
