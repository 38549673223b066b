"""Tests of values, and how others are put together from them.

A test says whether a browser takes a value, which is in lower case. Its second argument says whether the document is
read in quirks mode, as old documents are.
"""

from collections.abc import Callable

from mail_archive_tools.mime.css.syntax import words_of

Test = Callable[[str, bool], bool]


def one_of(words: str) -> Test:
    """One of these words."""
    known = frozenset(words.split())
    return lambda value, _: value in known


def words_among(words: str) -> Test:
    """Any of these words, each between spaces."""
    known = frozenset(words.split())
    return lambda value, _: set(value.split()) <= known


def none_or(test: Test) -> Test:
    """`none`, or what the other test takes."""
    return lambda value, quirks: value == "none" or test(value, quirks)


def up_to(most: int, each: Test) -> Test:
    """One to so many words, each of which the other test takes."""

    def test(value: str, quirks: bool) -> bool:
        words = words_of(value)
        if not 1 <= len(words) <= most:
            return False
        return all(each(word, quirks) for word in words)

    return test
