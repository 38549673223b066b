"""The rules of style sheets as they are written: in conditional groups, in layers, in one another (CSS Syntax 3, CSS
Cascade 5, CSS Nesting 1)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mail_archive_tools.mime.css.cascade import UNLAYERED
from mail_archive_tools.mime.css.declarations import ESCAPE, unescape
from mail_archive_tools.mime.css.media import applies, is_supported
from mail_archive_tools.mime.css.syntax import separate

_RULE = re.compile(r"""\s*((?:[^{};"']++|"[^"]*+"?|'[^']*+'?)*+)([{};])""")
_BLOCK_END = re.compile(r"""[{}]|"[^"\n]*+"?|'[^'\n]*+'?""")
_IN_NAMES = re.compile(r"[\w-]|[^\x00-\x7f]")
_NESTING = 4
"""How deep rules in rules are looked into."""
_MOST_PARENTS = 20
"""Selectors of a rule that rules in it are read for: each of them is joined with each of theirs."""
_SELECTOR_CHARS = 2_000
"""How long a selector may grow by the rules around it."""


class Group(NamedTuple):
    """What holds for the rules in conditional groups: whether their conditions are certain, and the path of names that
    is their layer; "" for none."""

    is_certain: bool = True
    layer: str = ""


class Block(NamedTuple):
    """A rule as it is written, and the group that it stands in."""

    selectors: str
    block: str
    group: Group


class Rules:
    """The rules of a style sheet that may apply on a screen."""

    def __init__(self) -> None:
        self._layers: dict[str, int] = {}

    def layer_of(self, group: Group) -> int:
        """The number of the layer that a rule is in: layers are in the order in which they are first named."""
        if not group.layer:
            return UNLAYERED
        return self._layers[group.layer]

    def read(self, text: str) -> Iterator[Block]:
        """Each rule; conditional groups are looked into."""
        position = 0
        groups = [Group()]
        while True:
            match = _RULE.match(text, position)
            if match is None:
                return
            prelude, mark = match.group(1).strip(), match.group(2)
            position = match.end()

            if mark == "}":
                if len(groups) > 1:
                    groups.pop()
            elif mark == ";":
                self._name_layers(prelude, groups[-1])
            elif not prelude.startswith("@"):
                end = _after_block(text, position)
                selectors = _plain(prelude) if "\\" in prelude else prelude
                yield Block(selectors, text[position : end - 1], groups[-1])
                position = end
            else:
                group = self._group(prelude, groups[-1])
                if group is None:
                    position = _after_block(text, position)
                else:
                    groups.append(group)

    def _name_layers(self, statement: str, around: Group) -> None:
        """Take note of the order of layers that a statement names (CSS Cascade 5, 6.4.4.2)."""
        if not statement.lower().startswith("@layer"):
            return
        for name in statement[len("@layer") :].split(","):
            self._named_layer(name, around)

    def _group(self, prelude: str, around: Group) -> Group | None:
        """The group that an at-rule begins; None where what is in it does not apply, or is no rules."""
        lower = prelude.lower()
        if lower.startswith("@layer"):
            return around._replace(layer=self._named_layer(prelude[len("@layer") :], around))

        applies = _applies(lower)
        if applies is False:
            return None
        return around._replace(is_certain=around.is_certain and applies is not None)

    def _named_layer(self, name: str, around: Group) -> str:
        """The path of a layer; one without a name is one of its own."""
        name = name.strip() or f"({len(self._layers)})"
        path = f"{around.layer}.{name}" if around.layer else name
        self._layers.setdefault(path, len(self._layers))
        return path


def _applies(prelude: str) -> bool | None:
    """Whether the rules in an at-rule apply; None where that cannot be told from the document alone."""
    if prelude.startswith("@media"):
        return applies(prelude[6:])
    if prelude.startswith("@supports"):
        return is_supported(prelude[9:])
    if prelude.startswith(("@scope", "@container")):
        return None
    return False


def _plain(selector: str) -> str:
    """A selector with no escapes but those of characters that would be no part of a name."""
    return ESCAPE.sub(_plain_character, selector)


def _plain_character(escape: re.Match[str]) -> str:
    plain = unescape(escape.group())
    if _IN_NAMES.fullmatch(plain):
        return plain
    return f"\\{plain}"


def unnested(selectors: str, block: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """A rule, and the rules in it (CSS Nesting 1), as deep as `_NESTING`."""
    if "{" not in block:
        yield selectors, block
        return

    own: list[str] = []
    inner: list[tuple[str, str]] = []
    position = 0
    while True:
        match = _RULE.match(block, position)
        if match is None:
            own.append(block[position:])
            break
        written, mark = match.group(1).strip(), match.group(2)
        if mark != "{":
            own.append(match.group())
            position = match.end()
            continue
        end = _after_block(block, match.end())
        inner.append((written, block[match.end() : end - 1]))
        position = end

    yield selectors, "".join(own)
    if depth >= _NESTING:
        return
    for written, declared in inner:
        if written.startswith("@"):
            # Of a group in a rule, what stands in it is for what the rule is for.
            if _applies(written.lower()):
                yield from unnested(selectors, declared, depth + 1)
            continue
        nested = ", ".join(_nested(selectors, written))
        yield from unnested(nested, declared, depth + 1)


def _nested(selectors: str, inner: str) -> Iterator[str]:
    """The selectors of a rule in a rule: "&" stands for the one around it; without it, one is for what is in those
    elements."""
    for parent in separate(selectors)[:_MOST_PARENTS]:
        for each in separate(inner)[:_MOST_PARENTS]:
            grown = len(each) + max(1, each.count("&")) * len(parent)
            if grown > _SELECTOR_CHARS:
                continue
            if "&" in each:
                yield each.replace("&", parent)
            else:
                yield f"{parent} {each}"


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
