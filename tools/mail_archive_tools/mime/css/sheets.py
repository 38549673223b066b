"""As much of CSS as it takes to tell what a reader would see: declarations, rules, and which elements they are for.

Own code, because a newsletter has hundreds of style attributes and long style sheets, and a tokenizer in Python takes
eight times as long for them (tinycss2, measured). What cannot be read is passed over, as browsers do.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.css.longhands import ALL, longhands
from mail_archive_tools.mime.css.media import applies, is_supported
from mail_archive_tools.mime.css.selectors import OF_SELECTORS, Finder
from mail_archive_tools.mime.css.syntax import separate
from mail_archive_tools.mime.css.values import is_valid

STYLE_CHARS = 5_000
"""How much of one style attribute is read."""

SHEET_CHARS = 500_000
"""How much of a message's style sheets is read."""

MAX_RULES = 20_000
"""Rules read of a message's style sheets."""

_VALUE = r"""(?:[^;"'(]++|"[^"]*+"?|'[^']*+'?|\((?:[^()]++|\([^()]*+\))*+\)?)*+"""
# What is no declaration is passed over up to the next semicolon, with what stands in its brackets.
_DECLARATION = re.compile(rf"(?:^|;)\s*+(?:([\w\\-]++)\s*+:\s*+)?+({_VALUE})")
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_ELEMENT = re.compile(r"(?:^|[\s>+~])[a-zA-Z]")
_IN_NAMES = re.compile(r"[\w-]|[^\x00-\x7f]")
_VARIABLE = re.compile(r"var\(\s*(--[^\s(),]+)\s*(?:,([^()]*(?:\([^()]*\)[^()]*)*))?\)")
_IMPORTANT = re.compile(r"\s*!\s*important$")
_RULE = re.compile(r"""\s*((?:[^{};"']++|"[^"]*+"?|'[^']*+'?)*+)([{};])""")
_BLOCK_END = re.compile(r"""[{}]|"[^"\n]*+"?|'[^'\n]*+'?""")
_NAME = r"(?:[\w-]|[^\x00-\x7f]|\\.)+"
_SIMPLE = re.compile(rf"^([a-z][a-z0-9]*|\*)?(?:([.#])({_NAME}))?$", re.IGNORECASE)
_OF_A_STATE = re.compile(
    r"(?<!\\)(?:::|:(?:hover|active|focus|visited|target|checked|before|after|first-l|selection))", re.I
)
_NOT_OF_A_STATE = re.compile(r"(?<!\\):not\(\s*:(?:hover|active|focus|visited|target|checked)[^()]*\)", re.I)
_ANY_LINK = re.compile(r"(?<!\\):(?:any-)?link\b", re.I)
_NESTED = re.compile(r"([^{};]*)\{([^{}]*)\}")


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
def read_declarations(style: str, quirks: bool = False) -> tuple[Declaration, ...]:
    """The declarations of a style attribute, or of a rule between its braces, that a browser takes."""
    style = style[:STYLE_CHARS]
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    found = [_declaration(name, value) for name, value in _DECLARATION.findall(style) if name]
    return tuple([each for one in found if is_valid(one.name, one.value, quirks) for each in _longhands(one)])


def _longhands(declaration: Declaration) -> Iterator[Declaration]:
    """Those of the properties that it sets; one that has variables is as it is until they are known."""
    if "var(" in declaration.value:
        yield declaration
        return
    for name, value in longhands(declaration.name, declaration.value):
        yield Declaration(name, value, declaration.important)


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


def _plain(selector: str) -> str:
    """A selector with no escapes but those of characters that would be no part of a name."""

    def character(match: re.Match[str]) -> str:
        plain = unescape(match.group())
        return plain if _IN_NAMES.fullmatch(plain) else f"\\{plain}"

    return _ESCAPE.sub(character, selector)


class Sheet:
    """The style sheets of one document, and the rules that are for each of its elements."""

    def __init__(self, tree: LexborHTMLParser, elements: int, quirks: bool) -> None:
        """`elements` is about how many the document has; `quirks`: it is read as old documents are."""
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
                if declarations := read_declarations(declared, quirks):
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
        for written in separate(selectors):
            selector = written
            if ":" in written:
                selector = _ANY_LINK.sub("[href]", _NOT_OF_A_STATE.sub("", written)) or "*"
            if not selector or _OF_A_STATE.search(selector):
                continue
            rule = Rule(declarations, _specificity(selector), order)
            if simple := _SIMPLE.match(selector):
                tag, kind, name = simple.groups()
                tag = (tag or "").lower()
                key = f"{kind}{unescape(name)}" if kind else tag
                needed = "" if tag == "*" or not kind else tag
                self._by_key.setdefault(key, []).append((needed, rule))
            else:
                for identity in self._finder.find(selector):
                    self._by_node.setdefault(identity, []).append(rule)


def cascade(
    rules: list[Rule], inline: tuple[Declaration, ...], variables: Mapping[str, str], quirks: bool
) -> tuple[tuple[Declaration, ...], Mapping[str, str]]:
    """The declarations that win, of rules and a style attribute (CSS Cascade, 6), with `var()` replaced; and the custom
    properties that children inherit."""
    ordered = sorted(rules, key=lambda rule: (rule.specificity, rule.order))
    declared = [each for declarations in (*(rule.declarations for rule in ordered), inline) for each in declarations]
    own = {each.name: each.value for each in in_order(declared) if each.name.startswith("--")}
    known = {**variables, **own} if own else variables
    return tuple(in_order([each for one in declared for each in _with_variables(one, known, quirks)])), known


def in_order(declared: Iterable[Declaration]) -> list[Declaration]:
    """The declarations that win over others of the same property, each once: later ones, and important ones."""
    declared = list(declared)
    won: dict[str, Declaration] = {}
    for important in (False, True):
        for each in declared:
            if each.important is not important:
                continue
            if each.name == ALL:
                # What properties have custom names, stays.
                won = {name: one for name, one in won.items() if name.startswith("--")}
            won[each.name] = each
    return list(won.values())


def _with_variables(declaration: Declaration, known: Mapping[str, str], quirks: bool) -> Iterator[Declaration]:
    """The declaration with its variables replaced; what is no value then is as if unset (CSS Variables, 3)."""
    if "var(" not in declaration.value or declaration.name.startswith("--"):
        yield declaration
        return

    def value(match: re.Match[str]) -> str:
        return known.get(match.group(1), (match.group(2) or "").strip())

    replaced = " ".join(_VARIABLE.sub(value, declaration.value).split())
    usable = replaced and "var(" not in replaced and is_valid(declaration.name, replaced, quirks)
    yield from _longhands(declaration._replace(value=replaced if usable else "unset"))


def _sheet_texts(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("style"):
        attributes = node.attributes
        kind = (attributes.get("type") or "text/css").lower()
        if "css" in kind and applies((attributes.get("media") or "").lower()):
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
            yield _plain(prelude) if "\\" in prelude else prelude, text[position : end - 1]
            position = end


def _unnested(selectors: str, block: str) -> Iterator[tuple[str, str]]:
    """A rule, and the rules in it (CSS Nesting), one level deep."""
    if "{" not in block:
        yield selectors, block
        return

    yield selectors, _NESTED.sub(" ", block)
    for inner, declarations in _NESTED.findall(block):
        for parent in separate(selectors):
            for each in separate(inner.strip()):
                yield each.replace("&", parent) if "&" in each else f"{parent} {each}", declarations


def _is_group(prelude: str) -> bool:
    """Whether an at-rule holds rules that apply."""
    if prelude.startswith("@media"):
        return applies(prelude[6:])
    if prelude.startswith("@supports"):
        return is_supported(prelude[9:])
    return prelude.startswith(("@layer", "@scope", "@container"))


def _after_block(text: str, position: int) -> int:
    """Where the block ends that begins at `position`, behind its opening brace."""
    depth = 1
    for match in _BLOCK_END.finditer(text, position):
        mark = match.group()
        depth += (mark == "{") - (mark == "}")
        if not depth:
            return match.end()

    return len(text) + 1


def _specificity(selector: str) -> tuple[int, int, int]:
    """How much a selector counts (Selectors 4, 17): a pseudo-class of selectors as the one in it that counts most."""
    total = [0, 0, 0]
    if "(" in selector:
        for match in OF_SELECTORS.finditer(selector):
            name = match.group("name").lower()
            inner = [_specificity(each) for each in separate(match.group("inner"))]
            counts = (0, 1, 0) if name == "lang" else (0, 0, 0) if name == "where" else max(inner)
            total = [one + other for one, other in zip(total, counts, strict=True)]
        selector = OF_SELECTORS.sub("", selector)
    if "\\" in selector:
        selector = _ESCAPE.sub("x", selector)
    classes = selector.count(".") + selector.count("[") + selector.count(":")
    elements = len(_ELEMENT.findall(selector))
    return total[0] + selector.count("#"), total[1] + classes, total[2] + elements
