"""Words of a text, and what is asked of them: the same for indexes and for readers."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.words.questions import Part, Phrase, WordCondition, read_sought
from mail_archive_tools.words.texts import BODY, FIELDS, SEEN, Sayings, Texts
from mail_archive_tools.words.tokens import LONGEST, ready


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Write to ann@protonmail.com, now!", "write to ann protonmail com now"),
        ("u_boot and don't", "u boot and don t"),
        ("Ｆｕｌｌ ﬁne ①②", "full fine 12"),
        ("Straße ÉCOLE naïve", "strasse ecole naive"),
        ("Ωμέγα Ёлка Й", "ωμεγα елка и"),
        ("x\u0302 e\u0301", "x e"),
        ("東京タワーへ in 2025", "東 京 タ ワ ー へ in 2025"),
        ("สวัสดี", "ส ว ั ส ด ี"),
        ("한국어a", "한 국 어 a"),
        ("नमस्ते", "नमस्ते"),
        ("in\u200bvis\u00adi\u2060ble", "invisible"),
        ("pad\u3164ding", "padding"),
        ("", ""),
        ("!?… 💰", ""),
    ],
)
def test_a_text_is_cut_into_words(text: str, words: str) -> None:
    assert ready(text) == words


def test_a_long_run_of_letters_is_one_word_that_is_cut() -> None:
    assert ready("a" * 40_000 + " b") == "a" * LONGEST + " b"
    assert ready("é" * 40_000) == "e" * LONGEST


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_ready_stays_so(text: str) -> None:
    words = ready(text)
    assert ready(words) == words
    assert "  " not in words and words == words.strip()
    assert all(not unicodedata.category(each).startswith(("Z", "C", "P", "S")) or each == " " for each in words)


def test_every_character_can_be_made_ready() -> None:
    step = 97
    for code in range(0, sys.maxunicode, step):
        assert isinstance(ready(f"a{chr(code)}b"), str)


@pytest.mark.parametrize(
    ("asked", "sought"),
    [
        ("Invoice", Phrase(("invoice",))),
        ("  two   words ", Phrase(("two", "words"))),
        ('"a phrase"', Phrase(("a", "phrase"))),
        ("b.example", Phrase(("b", "example"))),
        ("invoic*", Phrase(("invoic",), is_prefix=True)),
        ("due invoic*", Phrase(("due", "invoic"), is_prefix=True)),
        ("東京", Phrase(("東", "京"))),
        ("東京*", Phrase(("東", "京"))),
        ("*rechnung*", Part("rechnung")),
        ("*0815/4711*", Part("0815/4711")),
    ],
)
def test_what_is_asked_is_read(asked: str, sought: object) -> None:
    assert read_sought(asked, "filter_here.body") == sought


@pytest.mark.parametrize("asked", ["", " ", "*", "**", "...", "a*", "x a*", "*end", "jo*n", "*jo*n*", "w " * 101])
def test_what_asks_for_nothing_is_refused_by_its_name(asked: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^filter_here\.body has"):
        read_sought(asked, "filter_here.body")


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ("bill", True),
        ("bil", False),
        ("bil*", True),
        ("the bill", True),
        ("bill the", False),
        ("the bil*", True),
        ("*ill*", True),
        ("*he bi*", True),
        ("CAFE", True),
        ("京都", True),
        ("東都", False),
        ("example com", True),
    ],
)
def test_words_stand_in_a_text_or_do_not(asked: str, holds: bool) -> None:
    sayings = Sayings(Texts(own="Pay the bill at Café 東京都, www.example.com."))
    condition = WordCondition(BODY, (read_sought(asked, "filter_here.body"),))
    assert sayings.fulfil(condition) is holds


def test_any_all_and_none_are_told_apart_by_field() -> None:
    sayings = Sayings(Texts(own="alpha beta", quoted="gamma", hidden="delta", files="epsilon"))
    alpha, gamma, epsilon = (Phrase((each,)) for each in ("alpha", "gamma", "epsilon"))
    assert sayings.fulfil(WordCondition(BODY, (alpha, epsilon), "any"))
    assert not sayings.fulfil(WordCondition(BODY, (alpha, epsilon), "all"))
    assert sayings.fulfil(WordCondition(BODY, (alpha, gamma), "all"))
    assert not sayings.fulfil(WordCondition(("own",), (gamma,)))
    assert sayings.fulfil(WordCondition(BODY, (epsilon,), "none"))
    assert not sayings.fulfil(WordCondition(("files",), (epsilon,), "none"))


def test_no_phrase_runs_from_one_field_into_the_next() -> None:
    sayings = Sayings(Texts(own="one", quoted="two"))
    assert not sayings.fulfil(WordCondition(BODY, (Phrase(("one", "two")),)))
    assert set(SEEN) < set(BODY) < set(FIELDS)
