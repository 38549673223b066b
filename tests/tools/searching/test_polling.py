"""How often running searches are looked at."""

from itertools import islice

from mail_archive_tools.searching.polling import FIRST_DELAY, LONGEST_DELAY, Pace


def test_it_begins_at_once_and_backs_off_to_a_few_seconds() -> None:
    delays = list(islice(Pace().delays("a-1"), 20))
    assert delays[:2] == [0, FIRST_DELAY]
    assert delays == sorted(delays) and delays[-1] == LONGEST_DELAY


def test_it_adapts_to_how_long_searches_of_this_archive_took() -> None:
    pace = Pace()
    pace.note("a-1", 2.0)
    first, second = islice(pace.delays("a-1"), 2)
    assert (first, second) == (2.0, 0.25)
    pace.note("a-1", 1.0)
    assert next(pace.delays("a-1")) == 1.5
    assert next(pace.delays("a-2")) == 0, "what is known of one archive says nothing of another"
    pace.note("a-3", 60.0)
    assert list(islice(pace.delays("a-3"), 2)) == [LONGEST_DELAY, LONGEST_DELAY]
    pace.note("a-4", 0.0)
    assert list(islice(pace.delays("a-4"), 2)) == [0, 0.01]


def test_what_is_known_is_bounded() -> None:
    pace = Pace()
    for number in range(500):
        pace.note(f"a-{number}", 1.0)
    assert next(pace.delays("a-0")) == 0 and next(pace.delays("a-499")) == 1
