"""A fact about a message that deserves a second look, and which of many are told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter
from typing import Final, Literal

FindingAbout = Literal[
    "authentication",
    "sender",
    "domain",
    "link",
    "text",
    "file",
    "date",
    "route",
    "archive",
]

ABOUT_ROUTE: Final = "route"
"""Of a message with such a finding the route is shown, whether it was asked for or not."""

MAX_FINDINGS = 40
"""Findings that are told of one message, and one more sentence that says how many are not."""

_FIRST_OF_A_SORT = 5


class Weight(IntEnum):
    """How much a finding matters beside others: heavy is what attacks have and honest mail hardly ever has."""

    HEAVY = 0
    USUAL = 1
    LIGHT = 2


@dataclass(frozen=True)
class Finding:
    """`sentence` says it, with values out of the message in it."""

    about: FindingAbout
    sentence: str
    weight: Weight = Weight.USUAL


def heavy(about: FindingAbout, sentence: str) -> Finding:
    return Finding(about, sentence, Weight.HEAVY)


def heaviest(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each once, the heavy ones first. Where there are too many, those that weigh least are left out."""
    found = list(dict.fromkeys(findings))
    # Sorting is stable: those of one weight stay in the order in which they were found.
    found.sort(key=attrgetter("weight"))
    if len(found) <= MAX_FINDINGS:
        return found

    ordered = _few_of_each_sort_first(found)
    return [*ordered[:MAX_FINDINGS], _those_left_out(ordered[MAX_FINDINGS:])]


def _few_of_each_sort_first(findings: list[Finding]) -> list[Finding]:
    """The first few of each sort, then the rest: a sender who causes many findings of one sort hides no other."""
    counts: Counter[tuple[FindingAbout, Weight]] = Counter()
    first: list[Finding] = []
    rest: list[Finding] = []
    for each in findings:
        sort = (each.about, each.weight)
        counts[sort] += 1
        if counts[sort] <= _FIRST_OF_A_SORT:
            first.append(each)
        else:
            rest.append(each)

    return first + rest


def _those_left_out(findings: list[Finding]) -> Finding:
    counts = Counter(each.about for each in findings)
    shown = ", ".join(f"{about} {count}" for about, count in counts.items())
    return Finding(findings[0].about, f"There are {len(findings)} more findings like these ({shown}).")
