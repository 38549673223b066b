"""Windows: how they are cut, shortened, and what they learn."""

import bisect
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.searching.sweeping.walk import QUIET_SECONDS, Order, Walk
from mail_archive_tools.searching.windows import DAY, Limits, Window
from tests.tools.searching.timelines import YEARS, least_searches, office_hours

ORDERS: list[Order] = ["newest_first", "oldest_first"]
FIVE_YEARS = Window(0, YEARS)


@pytest.mark.parametrize("order", ORDERS)
@given(first=st.integers(0, 10**6), length=st.integers(0, 10**7), size=st.integers(1, 10**6))
def test_windows_cover_the_range_and_share_their_edges(order: Order, first: int, length: int, size: int) -> None:
    walk = Walk(Window(first, first + length), order, Limits(seconds=max(size, length // 50 + 1)))
    edge: int | None = walk.start
    windows: list[Window] = []
    while edge is not None:
        windows.append(walk.window(edge, size if len(windows) % 2 else 0))
        assert walk.near_edge(windows[-1]) == edge
        assert windows[-1].length <= walk.limits.seconds
        edge = walk.next_edge(walk.far_edge(windows[-1]))
    in_time = windows if order == "oldest_first" else windows[::-1]
    assert (in_time[0].first, in_time[-1].last) == walk.whole
    assert all(before.last == after.first for before, after in pairwise(in_time))


@pytest.mark.parametrize("order", ORDERS)
@given(
    window=st.builds(lambda first, length: Window(first, first + length), st.integers(0, 1000), st.integers(2, 10**6)),
    places=st.lists(st.floats(0, 1), min_size=1, max_size=50),
    times=st.integers(1, 30),
)
def test_a_full_window_gets_shorter_at_least_by_half_from_the_second_time_on(
    order: Order, window: Window, places: list[float], times: int
) -> None:
    walk = Walk(window, order, Limits())
    seconds = sorted(window.first + place * window.length for place in places)
    shorter = walk.shortened(window, seconds, times)
    assert 1 <= shorter < window.length
    assert times == 1 or shorter <= max(1, window.length // 2)


def test_the_next_windows_are_as_long_as_the_last_ones_allowed() -> None:
    walk = Walk(FIVE_YEARS, "newest_first", Limits())
    # 900 of 1,000 rows in ten days: just right.
    assert walk.learned(0, Window(0, 10 * DAY), 900) == 10 * DAY
    # Twice as many: shorter, but what was known before counts as well.
    assert 7 * DAY < walk.learned(10 * DAY, Window(0, 5 * DAY), 900) < 9 * DAY
    assert walk.learned(0, Window(0, 30 * DAY), 0) > 365 * DAY
    assert walk.learned(1, Window(0, 0), 10**6) == 1


def test_a_window_ends_in_a_quiet_time_if_there_is_one_near_its_end() -> None:
    backwards, forwards = (Walk(Window(0, 10 * DAY), order, Limits()) for order in ORDERS)
    window = Window(5 * DAY, 6 * DAY)
    # Nobody wrote near the edge.
    assert backwards.quiet_edge(window, [5.5 * DAY]) == 5 * DAY
    assert forwards.quiet_edge(window, [5.5 * DAY]) == 6 * DAY
    # Three messages are on the edge: they are left to the next window.
    assert backwards.quiet_edge(window, [5 * DAY + 1, 5 * DAY + 2, 5 * DAY + 300.5, 5.5 * DAY]) == 5 * DAY + 302
    assert forwards.quiet_edge(window, [5.5 * DAY, 6 * DAY - 300.5, 6 * DAY - 1]) == 6 * DAY - 302
    # There is no quiet time near the edge, or none at all.
    busy = [5 * DAY + second for second in range(0, DAY // 2, QUIET_SECONDS - 1)]
    assert backwards.quiet_edge(window, [*map(float, busy)]) == 5 * DAY
    # The end of the range stays the end.
    assert backwards.quiet_edge(Window(0, DAY), [1.0, 2.0]) == 0


def searches(seconds: list[int], order: Order, newest_of_full: bool) -> int:
    """What a walk takes on a service that gives the newest, or the oldest, rows of a full window."""
    walk, length, edge, count = Walk(FIVE_YEARS, order, Limits()), 0, None, 0
    edge = walk.start
    while edge is not None:
        window, times = walk.window(edge, length), 0
        while True:
            count += 1
            found = seconds[bisect.bisect_left(seconds, window.first) : bisect.bisect_right(seconds, window.last)]
            if len(found) < walk.limits.rows:
                break
            times += 1
            rows = found[-walk.limits.rows :] if newest_of_full else found[: walk.limits.rows]
            window = walk.window(edge, walk.shortened(window, [*map(float, rows)], times))
        length = walk.learned(length, window, len(found))
        edge = walk.next_edge(walk.quiet_edge(window, [*map(float, found)]))
    return count


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("newest_of_full", [True, False])
@pytest.mark.parametrize("count", [4_000, 40_000])
def test_five_years_take_hardly_more_searches_than_they_must(order: Order, newest_of_full: bool, count: int) -> None:
    for seed in (1, 2):
        seconds = office_hours(count, seed)
        assert searches(seconds, order, newest_of_full) <= 1.3 * least_searches(seconds, Limits())
