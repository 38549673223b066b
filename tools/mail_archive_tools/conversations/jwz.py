"""Messages as conversations, by who answers whom. Pure, and never recursive.

The algorithm is that of J. W. Zawinski (https://www.jwz.org/doc/threading.html).
Messages that are referred to and not there stay as gaps. Unlike the original, In-Reply-To is believed before the end of
References, and subjects join two conversations only where an answer names nothing that it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

MOST_REFERENCES = 200
"""Ids of one message that are looked at: the newest of them."""


@dataclass(frozen=True)
class Threadable:
    """A message to be placed. `references` are the ids that it names, its parent last; `time` orders siblings."""

    key: str
    message_id: str
    references: tuple[str, ...]
    time: float
    subject: str = ""
    is_answer: bool = False


@dataclass(eq=False)
class Container:
    """A place in a conversation."""

    message_id: str
    letter: Threadable | None = None
    """The message; None where it is a gap: a message that others refer to, and that is not there."""
    parent: Container | None = None
    children: list[Container] = field(default_factory=list)
    by_subject: bool = False
    """Whether it was placed by its subject alone."""

    @property
    def root(self) -> Container:
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def walk(self) -> Iterator[tuple[Container, int]]:
        """This node and those below it with their depths: answers behind what they answer, siblings in the order of
        time."""
        waiting = [(self, 0)]
        while waiting:
            node, depth = waiting.pop()
            yield node, depth
            # The last is taken first.
            waiting += [(child, depth + 1) for child in reversed(node.children)]

    def is_below(self, other: Container) -> bool:
        node: Container | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is other

    def hang(self, parent: Container) -> None:
        """Put this node below `parent`, unless `parent` is below it: references of hostile or broken mail go round."""
        if parent.is_below(self):
            return

        if self.parent is not None:
            self.parent.children.remove(self)
        self.parent = parent
        parent.children.append(self)


def conversations(letters: Iterable[Threadable]) -> list[Container]:
    """The roots of all conversations, the oldest first."""
    nodes: dict[str, Container] = {}
    for letter in sorted(letters, key=_order):
        _place(letter, nodes)
    _join_by_subject([node for node in nodes.values() if node.parent is None and node.letter])

    age = _ages(nodes.values())
    for node in age:
        # What has no message below it is no gap: others named it, and were then placed elsewhere.
        kept = [child for child in node.children if child in age]
        node.children = sorted(kept, key=age.__getitem__)

    roots = [node for node in age if node.parent is None]
    return sorted(roots, key=age.__getitem__)


def _place(letter: Threadable, nodes: dict[str, Container]) -> None:
    """Give a message its container, below those that it names. `nodes` are the containers by their ids."""
    node = nodes.setdefault(letter.message_id, Container(letter.message_id))
    if node.letter is not None:
        # Another message with the same id: what refers to the id means the first.
        node = nodes.setdefault(f"{letter.message_id}\0{letter.key}", Container(letter.message_id))
    node.letter = letter

    named = [each for each in letter.references[-MOST_REFERENCES:] if each != letter.message_id]
    chain = [nodes.setdefault(each, Container(each)) for each in named]
    for parent, child in pairwise(chain):
        # Where it is already placed, its own words or an earlier message said so.
        if child.parent is None:
            child.hang(parent)
    if chain:
        node.hang(chain[-1])


def _join_by_subject(roots: Iterable[Container]) -> None:
    """Answers that name no message are below the first message with their subject that came before them."""
    first: dict[str, Container] = {}
    for root in sorted(roots, key=lambda node: _order(node.letter)):
        letter = root.letter
        if letter is None or not letter.subject:
            continue

        names_nothing = letter.is_answer and not letter.references
        if names_nothing and letter.subject in first:
            root.hang(first[letter.subject])
            root.by_subject = True
        else:
            first.setdefault(letter.subject, root)


def _ages(nodes: Iterable[Container]) -> dict[Container, tuple[float, str]]:
    """When each conversation below a node began: a gap is as old as the oldest below it."""
    ages: dict[Container, tuple[float, str]] = {}
    with_letters = [node for node in nodes if node.letter]
    for each in sorted(with_letters, key=lambda node: _order(node.letter)):
        # From the oldest on, so that the first that comes to a gap is the oldest below it.
        node: Container | None = each
        while node is not None and node not in ages:
            ages[node] = _order(each.letter)
            node = node.parent

    return ages


def _order(letter: Threadable | None) -> tuple[float, str]:
    if letter is None:
        return 0.0, ""
    return letter.time, letter.key
