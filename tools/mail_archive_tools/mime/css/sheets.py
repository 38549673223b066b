"""Style sheets: their rules, and which elements each is for.

Own code, because a newsletter has hundreds of style attributes and long style sheets, and a tokenizer in Python takes
eight times as long for them (tinycss2, measured). What cannot be read is passed over, as browsers do.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.css.cascade import Rule
from mail_archive_tools.mime.css.declarations import COMMENT, ESCAPE, Declaration, read_declarations, unescape
from mail_archive_tools.mime.css.media import applies, is_supported
from mail_archive_tools.mime.css.selectors import OF_SELECTORS, Finder
from mail_archive_tools.mime.css.syntax import separate

SHEET_CHARS = 500_000
"""How much of a message's style sheets is read."""

MAX_RULES = 20_000
"""Rules read of a message's style sheets."""

_ELEMENT = re.compile(r"(?:^|[\s>+~])[a-zA-Z]")
_IN_NAMES = re.compile(r"[\w-]|[^\x00-\x7f]")
_RULE = re.compile(r"""\s*((?:[^{};"']++|"[^"]*+"?|'[^']*+'?)*+)([{};])""")
_BLOCK_END = re.compile(r"""[{}]|"[^"\n]*+"?|'[^'\n]*+'?""")
_NAME = r"(?:[\w-]|[^\x00-\x7f]|\\.)+"
_SIMPLE = re.compile(rf"^([a-z][a-z0-9]*|\*)?(?:([.#])({_NAME}))?$", re.IGNORECASE)
"""A tag, a class or an identifier, or a tag with one of both: most selectors of mail are one of these."""

# What is true of an element only while somebody points at it or after a click is not how a mail looks at first; and
# what a pseudo-element shows is not the element's own text.
_OF_A_STATE = re.compile(
    r"(?<!\\)(?:::|:(?:hover|active|focus|visited|target|checked|before|after|first-l|selection))", re.I
)
_NOT_OF_A_STATE = re.compile(r"(?<!\\):not\(\s*:(?:hover|active|focus|visited|target|checked)[^()]*\)", re.I)
_ANY_LINK = re.compile(r"(?<!\\):(?:any-)?link\b", re.I)
_NESTED = re.compile(r"([^{};]*)\{([^{}]*)\}")


class Sheet:
    """The style sheets of one document, and the rules that are for each of its elements."""

    def __init__(self, tree: LexborHTMLParser, elements: int, quirks: bool) -> None:
        """`elements` is about how many the document has; `quirks`: it is read as old documents are."""
        self._finder = Finder(tree, elements)
        self._by_key: dict[str, list[tuple[str, Rule]]] = {}
        self._by_node: dict[int, list[Rule]] = {}
        text = "\n".join(_sheet_texts(tree))
        self.cut = len(text) > SHEET_CHARS
        self._read(text[:SHEET_CHARS], quirks)
        self.cut = self.cut or self._finder.cut

    def _read(self, text: str, quirks: bool) -> None:
        for order, (selectors, block) in enumerate(_rules(text)):
            if order >= MAX_RULES:
                self.cut = True
                return
            for inner, declared in _unnested(selectors, block):
                declarations = read_declarations(declared, quirks)
                if declarations:
                    self._add(inner, declarations, order)

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
        classes, identifier = attributes.get("class"), attributes.get("id")
        if classes:
            keys += ["." + name for name in classes.split()]
        if identifier:
            keys.append("#" + identifier.strip())

        rules = list(found)
        for key in keys:
            for needed, rule in self._by_key.get(key, ()):
                if needed in ("", tag):
                    rules.append(rule)
        return rules

    def _add(self, selectors: str, declarations: tuple[Declaration, ...], order: int) -> None:
        """Keep a rule by what it is for: by one word where that tells its elements, else by each of them."""
        for written in separate(selectors):
            selector = written
            if ":" in written:
                # In a mail that is looked at for the first time no element is in a state, and all links are links.
                selector = _ANY_LINK.sub("[href]", _NOT_OF_A_STATE.sub("", written)) or "*"
            if not selector or _OF_A_STATE.search(selector):
                continue

            rule = Rule(declarations, _specificity(selector), order)
            simple = _SIMPLE.match(selector)
            if simple is not None:
                self._add_simple(simple, rule)
                continue
            for identity in self._finder.find(selector):
                self._by_node.setdefault(identity, []).append(rule)

    def _add_simple(self, selector: re.Match[str], rule: Rule) -> None:
        tag, kind, name = selector.groups()
        tag = (tag or "").lower()
        if not kind:
            self._by_key.setdefault(tag, []).append(("", rule))
            return
        needed = "" if tag == "*" else tag
        self._by_key.setdefault(f"{kind}{unescape(name)}", []).append((needed, rule))


def _sheet_texts(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css("style"):
        attributes = node.attributes
        kind = (attributes.get("type") or "text/css").lower()
        media = (attributes.get("media") or "").lower()
        if "css" not in kind or not applies(media):
            continue

        # Marks of HTML comments, which hid style sheets from browsers of old, are passed over (CSS Syntax 3, 5.4.1).
        text = node.text(deep=True).replace("<!--", " ").replace("-->", " ")
        yield COMMENT.sub(" ", text)


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """(selectors, block) of each rule that applies on a screen; conditional groups are looked into."""
    position, groups = 0, 0
    while True:
        match = _RULE.match(text, position)
        if match is None:
            return
        prelude, mark = match.group(1).strip(), match.group(2)
        position = match.end()

        if mark == "}":
            groups = max(0, groups - 1)
        elif mark == ";":
            # A statement, such as @import.
            continue
        elif not prelude.startswith("@"):
            end = _after_block(text, position)
            yield _plain(prelude) if "\\" in prelude else prelude, text[position : end - 1]
            position = end
        elif _is_group(prelude.lower()):
            groups += 1
        else:
            position = _after_block(text, position)


def _plain(selector: str) -> str:
    """A selector with no escapes but those of characters that would be no part of a name."""
    return ESCAPE.sub(_plain_character, selector)


def _plain_character(escape: re.Match[str]) -> str:
    plain = unescape(escape.group())
    if _IN_NAMES.fullmatch(plain):
        return plain
    return f"\\{plain}"


def _unnested(selectors: str, block: str) -> Iterator[tuple[str, str]]:
    """A rule, and the rules in it (CSS Nesting), one level deep."""
    if "{" not in block:
        yield selectors, block
        return

    yield selectors, _NESTED.sub(" ", block)
    for inner, declarations in _NESTED.findall(block):
        for parent in separate(selectors):
            for each in separate(inner.strip()):
                # "&" stands for the rule around it; without one, a rule is for what is in those elements.
                selector = each.replace("&", parent) if "&" in each else f"{parent} {each}"
                yield selector, declarations


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
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
        if not depth:
            return match.end()

    # It never ends; whoever takes what is before the closing brace gets all.
    return len(text) + 1


def _specificity(selector: str) -> tuple[int, int, int]:
    """How much a selector counts (Selectors 4, 17): its identifiers, its classes and the like, its tags."""
    identifiers, classes, elements = 0, 0, 0
    if "(" in selector:
        for match in OF_SELECTORS.finditer(selector):
            inner = _specificity_inside(match.group("name").lower(), match.group("inner"))
            identifiers, classes, elements = identifiers + inner[0], classes + inner[1], elements + inner[2]
        selector = OF_SELECTORS.sub("", selector)
    if "\\" in selector:
        selector = ESCAPE.sub("x", selector)

    identifiers += selector.count("#")
    classes += selector.count(".") + selector.count("[") + selector.count(":")
    elements += len(_ELEMENT.findall(selector))
    return identifiers, classes, elements


def _specificity_inside(name: str, selectors: str) -> tuple[int, int, int]:
    """A pseudo-class of selectors counts as much as the one in it that counts most."""
    if name == "lang":
        return 0, 1, 0
    if name == "where":
        return 0, 0, 0
    return max(_specificity(each) for each in separate(selectors))
