"""A fact about a message that deserves a second look, and which of many are told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from mail_archive_tools.mime.evidence.finding_names import FINDINGS, FindingAbout, Weight

MAX_FINDINGS = 40
"""Findings that are told of one message, and one more sentence that says how many are not."""

_FIRST_OF_A_SORT = 5


@dataclass(frozen=True)
class Finding:
    """`name` is one of `FINDINGS`; `sentence` says it, with values out of the message in it."""

    name: str
    sentence: str

    @property
    def about(self) -> FindingAbout:
        return FINDINGS[self.name].about

    @property
    def weight(self) -> Weight:
        return FINDINGS[self.name].weight


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
    counts: Counter[str] = Counter()
    first: list[Finding] = []
    rest: list[Finding] = []
    for each in findings:
        counts[each.name] += 1
        if counts[each.name] <= _FIRST_OF_A_SORT:
            first.append(each)
        else:
            rest.append(each)

    return first + rest


def _those_left_out(findings: list[Finding]) -> Finding:
    counts = Counter(each.name for each in findings)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    return Finding("more", f"There are {len(findings)} more findings like these ({shown}).")
