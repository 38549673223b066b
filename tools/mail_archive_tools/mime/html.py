"""HTML as the text that a person would read: blocks on lines of their own, link targets beside their text."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

HTML_CHARS = 2_000_000
"""How much HTML is converted, in characters."""

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
_DEEPLY_NESTED = re.compile(r"(?:<(?!/)[^>]{0,500}>\s*){500}")
_SPACE = re.compile(r"[ \t\r\f\v]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*")


def html_to_text(html: str) -> str:
    """The readable text of `html`. Scripts, styles and elements marked hidden are left out."""
    html = html[:HTML_CHARS]
    if _DEEPLY_NESTED.search(html):
        return re.sub(r"<[^>]*>", " ", html)
    tree = LexborHTMLParser(html)
    for node in tree.css(_UNSEEN):
        node.decompose()
    pieces: list[str] = []
    if tree.body is not None:
        _collect(tree.body, pieces)
    text = _SPACE.sub(" ", "".join(pieces).replace("\u00a0", " "))
    lines = (line.strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


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
    return ("\n", "\n") if tag in _BLOCKS else ("", "")
