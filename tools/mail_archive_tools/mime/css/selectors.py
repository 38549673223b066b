"""Which elements of a document a CSS selector chooses (Selectors 4), in time linear in the document.

The parser's own search backtracks: three combinators in a row over a thousand nested elements keep it busy for
hours. So it is asked for the parts between combinators only, and the combinators are worked out here, set by set.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from mail_archive_tools.mime.css.syntax import separate

WORK = 5_000_000
"""Steps that the selectors of one document may take together; a step is about one element looked at by one selector."""

_COUNTING = re.compile(r":(?:nth|last|only|first)-", re.IGNORECASE)
# Brackets are looked into four levels deep, since a pattern cannot count further.
_PART = re.compile(
    r"""\s*(?P<combinator>[>+~])\s*|(?P<space>\s+)"""
    r"""|(?P<compound>(?:[^\s>+~\[\]()"'\\]++|\\.|\[(?:[^\]"']++|"[^"]*+"|'[^']*+')*+\]|\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\))++)"""
)
_NESTING = 5
"""How deep selectors in selectors are looked into."""

OF_SELECTORS = re.compile(
    r"(?<!\\):(?P<name>is|where|matches|-webkit-any|-moz-any|not|has|lang)"
    r"\((?P<inner>(?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+)\)",
    re.IGNORECASE,
)
_FUNCTION = re.compile(r"(?<!\\):(?:is|where|matches|-webkit-any|-moz-any|not|has|lang)\(", re.IGNORECASE)
_WITHIN = re.compile(r"^[^\s>+~()]*$")
"""What has no combinators, which the parser may look for by itself."""


_NOWHERE = LexborHTMLParser("<p>")
"""A document in which nothing is to be found: a search in it tells whether a selector is one."""


class _Step(NamedTuple):
    """A part, and the combinator before it: " ", ">", "+" or "~"; the first part has none."""

    combinator: str
    compound: str


class _Family(NamedTuple):
    """Each element's parent, and the element before it, by `mem_id`."""

    parent: Mapping[int, int]
    before: Mapping[int, int]


class Finder:
    """Finds elements of one document. `cut` is True once a selector was not looked for."""

    def __init__(self, tree: LexborHTMLParser, elements: int) -> None:
        """`elements` is about how many the document has."""
        self.cut = False
        self._tree = tree
        self._elements = max(elements, 1)
        self._work_left = WORK
        self._known: dict[str, frozenset[int]] = {}

    def find(self, selector: str, depth: int = 0) -> frozenset[int]:
        """The elements that it chooses, by `mem_id`; none where it is no selector, or one that costs too much. `depth`
        says in how many others it stands."""
        if depth > _NESTING:
            self.cut = True
            return frozenset()
        steps = _steps(selector)
        if steps is None:
            # It is no selector, or one that is nested deeper than is looked into.
            if _FUNCTION.search(selector):
                self.cut = True
            return frozenset()

        chosen: frozenset[int] = frozenset()
        for step in steps:
            candidates = self._of_compound(step.compound, depth)
            chosen = self._follow(step.combinator, chosen, candidates) if step.combinator else candidates
            if not chosen:
                break
        return chosen

    def understands(self, selector: str) -> bool:
        """Whether it is a selector, as far as the parser's own search knows."""
        steps = _steps(selector)
        if not steps:
            return False
        for step in steps:
            plain = OF_SELECTORS.sub("", step.compound)
            if not self._is_known(plain or "*"):
                return False
        return True

    def _is_known(self, compound: str) -> bool:
        if compound in self._known:
            return True
        try:
            _NOWHERE.css(compound)
        except SelectolaxError:
            return False
        return True

    def _of_compound(self, compound: str, depth: int) -> frozenset[int]:
        """The elements that a part without combinators chooses, wherever they stand."""
        known = self._known.get(compound)
        if known is not None:
            return known
        if _FUNCTION.search(OF_SELECTORS.sub("", compound)):
            # It is nested deeper than is looked into: the parser's own search might take for ever.
            self.cut = True
            return frozenset()
        others = [each for each in OF_SELECTORS.finditer(compound) if not _is_plain(each)]
        if not others:
            return self._searched(compound)

        # The parser looks for the rest, from which those others choose.
        plain = compound
        for each in reversed(others):
            plain = plain[: each.start()] + plain[each.end() :]
        found = self._of_compound(plain or "*", depth + 1)
        for each in others:
            name = each.group("name").lower()
            inner = self._of_function(name, each.group("inner"), depth + 1)
            found = found - inner if name == "not" else found & inner
        self._known[compound] = found
        return found

    def _of_function(self, name: str, inner: str, depth: int) -> frozenset[int]:
        """The elements that a pseudo-class of selectors is true of; of `not`, those that it is not true of."""
        if name == "lang":
            return self._in_language([each.strip().strip("\"'").lower() for each in inner.split(",")])

        choose = self._having if name == "has" else self.find
        found: frozenset[int] = frozenset()
        for each in separate(inner):
            found |= choose(each, depth)
        return found

    def _having(self, relative: str, depth: int) -> frozenset[int]:
        """The elements from which a relative selector leads to another one.

        It is followed backwards: of `> p + i`, from each `i` to the `p` before it, and from these to their parents.
        """
        if depth > _NESTING:
            self.cut = True
            return frozenset()
        combinator = relative[:1] if relative[:1] in ">+~" else " "
        steps = _steps(relative.removeprefix(combinator))
        if not steps:
            return frozenset()

        *leading, last = steps
        found = self._of_compound(last.compound, depth + 1)
        lead = last.combinator
        for step in reversed(leading):
            found = self._before(lead, found)
            found &= self._of_compound(step.compound, depth + 1)
            lead = step.combinator
        return self._before(combinator, found)

    def _before(self, combinator: str, chosen: frozenset[int]) -> frozenset[int]:
        """The elements that a chosen one is a child, descendant or follower of."""
        if not self._afford(len(chosen) + self._elements):
            return frozenset()
        line = self._line(combinator)
        if combinator in ">+":
            return frozenset(line[each] for each in chosen if each in line)

        found: set[int] = set()
        for each in chosen:
            here = line.get(each)
            while here is not None and here not in found:
                found.add(here)
                here = line.get(here)
        return frozenset(found)

    def _in_language(self, wanted: list[str]) -> frozenset[int]:
        """The elements whose nearest `lang` begins with one of these (RFC 4647, 3.3.1)."""
        root = self._tree.root
        if root is None or not self._afford(2 * self._elements):
            return frozenset()

        # With a hyphen behind each, `de` begins `de-AT`, and not `den`.
        beginnings = tuple(f"{each}-" for each in wanted if each)
        found: set[int] = set()
        spoken: dict[int, str] = {}
        for node in root.traverse():
            language = (node.attributes.get("lang") or "").lower()
            above = node.parent
            if not language and above is not None:
                language = spoken.get(above.mem_id, "")
            spoken[node.mem_id] = language
            if f"{language}-".startswith(beginnings):
                found.add(node.mem_id)
        return frozenset(found)

    def _searched(self, compound: str) -> frozenset[int]:
        """By the parser's own search."""
        per_element = 1 + len(compound) // 50
        if _COUNTING.search(compound):
            # Which of its siblings an element is, is counted anew for each element.
            per_element += self._elements // 20
        if not self._afford(self._elements * per_element):
            return frozenset()

        try:
            found = frozenset(node.mem_id for node in self._tree.css(compound))
        except SelectolaxError:
            # It is no selector.
            found = frozenset()
        self._known[compound] = found
        return found

    def _follow(self, combinator: str, chosen: frozenset[int], candidates: frozenset[int]) -> frozenset[int]:
        """The candidates that stand as the combinator says to a chosen element."""
        if not self._afford(len(candidates)):
            return frozenset()
        line = self._line(combinator)
        if combinator in ">+":
            return frozenset(each for each in candidates if line.get(each) in chosen)

        if not self._afford(self._elements):
            return frozenset()
        known: dict[int, bool] = {}
        return frozenset(each for each in candidates if _reaches(each, line, chosen, known))

    def _line(self, combinator: str) -> Mapping[int, int]:
        """Where each element comes from: of children and descendants from above, of followers from before."""
        if combinator in " >":
            return self._family.parent
        return self._family.before

    @cached_property
    def _family(self) -> _Family:
        parent: dict[int, int] = {}
        before: dict[int, int] = {}
        root = self._tree.root
        if root is None:
            return _Family(parent, before)

        last: dict[int, int] = {}
        for node in root.traverse():
            above = node.parent
            if above is None:
                continue
            here, there = node.mem_id, above.mem_id
            parent[here] = there
            if there in last:
                before[here] = last[there]
            last[there] = here
        return _Family(parent, before)

    def _afford(self, work: int) -> bool:
        self._work_left -= work
        if self._work_left < 0:
            self.cut = True
        return self._work_left >= 0


def _is_plain(function: re.Match[str]) -> bool:
    """Whether the parser's own search may be asked for a pseudo-class of selectors."""
    if function.group("name").lower() in ("has", "lang"):
        return False
    return _WITHIN.match(function.group("inner")) is not None


def _reaches(start: int, line: Mapping[int, int], chosen: frozenset[int], known: dict[int, bool]) -> bool:
    """Whether a chosen element is further along the line; `known` keeps what was found on the way."""
    passed: list[int] = []
    result = False
    here: int | None = start
    while here is not None:
        if here in known:
            result = known[here]
            break
        passed.append(here)
        here = line.get(here)
        if here in chosen:
            result = True
            break
    known.update(dict.fromkeys(passed, result))
    return result


def _steps(selector: str) -> list[_Step] | None:
    """The selector's parts; None where it is not made of such."""
    steps: list[_Step] = []
    combinator, position = "", 0
    selector = selector.strip()
    while position < len(selector):
        match = _PART.match(selector, position)
        if match is None:
            return None
        position = match.end()
        if match.group("combinator"):
            if not steps or combinator not in ("", " "):
                return None
            combinator = match.group("combinator")
        elif match.group("space"):
            combinator = combinator or " "
        else:
            if steps and not combinator:
                return None
            steps.append(_Step(combinator, match.group("compound")))
            combinator = ""

    ends_with_part = bool(steps) and not combinator
    return steps if ends_with_part else None
