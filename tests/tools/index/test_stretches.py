"""Stretches of seconds: joined, taken away from each other, and looked up."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.index.stretches import Stretch, holding, joined, spanning, within, without

SECONDS = st.integers(0, 30)
STRETCHES = st.lists(st.tuples(SECONDS, SECONDS).map(lambda ends: Stretch(min(ends), max(ends))), max_size=6)


def seconds_of(stretches: list[Stretch]) -> set[int]:
    return {second for each in stretches for second in range(each.first, each.last + 1)}


@given(STRETCHES, STRETCHES)
def test_what_is_joined_and_taken_away_is_by_seconds(some: list[Stretch], others: list[Stretch]) -> None:
    assert seconds_of(joined(some)) == seconds_of(some)
    assert seconds_of(without(some, others)) == seconds_of(some) - seconds_of(others)
    whole = Stretch(5, 20)
    assert seconds_of(within(some, whole)) == seconds_of(some) & seconds_of([whole])


@given(STRETCHES)
def test_there_are_as_few_as_can_be(some: list[Stretch]) -> None:
    together = joined(some)
    assert together == sorted(together)
    assert all(one.last + 1 < other.first for one, other in pairwise(together))


@given(STRETCHES, SECONDS)
def test_a_second_is_held_by_the_stretch_that_it_is_in(some: list[Stretch], second: int) -> None:
    held = holding(joined(some), second)
    assert (held is not None) == (second in seconds_of(some))
    assert held is None or held.first <= second <= held.last


def test_what_spans_two_has_both() -> None:
    assert spanning(None, Stretch(1, 2)) == Stretch(1, 2)
    assert spanning(Stretch(5, 9), Stretch(1, 2)) == Stretch(1, 9)
