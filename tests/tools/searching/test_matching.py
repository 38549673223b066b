"""Patterns of `filter_here`: whole values, any case, in no time whatever strangers write."""

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.searching.matching import pattern


@pytest.mark.parametrize(
    ("glob", "value", "matches"),
    [
        ("invoice", "invoice", True),
        ("invoice", "an invoice", False),
        ("*invoice*", "an invoice here", True),
        ("invoice ??-*", "invoice bo-2025", True),
        ("invoice ??-*", "invoice b-2025", False),
        ("*", "", True),
        ("*@a.example>", "ann <ann@a.example>", True),
        ("*@a.example>", "ann <ann@a.example> x", False),
        ("a*a", "a", False),
        ("a*b*a", "aba", True),
        ("[list]*", "[list] offer", True),
        ("STRASSE", "strasse", True),
        ("(a+)+$*", "(a+)+$", True),
    ],
)
def test_a_pattern_is_of_the_whole_value(glob: str, value: str, matches: bool) -> None:
    assert pattern(glob)(value) is matches


@given(glob=st.text("ab*?", min_size=1, max_size=8), value=st.text("ab", max_size=10))
def test_it_is_what_the_shell_means(glob: str, value: str) -> None:
    assert pattern(glob)(value) is fnmatch.fnmatchcase(value, glob)


def test_no_value_takes_long() -> None:
    started = time.perf_counter()
    hostile = pattern("*a*" * 60 + "b")
    for value in ("a" * 10_000, "ab" * 5_000, "a" * 9_999 + "b"):
        hostile(value)
    assert time.perf_counter() - started < 1
