"""Whether the rows of an answer are those of the search that was asked: by its range, and by its words. Pure.

What CONTAINS means at AWS is inferred, not written anywhere: words are compared leniently here. A row contradicts
them only where nothing like any of them is anywhere in its addresses or its subject, and one such row says nothing. An
answer in which most rows do is another search's.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mail_archive_tools.mime.evidence.recognition import CUT_CHARS
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.service.filters import Filters
from mail_archive_tools.service.shapes import Row, Search

TOLERANCE = timedelta(seconds=1)
"""A row that is outside the range by no more than this may be one of it: not every client can send fractions of
seconds."""
FEWEST = 3
"""Where fewer rows contradict the filters, nothing is made of it."""

_MEMBERS = {"SUBJECT": "Subject", "FROM": "From", "TO": "To", "CC": "Cc"}
_PLACES = tuple(_MEMBERS.values())
_STEM_CHARS = 4
"""How much of a word is looked for, from its beginning: a service may find other forms of it."""
_WORD = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uffff\U00020000-\U0003ffff]")
"""Scripts without spaces between words: there each character counts as one."""

_EARLIEST = datetime.min.replace(tzinfo=UTC) + TOLERANCE
_LATEST = datetime.max.replace(tzinfo=UTC) - TOLERANCE

_Contradicts = Callable[[Row], bool]


@dataclass(frozen=True)
class Sorted:
    """Rows of an answer: those of the range, how many others there are, and how many of all contradict the search."""

    rows: list[Row]
    outside: int
    contradicting: int

    @property
    def is_anothers(self) -> bool:
        """Whether the rows of the range are another search's: most of them contradict the filters."""
        return _are_most(self.contradicting, len(self.rows))

    @property
    def is_worth_asking_again(self) -> bool:
        """Whether the answer is strange enough for that."""
        return self.is_anothers or self.outside > 0


def sort_rows(rows: list[Row], search: Search) -> Sorted:
    """The rows of an answer beside what the search was asked. What the search does not say is not judged."""
    within = _within(rows, search.get("FromTimestamp"), search.get("ToTimestamp"))
    outside = len(rows) - len(within)

    tests = list(_tests(search.get("Filters")))
    contradicting = 0
    if tests:
        contradicting = sum(any(contradicts(row) for contradicts in tests) for row in within)
    return Sorted(within, outside, contradicting)


def _are_most(some: int, of_all: int) -> bool:
    return some >= FEWEST and some * 2 > of_all


def _within(rows: list[Row], first: datetime | None, last: datetime | None) -> list[Row]:
    """The rows received in a range. One that says no time may be of any."""
    begin = max(_aware(first or _EARLIEST), _EARLIEST) - TOLERANCE
    end = min(_aware(last or _LATEST), _LATEST) + TOLERANCE
    # What says no time counts as the range's.
    return [row for row in rows if begin <= row.get("ReceivedTimestamp", end) <= end]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tests(filters: Filters | None) -> Iterable[_Contradicts]:
    """A test for each condition that rows can contradict for certain. Words that are to be left out are none of them:
    what holds them in part may be meant or not."""
    if not filters:
        return
    for condition in filters.get("Include") or ():
        if "BooleanExpression" in condition:
            yield _attachments(condition, True)
        elif "StringExpression" in condition:
            yield from _words(condition["StringExpression"])
    for condition in filters.get("Unless") or ():
        if "BooleanExpression" in condition:
            yield _attachments(condition, False)


def _attachments(condition: dict[str, Any], holds: bool) -> _Contradicts:
    """A test of a condition that is to hold or not: of HAS_ATTACHMENTS, the only one of its kind."""
    wanted = (condition["BooleanExpression"].get("Operator") == "IS_TRUE") is holds
    return lambda row: row.get("HasAttachments", wanted) is not wanted


def _words(expression: dict[str, Any]) -> Iterable[_Contradicts]:
    """A test of words in a header field; none where a row cannot contradict them."""
    member = _MEMBERS.get(expression.get("Evaluate", {}).get("Attribute", ""))
    if member is None:
        # Of an envelope, which rows may lack.
        return
    stems = [_stems(value) for value in expression.get("Values") or ()]
    if not all(stems):
        # Of signs alone.
        return

    wanted = list(dict.fromkeys(stem for each in stems for stem in each))

    def contradicts(row: Row) -> bool:
        value = row.get(member)
        if not isinstance(value, str) or len(value) >= CUT_CHARS:
            # Nothing, or only the beginning of a long one, is known.
            return False

        as_it_stands = "\n".join([str(row.get(name, "")) for name in _PLACES])
        lower = as_it_stands.casefold()
        if any(stem in lower for stem in wanted):
            return False
        # "=?" begins an encoded word (RFC 2047, 2): what neither needs decoding nor has accents was looked at in all.
        if lower.isascii() and "=?" not in lower:
            return True
        plain = _plain(decode_words(as_it_stands))
        return not any(stem in plain for stem in wanted)

    yield contradicts


def _stems(value: str) -> list[str]:
    found: list[str] = []
    for word in _WORD.findall(_plain(decode_words(value))):
        found += list(word) if _NO_SPACES.search(word) else [word[:_STEM_CHARS]]
    return found


def _plain(text: str) -> str:
    """Without case, accents and forms of letters."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join([each for each in apart if not unicodedata.combining(each)])
