"""A fact about a message that deserves a second look, and which of many are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

FindingKind = Literal["authentication", "sender", "domain", "link", "text", "file", "date", "route", "archive"]

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
    """`kind` is what it is about; `sentence` says it, with values out of the message in it."""

    kind: FindingKind
    sentence: str
    weight: Weight = Weight.USUAL


def heaviest(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each once, the heavy ones first. Of too many those are left out that weigh least; of each kind and
    weight the first few come before the many of another, so that a sender who makes many of one hides no other."""
    counts: dict[tuple[FindingKind, Weight], int] = {}
    placed: list[tuple[bool, Weight, Finding]] = []
    for each in dict.fromkeys(findings):
        sort = (each.kind, each.weight)
        counts[sort] = counts.get(sort, 0) + 1
        placed.append((counts[sort] > _FIRST_OF_A_SORT, each.weight, each))

    # Sorting is stable: within a weight they stay in the order in which they were found.
    if len(placed) <= MAX_FINDINGS:
        return [each for _, _, each in sorted(placed, key=lambda one: one[1])]
    ordered = [each for _, _, each in sorted(placed, key=lambda one: one[:2])]
    return [*ordered[:MAX_FINDINGS], _those_left_out(ordered[MAX_FINDINGS:])]


def _those_left_out(findings: list[Finding]) -> Finding:
    counts: dict[FindingKind, int] = {}
    for each in findings:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    kinds = ", ".join(f"{kind} {count}" for kind, count in counts.items())
    return Finding(findings[0].kind, f"There are {len(findings)} more findings like these ({kinds}).")
