"""Which elements of a document a CSS selector chooses (Selectors 4), in time linear in the document.

The parser's own search backtracks: three combinators in a row over a thousand nested elements keep it busy for
hours. So it is asked for the parts between combinators only, and the combinators are worked out here, set by set.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

WORK = 5_000_000
"""Steps that the selectors of one document may take together; a step is about one element looked at by one selector."""

_COUNTING = re.compile(r":(?:nth|last|only|first)-", re.IGNORECASE)
_PART = re.compile(
    r"""\s*(?P<combinator>[>+~])\s*|(?P<space>\s+)"""
    r"""|(?P<compound>(?:[^\s>+~\[\]()"'\\]++|\\.|\[(?:[^\]"']++|"[^"]*+"|'[^']*+')*+\]|\((?:[^()]++|\([^()]*+\))*+\))++)"""
)
_COSTLY = re.compile(r":has\(|:(?:is|where|not|matches)\(\s*[^\s()]*[^\s(),][\s>+~]+[^\s),]", re.IGNORECASE)
"""What has combinators within brackets, and so cannot be split."""


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

    def find(self, selector: str) -> frozenset[int]:
        """The elements that it chooses, by `mem_id`; none where it is no selector, or one that costs too much."""
        if _COSTLY.search(selector):
            self.cut = True
            return frozenset()

        steps = _steps(selector) or []
        chosen: frozenset[int] = frozenset()
        for step in steps:
            candidates = self._of_compound(step.compound)
            chosen = self._follow(step.combinator, chosen, candidates) if step.combinator else candidates
            if not chosen:
                break

        return chosen

    def _of_compound(self, compound: str) -> frozenset[int]:
        if (known := self._known.get(compound)) is not None:
            return known
        per_element = 1 + len(compound) // 50
        if _COUNTING.search(compound):
            # Which of its siblings an element is, is counted anew for each element.
            per_element += self._elements // 20
        if not self._afford(self._elements * per_element):
            return frozenset()
        try:
            found = frozenset(node.mem_id for node in self._tree.css(compound))
        except SelectolaxError:
            found = frozenset()

        self._known[compound] = found
        return found

    def _follow(self, combinator: str, chosen: frozenset[int], candidates: frozenset[int]) -> frozenset[int]:
        """The candidates that stand as the combinator says to a chosen element."""
        if not self._afford(len(candidates)):
            return frozenset()
        line = self._family.parent if combinator in " >" else self._family.before
        if combinator in ">+":
            return frozenset(each for each in candidates if line.get(each) in chosen)
        if not self._afford(self._elements):
            return frozenset()
        known: dict[int, bool] = {}
        return frozenset(each for each in candidates if _reaches(each, line, chosen, known))

    @cached_property
    def _family(self) -> _Family:
        parent: dict[int, int] = {}
        before: dict[int, int] = {}
        last: dict[int, int] = {}
        root = self._tree.root
        for node in root.traverse() if root is not None else ():
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


def _reaches(start: int, line: Mapping[int, int], chosen: frozenset[int], known: dict[int, bool]) -> bool:
    """Whether a chosen element is further along the line; `known` keeps what was found on the way."""
    passed: list[int] = []
    here: int | None = start
    result = False
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
            steps.append(_Step(combinator if steps else "", match.group("compound")))
            combinator = ""

    return steps if steps and not combinator else None
