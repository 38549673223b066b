"""Languages of texts, and how alike texts are."""

import base64
import random

import pytest

from mail_archive_tools.reading import similarity
from mail_archive_tools.reading.similarity import ALIKE, Similar
from mail_archive_tools.reading.wording import CHARS, languages, minhash
from tests.pace import worktime

GERMAN = "Sehr geehrte Damen und Herren, anbei erhalten Sie die Rechnung für den Monat Mai mit der Bitte um Zahlung."
ENGLISH = "Please find the invoice for the month of May attached to this letter, and pay it by the end of the month."


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (ENGLISH, ["en"]),
        (GERMAN, ["de"]),
        ("안녕하세요 회의 자료를 보내드립니다", ["ko"]),
        ("你好，请查收附件中的发票。谢谢。", ["zh"]),
        (f"{GERMAN} " * 3 + f"{ENGLISH} " * 2, ["de", "en"]),
        (f"https://www.example.com/the/whole/way {GERMAN} someone@where.english.words.are.example 4711", ["de"]),
        (f"{GERMAN}\x00\x07\ufffe\ud800\U000e0041", ["de"]),
        ("", []),
        ("4711 17:30 https://x.example/", []),
    ],
)
def test_languages_are_told(text: str, codes: list[str]) -> None:
    assert languages(text) == codes


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "@" * 1_000_000, "://" * 300_000, "a@b " * 250_000, "\x00" * 1_000_000]
)
def test_no_text_takes_long(text: str) -> None:
    with worktime() as taken:
        languages(text)
        minhash(text)
    assert taken.seconds < 2


def likeness(a: str, b: str) -> float:
    return similarity.likeness(*(base64.b64decode(minhash(each)) for each in (a, b)))


def words(seed: int, count: int = 300) -> list[str]:
    return random.Random(seed).choices([f"word{number}" for number in range(2_000)], k=count)


def jaccard(a: list[str], b: list[str]) -> float:
    mine, its = ({tuple(each[place : place + 3]) for place in range(len(each) - 2)} for each in (a, b))
    return len(mine & its) / len(mine | its)


@pytest.mark.parametrize("changed", [0, 1, 5, 20, 60, 150, 300])
def test_likeness_is_the_share_of_words_in_common(changed: int) -> None:
    """The true index is computed from the words themselves."""
    for seed in range(5):
        a = words(seed)
        b = [*words(seed + 100, changed), *a[changed:]]
        estimate = likeness(" ".join(a), " ".join(b))
        assert estimate == pytest.approx(jaccard(a, b), abs=0.13)


def test_white_space_case_and_marks_are_no_difference() -> None:
    assert likeness("One, two; three - four.", "  one TWO\nthree four") == 1
    assert likeness("", "") == likeness("- -", "- -") == 0


def test_only_the_beginning_of_a_long_text_counts() -> None:
    text = "one two three " * (CHARS // 14 + 1)
    assert minhash(text) == minhash(text + "four five six")


def test_the_most_alike_of_many_is_found() -> None:
    """As comparing with each of them would, but for those right at the border."""
    originals = [words(seed) for seed in range(200)]
    similar = Similar()
    for number, each in enumerate(originals):
        assert similar.like(minhash(" ".join(each))) is None
        similar.add(str(number), minhash(" ".join(each)))
    for number in (0, 77, 199):
        changed = " ".join([*originals[number][:290], "and", "another", "end"])
        assert likeness(changed, " ".join(originals[number])) > ALIKE
        assert similar.like(minhash(changed)) == str(number)
    assert similar.like(minhash(" ".join(originals[3][:150] + originals[4][150:]))) is None
    assert similar.first(3).like(minhash(" ".join(originals[77]))) is None
    similar.add("empty", minhash(""))
    assert similar.like(minhash("")) is None
