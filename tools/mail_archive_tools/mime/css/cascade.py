"""Which of an element's declarations win over others (CSS Cascade 4, 6), and what their variables stand for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mail_archive_tools.mime.css.declarations import Declaration, taken_apart
from mail_archive_tools.mime.css.longhands import ALL
from mail_archive_tools.mime.css.values import is_valid

_VARIABLE = re.compile(r"var\(\s*(--[^\s(),]+)\s*(?:,([^()]*(?:\([^()]*\)[^()]*)*))?\)")


UNLAYERED = 1 << 30
"""The layer of rules that are in none, which is the last one (CSS Cascade 5, 6.4)."""


class Rule(NamedTuple):
    """The declarations of a rule, how much its selector counts, the place of the rule in its sheet, and the number of
    its layer. One that is not `is_certain` may be for these elements, or not: its condition cannot be decided here."""

    declarations: tuple[Declaration, ...]
    specificity: tuple[int, int, int]
    order: int
    layer: int = UNLAYERED
    is_certain: bool = True


def cascade(
    rules: list[Rule], inline: tuple[Declaration, ...], variables: Mapping[str, str], quirks: bool
) -> tuple[tuple[Declaration, ...], Mapping[str, str]]:
    """The declarations that win, of rules and a style attribute, with `var()` replaced; and the custom properties that
    children inherit."""
    # Of the same importance a style attribute wins over all rules.
    declared = [*_by_rules(rules), *inline]

    own = {each.name: each.value for each in in_order(declared) if each.name.startswith("--")}
    if own:
        variables = {**variables, **own}

    replaced: list[Declaration] = []
    for each in declared:
        replaced += _with_variables(each, variables, quirks)
    return tuple(in_order(replaced)), variables


def _by_rules(rules: list[Rule]) -> Iterator[Declaration]:
    """The declarations of rules, of each importance those last that win."""
    by_weight = sorted(rules, key=lambda rule: (rule.layer, rule.specificity, rule.order))
    if not by_weight or by_weight[0].layer == UNLAYERED:
        for rule in by_weight:
            yield from rule.declarations
        return

    for rule in by_weight:
        yield from [each for each in rule.declarations if not each.important]
    # What is important in an early layer wins over what is so in a later one, or in none (CSS Cascade 5, 6.4).
    for rule in sorted(rules, key=lambda rule: (-rule.layer, rule.specificity, rule.order)):
        yield from [each for each in rule.declarations if each.important]


def in_order(declared: Iterable[Declaration]) -> list[Declaration]:
    """The declarations that win over others of the same property, each once: later ones, and important ones."""
    declared = list(declared)
    won: dict[str, Declaration] = {}
    for important in (False, True):
        for each in declared:
            if each.important is not important:
                continue
            if each.name == ALL:
                # It resets all properties but the custom ones (CSS Cascade 4, 3.2).
                won = {name: one for name, one in won.items() if name.startswith("--")}
            won[each.name] = each
    return list(won.values())


def _with_variables(declaration: Declaration, known: Mapping[str, str], quirks: bool) -> Iterator[Declaration]:
    """The declaration with its variables replaced; what is no value then is as if unset (CSS Variables, 3)."""
    if "var(" not in declaration.value or declaration.name.startswith("--"):
        yield declaration
        return

    def value(match: re.Match[str]) -> str:
        name, otherwise = match.groups()
        return known.get(name, (otherwise or "").strip())

    replaced = " ".join(_VARIABLE.sub(value, declaration.value).split())
    is_usable = replaced and "var(" not in replaced and is_valid(declaration.name, replaced, quirks)
    yield from taken_apart(declaration._replace(value=replaced if is_usable else "unset"))
