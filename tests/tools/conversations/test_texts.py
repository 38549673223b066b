"""What messages of a conversation repeat of each other."""

import pytest

from mail_archive_tools.conversations.texts import standing_in, without_repeated_ends
from tests.pace import worktime


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([("one two three", ""), ("four", "four > one two\n> three")], {0: 1}),
        ([("One, two: three!", ""), ("four", "four\n>> one\n>> TWO\n>> three")], {0: 1}),
        ([("four", "four > one two three"), ("one two three", "")], {}),
        ([("one two three", ""), ("x", "xone two three"), ("x", "one two threes")], {}),
        ([("one two three", ""), ("x", "one two four three")], {}),
        ([("one two", ""), ("x", "one two")], {}),
        ([("one two three", "")] * 2, {}),
        ([("one two three", "one two three")] * 3, {0: 1, 1: 2}),
        ([("", "")] * 3, {}),
    ],
    ids=repr,
)
def test_a_text_stands_in_a_later_one_word_for_word(texts: list[tuple[str, str]], found: dict[int, int]) -> None:
    assert standing_in(texts) == found


FOOTER = "____\nThe list\nhttps://lists.example"


@pytest.mark.parametrize(
    ("texts", "shortened"),
    [
        (["a\n" + FOOTER, "b\n" + FOOTER], [("a\n" + FOOTER, None), ("b", 0)]),
        (["a\n\n-- \nAnn\n" + FOOTER, "b\n\n--\n Ann\n" + FOOTER], [("a\n\n-- \nAnn\n" + FOOTER, None), ("b", 0)]),
        (["b\n" + FOOTER, "c\n" + FOOTER + "\n\nmore"], [("b\n" + FOOTER, None), ("c\n" + FOOTER + "\n\nmore", None)]),
        (["yes", "yes"], [("yes", None)] * 2),
        (["a\n\nyes", "yes", "b\n\nyes\n\nyes"], [("a\n\nyes", None), ("yes", None), ("b", 0)]),
        (["", ""], [("", None)] * 2),
        (["a\n\nBye\nAnn", "b\n\nBye\nBob"], [("a\n\nBye\nAnn", None), ("b\n\nBye\nBob", None)]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_ends_several_texts_is_left_out_of_later_ones(
    texts: list[str], shortened: list[tuple[str, int | None]]
) -> None:
    assert without_repeated_ends(texts) == shortened


def test_long_texts_take_no_time() -> None:
    texts = ["one two three four\n\n" * 3_000] * 100
    with worktime() as taken:
        standing_in([(each, each) for each in texts])
        without_repeated_ends(texts)
    assert taken.seconds < 5
