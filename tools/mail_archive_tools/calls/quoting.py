"""What somebody chose, quoted so that a person sees what it is: nothing in it can be taken for the text around it,
nothing is invisible, and no letter passes for another.

What would deceive is named: `\\N{CYRILLIC SMALL LETTER A}` in the place of a letter that looks like an a,
`\\N{QUOTATION MARK}` in the place of a quotation mark. A backslash before it would do for a program, but not for a
person, and Markdown takes it away. What Unicode has no name for is a number: `\\u{1b}`. So each text is quoted in one
way only, and can be read back.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

_ACTING = frozenset("&<>[]|`*~$^")
"""What HTML and Markdown act on wherever it stands: entities, elements, links, tables, code, emphasis, formulas. With
these out of the way nothing else of a text acts but underscores, marks of highlighting and addresses of the web."""
_OF_THE_QUOTATION = '"\\'
"""What ends a quotation, and what begins a name within one."""
_ACTING_IN_PLACES = re.compile(r"={2,}|\+{2,}|(?:(?<=http)|(?<=https)|(?<=ftp)):(?=//)|(?<=www)\.", re.IGNORECASE)
"""`==` and `++` mark words up where some programs show them; addresses of the web become links."""
_UNDERSCORES = re.compile("_+")

_LOOKALIKES = frozenset(
    "асеорхуіјѕһԁԛԝӏѵкмтвнгьАВЕЅІЈКМНОРСТУХҮЬԌԚԜӀѴ"  # Cyrillic
    "αβγεικνορτυχωηϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϿ"  # Greek
    "օսոհցյզգՕՍԼՏ"  # Armenian
    "ყⵏⵔⵙⵝⵅⵜߊ"  # Georgian, Tifinagh, N'Ko
    "ıſĸ"  # Latin
)
"""Letters that look like one of ASCII (Unicode Technical Standard 39), of scripts that are in use."""
_ALL_ALIKE = re.compile(
    "[\u13a0-\u13ff\uab70-\uabbf\u2c80-\u2cff\ua4d0-\ua4ff\u1400-\u167f\u18b0-\u18ff\u16a0-\u16ff"
    "\U00010280-\U0001034f\U00010400-\U0001052f\U000118a0-\U000118ff]"
)
"""Scripts that hardly have another: Cherokee, Coptic, Lisu, Canadian syllabics, and some that nobody writes today."""
_PICTURES_OF_LETTERS = re.compile("[\U0001f130-\U0001f1ad]")
"""Letters in squares and circles."""
_ORDINARY_LATIN = re.compile(
    # To Latin Extended-A, Vietnamese, Romanian, Pinyin, Azerbaijani, Hausa and Ewe, and Latin Extended Additional.
    "[A-Za-z\u00c0-\u017fƠơƯưȘșȚț\u01cd-\u01dc\u01e6-\u01ed\u01f8\u01f9ƏəƁɓƊɗƘƙƳƴƐɛƆɔ\u1e00-\u1e99\u1e9e-\u1eff]"
)
"""Latin letters of alphabets that are in use. The others are small capitals, phonetic, turned or of old books."""
_BESIDE_LATIN = ("CJK UNIFIED IDEOGRAPH", "HIRAGANA LETTER", "KATAKANA LETTER", "HANGUL SYLLABLE")
"""Scripts that people write in one word with Latin letters, by the beginnings of Unicode's names."""
_STROKES = frozenset("一丨丶丿亅二工口卜ノニロエトへヘ〇ー")
"""Of these scripts, what looks like a letter or a mark of ASCII when it stands beside some."""
_LATIN_MARKS = re.compile(
    "[\u0300-\u036f\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
"""Marks that are set on a letter which is there in one character as well, so that two texts look the same; and those
that choose how a character looks."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
"""Letters and symbols that show nothing."""
_OF_EAST_ASIA = frozenset("、。々〆〇《》「」『』【】・ーヽヾゝゞ")
"""Marks that writing in Chinese and Japanese has, and that look like none of ASCII."""
_DECEIVING = frozenset(("Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sk", "Sm", "Lm", "Zs", "Zl", "Zp"))
"""Beyond ASCII, the categories in which there are other quotation marks, dashes, stops, slashes and spaces."""
_WORD = re.compile(r"\w+")
_MARKS_IN_A_ROW = 2
"""More of them reach into the lines above and below."""
_SPACES_IN_A_ROW = 1
"""HTML shows several as one."""


def quoted(text: str) -> str:
    """`text` between quotation marks."""
    shown = list(text)
    for place in _deceiving(text):
        shown[place] = _named(text[place])
    return f'"{"".join(shown)}"'


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    if name:
        return f"\\N{{{name}}}"
    return f"\\u{{{ord(character):x}}}"


def _deceiving(text: str) -> set[int]:
    """The places of the characters that are not shown as they are."""
    places = {place for place, each in enumerate(text) if _is_deceiving(each)}
    for word in _WORD.finditer(text):
        if not word[0].isascii():
            places.update(word.start() + place for place in _alike(word[0]))

    places.update(_too_many(text, _MARKS_IN_A_ROW, _is_mark))
    places.update(_too_many(text, _SPACES_IN_A_ROW, str.isspace))
    for acting in _ACTING_IN_PLACES.finditer(text):
        places.update(range(*acting.span()))

    # Last, since what is named beside an underscore makes an edge of it.
    for underscores in _UNDERSCORES.finditer(text):
        if not _is_within_a_word(text, underscores.span(), places):
            places.update(range(*underscores.span()))
    return places


def _is_within_a_word(text: str, span: tuple[int, int], named: set[int]) -> bool:
    """Whether underscores stand between two letters or digits, where they are no emphasis (CommonMark, 6.2)."""
    before = span[0] - 1
    after = span[1]
    if before < 0 or after == len(text):
        return False
    if before in named or after in named:
        return False
    return text[before].isalnum() and text[after].isalnum()


def _is_deceiving(character: str) -> bool:
    """Whether a character is never shown as it is, whatever stands beside it."""
    if not character.isprintable():
        return True
    if character.isascii():
        return character in _ACTING or character in _OF_THE_QUOTATION
    if character in _FILLERS or _LATIN_MARKS.match(character):
        return True
    if character in _OF_EAST_ASIA:
        return False

    if unicodedata.category(character) in _DECEIVING:
        return True
    if _PICTURES_OF_LETTERS.match(character):
        return True
    if _is_latin(character) and not _ORDINARY_LATIN.match(character):
        return True
    # Another character that looks the very same takes its place in texts that are brought to one form.
    if unicodedata.normalize("NFC", character) != character:
        return True
    # Of full width, mathematical, in a circle: another form of a character of ASCII.
    return unicodedata.normalize("NFKC", character).isascii()


def _alike(word: str) -> list[int]:
    """The places of letters and digits that look like others, or may. Beside a Latin letter that is each of another
    script; a word of one script that has letters of its own as well is plainly of that script, and stays as it is."""
    letters = [each for each in word if each.isalpha()]
    alike = [place for place, each in enumerate(word) if _is_alike(each)]
    if any(map(_is_latin, letters)):
        return [*alike, *(place for place, each in enumerate(word) if _is_foreign(each))]

    if not letters:
        # Digits alone: those of other scripts look like others of ASCII, or like letters.
        return [place for place, each in enumerate(word) if not each.isascii()]
    if len(alike) == len(letters):
        return alike
    return []


def _is_alike(character: str) -> bool:
    """Whether a letter looks like one of ASCII, or is of a script in which hardly one does not."""
    return character in _LOOKALIKES or _ALL_ALIKE.match(character) is not None


def _is_foreign(character: str) -> bool:
    """Whether a letter or digit of a word does not belong beside Latin letters."""
    if character.isascii() or _is_latin(character):
        return False
    if character in _STROKES:
        return True
    return not unicodedata.name(character, "").startswith(_BESIDE_LATIN)


def _too_many(text: str, limit: int, belongs: Callable[[str], bool]) -> Iterator[int]:
    """The places of characters that stand in a row with more of their kind than `limit`: of those beyond it."""
    count = 0
    for place, each in enumerate(text):
        if not belongs(each):
            count = 0
            continue
        count += 1
        if count > limit:
            yield place


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN ")
