"""Style sheets: their rules, and which elements each is for.

Own code, because a newsletter has hundreds of style attributes and long style sheets, and a tokenizer in Python takes
eight times as long for them (tinycss2, measured). What cannot be read is passed over, as browsers do.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail_archive_tools.mime.css.cascade import Rule
from mail_archive_tools.mime.css.declarations import COMMENT, ESCAPE, read_declarations, unescape
from mail_archive_tools.mime.css.media import applies
from mail_archive_tools.mime.css.rules import Rules, unnested
from mail_archive_tools.mime.css.selectors import OF_SELECTORS, Finder
from mail_archive_tools.mime.css.syntax import separate

SHEET_CHARS = 500_000
"""How much of a message's style sheets is read."""

MAX_RULES = 20_000
"""Rules read of a message's style sheets."""

_NO_WEIGHT = (0, 0, 0)
_ELEMENT = re.compile(r"(?:^|[\s>+~])[a-zA-Z]")
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
_GENERATING = re.compile(r":{1,2}(?:before|after)\b", re.IGNORECASE)
_CONTENT = re.compile(r"""(?<![\w-])content\s*:\s*((?:[^;"'}]++|"[^"\n]*+"|'[^'\n]*+')++)""", re.IGNORECASE)
_STRING = re.compile(r""""[^"\n]*+"|'[^'\n]*+'""")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_MOST_GENERATED = 200
_PSEUDO = re.compile(r"(?<![\\\w]):{1,2}(-?[a-z][\w-]*)", re.IGNORECASE)
_PSEUDO_CLASSES = frozenset(
    "link any-link visited hover active focus focus-within focus-visible target root empty first-child last-child "
    "only-child first-of-type last-of-type only-of-type nth-child nth-last-child nth-of-type nth-last-of-type not is "
    "where has -webkit-any lang checked disabled enabled default indeterminate required optional valid invalid "
    "read-only read-write placeholder-shown in-range out-of-range before after first-line first-letter selection "
    "marker placeholder".split()
)
"""Those that browsers know for certain."""


class Sheet:
    """The style sheets of one document, and the rules that are for each of its elements."""

    def __init__(self, tree: LexborHTMLParser, elements: int, quirks: bool) -> None:
        """`elements` is about how many the document has; `quirks`: it is read as old documents are."""
        self._finder = Finder(tree, elements)
        self._by_key: dict[str, list[tuple[str, Rule]]] = {}
        self._by_node: dict[int, list[Rule]] = {}
        self.generated: list[str] = []
        """What rules write before or behind elements."""
        self.has_doubtful = False
        """Whether some rules may be for their elements or not: their condition cannot be decided here."""
        text = "\n".join(_sheet_texts(tree))
        self.cut = len(text) > SHEET_CHARS
        self._read(text[:SHEET_CHARS], quirks)
        self.cut = self.cut or self._finder.cut

    def _read(self, text: str, quirks: bool) -> None:
        rules = Rules()
        for order, (selectors, block, group) in enumerate(rules.read(text)):
            if order >= MAX_RULES:
                self.cut = True
                return
            if "content" in block:
                self._note_generated(selectors, block)
            for inner, declared in unnested(selectors, block):
                declarations = read_declarations(declared, quirks)
                if declarations:
                    rule = Rule(declarations, _NO_WEIGHT, order, rules.layer_of(group), group.is_certain)
                    self._add(inner, rule)

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

    def _note_generated(self, selectors: str, block: str) -> None:
        """Keep the words that a rule generates (CSS Generated Content 3)."""
        if not _GENERATING.search(selectors) or len(self.generated) >= _MOST_GENERATED:
            return
        for value in _CONTENT.findall(block):
            words = " ".join(unescape(each[1:-1]) for each in _STRING.findall(value))
            if _LETTERS.search(words):
                self.generated.append(words)

    def _add(self, selectors: str, rule: Rule) -> None:
        """Keep a rule by what it is for: by one word where that tells its elements, else by each of them."""
        members = separate(selectors)
        if not all(map(self._is_selector, members)):
            # A browser that does not know one of them takes none (Selectors 4, 4.1).
            rule = rule._replace(is_certain=False)
        if not rule.is_certain:
            self.has_doubtful = True

        for written in members:
            selector = written
            if ":" in written:
                # In a mail that is looked at for the first time no element is in a state, and all links are links.
                selector = _ANY_LINK.sub("[href]", _NOT_OF_A_STATE.sub("", written)) or "*"
            if not selector or _OF_A_STATE.search(selector):
                continue

            weighed = rule._replace(specificity=_specificity(selector))
            simple = _SIMPLE.match(selector)
            if simple is not None:
                self._add_simple(simple, weighed)
                continue
            for identity in self._finder.find(selector):
                self._by_node.setdefault(identity, []).append(weighed)

    def _is_selector(self, written: str) -> bool:
        """Whether browsers take it for a selector, as far as can be told."""
        if _SIMPLE.match(written):
            return bool(written)
        names = [name.lower() for name in _PSEUDO.findall(written)]
        if not _PSEUDO_CLASSES.issuperset(names):
            return False
        # The parser's own search knows nothing of states.
        return _OF_A_STATE.search(written) is not None or self._finder.understands(written)

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
