"""As much of CSS as it takes to tell what a reader would see: declarations, rules, and which elements they are for.

Own code, because a newsletter has hundreds of style attributes and long style sheets, and a tokenizer in Python takes
eight times as long for them (tinycss2, measured). What cannot be read is passed over, as browsers do.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.html.selectors import Finder

STYLE_CHARS = 5_000
"""How much of one style attribute is read."""

SHEET_CHARS = 500_000
"""How much of a message's style sheets is read."""

MAX_RULES = 20_000
"""Rules read of a message's style sheets."""

VIEWPORT = 800.0
"""The width of the window that a reader is taken to have, in CSS pixels."""

_VALUE = r"""(?:[^;"'(}]++|"[^"]*+"?|'[^']*+'?|\((?:[^()]++|\([^()]*+\))*+\)?)*+"""
_DECLARATION = re.compile(rf"([\w\\-]+)\s*+:\s*+({_VALUE})")
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_IMPORTANT = re.compile(r"\s*!\s*important$")
_RULE = re.compile(r"""\s*((?:[^{};"']++|"[^"]*+"?|'[^']*+'?)*+)([{};])""")
_BLOCK_END = re.compile(r"""[{}]|"[^"\n]*+"?|'[^'\n]*+'?""")
_SIMPLE = re.compile(r"^([a-z][a-z0-9]*|\*)?(?:([.#])((?:[\w-]|[^\x00-\x7f])+))?$", re.IGNORECASE)
_OF_A_STATE = re.compile(r"::|:(?:hover|active|focus|visited|target|checked|before|after|first-l|selection)", re.I)
_NOT_OF_A_STATE = re.compile(r":not\(\s*:(?:hover|active|focus|visited|target|checked)[^()]*\)", re.I)
_ANY_LINK = re.compile(r":(?:any-)?link\b", re.I)
_NESTED = re.compile(r"([^{};]*)\{([^{}]*)\}")
_FEATURE = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([\d.]+)\s*(px|em|rem)?\s*\)")
_NOT_APPLIED = re.compile(
    r"\b(?:print|speech|not\s+(?:all|screen))\b|prefers-color-scheme\s*:\s*dark|-moz-|pointer\s*:"
)


class Declaration(NamedTuple):
    """`name` and `value` are in lower case, escapes and comments taken out."""

    name: str
    value: str
    important: bool


class Rule(NamedTuple):
    declarations: tuple[Declaration, ...]
    specificity: tuple[int, int, int]
    order: int


@lru_cache(maxsize=4096)
def read_declarations(style: str) -> tuple[Declaration, ...]:
    """The declarations of a style attribute, or of a rule between its braces."""
    style = style[:STYLE_CHARS]
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    return tuple([_declaration(name, value) for name, value in _DECLARATION.findall(style)])


def _declaration(name: str, value: str) -> Declaration:
    if "\\" in name or "\\" in value:
        name, value = unescape(name), unescape(value)
    value = " ".join(value.lower().split())
    bare = _IMPORTANT.sub("", value) if "!" in value else value
    return Declaration(name.lower(), bare, len(bare) != len(value))


def unescape(text: str) -> str:
    """CSS escapes undone: `\\6e one` is `none`."""

    def character(match: re.Match[str]) -> str:
        number = int(match.group(1), 16) if match.group(1) else -1
        return match.group(2) or (chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd")

    return _ESCAPE.sub(character, text)


class Sheet:
    """The style sheets of one document, and the rules that are for each of its elements."""

    def __init__(self, tree: LexborHTMLParser, elements: int) -> None:
        """`elements` is about how many the document has."""
        self.cut = False
        self._by_key: dict[str, list[tuple[str, Rule]]] = {}
        self._by_node: dict[int, list[Rule]] = {}
        self._finder = Finder(tree, elements)
        text = "\n".join(_sheet_texts(tree))
        self.cut = len(text) > SHEET_CHARS
        for order, (selectors, block) in enumerate(_rules(text[:SHEET_CHARS])):
            if order >= MAX_RULES:
                self.cut = True
                break
            for inner, declared in _unnested(selectors, block):
                if declarations := read_declarations(declared):
                    self._add(inner, declarations, order)

        self.cut = self.cut or self._finder.cut

    @property
    def tags(self) -> frozenset[str]:
        """The tags that rules are for."""
        return frozenset(key for key in self._by_key if key[:1] not in ".#*")

    @property
    def attributes(self) -> frozenset[str]:
        """Of `class` and `id`, those that rules are for."""
        kinds = {key[:1] for key in self._by_key}
        return frozenset(name for kind, name in ((".", "class"), ("#", "id")) if kind in kinds)

    @property
    def is_for_all(self) -> bool:
        """Whether any element may have rules, whatever its tag, class and id."""
        return "*" in self._by_key or bool(self._by_node)

    def found(self, node: LexborNode) -> tuple[Rule, ...]:
        """The rules that a search of the document found to be for this element."""
        return tuple(self._by_node.get(node.mem_id, ())) if self._by_node else ()

    def rules(self, tag: str, attributes: dict[str, str | None], found: tuple[Rule, ...]) -> list[Rule]:
        """The rules for an element, in no order; `found` are its own."""
        if not self._by_key:
            return list(found)
        keys = [tag, "*"]
        if classes := attributes.get("class"):
            keys += ["." + name for name in classes.split()]
        if identifier := attributes.get("id"):
            keys.append("#" + identifier.strip())
        named = [rule for key in keys for needed, rule in self._by_key.get(key, ()) if not needed or needed == tag]
        return [*found, *named]

    def _add(self, selectors: str, declarations: tuple[Declaration, ...], order: int) -> None:
        for written in _separate(selectors):
            selector = written
            if ":" in written:
                selector = _ANY_LINK.sub("[href]", _NOT_OF_A_STATE.sub("", written)) or "*"
            if not selector or _OF_A_STATE.search(selector):
                continue
            rule = Rule(declarations, _specificity(selector), order)
            if simple := _SIMPLE.match(selector):
                tag, kind, name = simple.groups()
                tag = (tag or "").lower()
                key = f"{kind}{name}" if kind else tag
                needed = "" if tag == "*" or not kind else tag
                self._by_key.setdefault(key, []).append((needed, rule))
            else:
                for identity in self._finder.find(selector):
                    self._by_node.setdefault(identity, []).append(rule)


def cascade(rules: list[Rule], inline: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """The declarations that win, of rules and a style attribute (CSS Cascade, 6)."""
    won: dict[str, Declaration] = {}
    ordered = sorted(rules, key=lambda rule: (rule.specificity, rule.order))
    for important in (False, True):
        for declarations in (*(rule.declarations for rule in ordered), inline):
            for each in declarations:
                if each.important is important:
                    won[each.name] = each

    return tuple(won.values())


def _sheet_texts(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("style"):
        attributes = node.attributes
        kind = (attributes.get("type") or "text/css").lower()
        if "css" in kind and _applies((attributes.get("media") or "").lower()):
            text = node.text(deep=True)
            yield _COMMENT.sub(" ", text.replace("<!--", " ").replace("-->", " "))


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """(selectors, block) of each rule that applies on a screen; conditional groups are looked into."""
    position, groups = 0, 0
    while match := _RULE.match(text, position):
        prelude, mark = match.group(1).strip(), match.group(2)
        position = match.end()
        if mark == "}":
            groups = max(0, groups - 1)
        elif mark == "{" and prelude.startswith("@"):
            if _is_group(prelude.lower()):
                groups += 1
            else:
                position = _after_block(text, position)
        elif mark == "{":
            end = _after_block(text, position)
            yield unescape(prelude) if "\\" in prelude else prelude, text[position : end - 1]
            position = end


def _unnested(selectors: str, block: str) -> Iterator[tuple[str, str]]:
    """A rule, and the rules in it (CSS Nesting), one level deep."""
    if "{" not in block:
        yield selectors, block
        return

    yield selectors, _NESTED.sub(" ", block)
    for inner, declarations in _NESTED.findall(block):
        for parent in _separate(selectors):
            for each in _separate(inner.strip()):
                yield each.replace("&", parent) if "&" in each else f"{parent} {each}", declarations


def _is_group(prelude: str) -> bool:
    """Whether an at-rule holds rules that apply."""
    if prelude.startswith("@media"):
        return _applies(prelude[6:])
    return prelude.startswith(("@layer", "@scope", "@container")) or (
        prelude.startswith("@supports") and not re.match(r"@supports\s+not\b", prelude)
    )


def _applies(media: str) -> bool:
    """Whether a media query list is for a screen of `VIEWPORT` width."""
    return not media.strip() or any(_query_applies(query) for query in media.split(","))


def _query_applies(query: str) -> bool:
    if _NOT_APPLIED.search(query):
        return False
    for bound, number, unit in _FEATURE.findall(query):
        try:
            width = float(number) * (1 if unit in ("", "px") else 16)
        except ValueError:
            return False
        if (bound == "min" and width > VIEWPORT) or (bound == "max" and width < VIEWPORT):
            return False

    return True


def _after_block(text: str, position: int) -> int:
    """Where the block ends that begins at `position`, behind its opening brace."""
    depth = 1
    for match in _BLOCK_END.finditer(text, position):
        mark = match.group()
        depth += (mark == "{") - (mark == "}")
        if not depth:
            return match.end()

    return len(text) + 1


def _separate(selectors: str) -> Iterator[str]:
    """The selectors of a list; commas between brackets separate nothing."""
    if "(" not in selectors and "[" not in selectors:
        yield from (each.strip() for each in selectors.split(","))
        return

    depth, start = 0, 0
    for place, mark in enumerate(selectors):
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and not depth:
            yield selectors[start:place].strip()
            start = place + 1

    yield selectors[start:].strip()


def _specificity(selector: str) -> tuple[int, int, int]:
    ids, classes = selector.count("#"), selector.count(".") + selector.count("[") + selector.count(":")
    return ids, classes, len(re.findall(r"(?:^|[\s>+~(])[a-zA-Z]", selector))
