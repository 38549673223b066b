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

from mail_archive_tools.untrusted import clean_line

_LOOKALIKES = frozenset(
    "асеорхуіјѕһԁԛԝӏѵкмтвнгьАВЕЅІЈКМНОРСТУХҮЬԌԚԜӀѴ"  # Cyrillic
    "αβγεικνορτυχωηϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϿ"  # Greek
    "օսոհցյզգՕՍԼՏ"  # Armenian
    "ıȷſɩƖǀɑɡɪʏɴʀʟʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢƅƽ"  # Latin
)
"""Letters that look like one of ASCII (Unicode Technical Standard 39), of scripts that are in use."""
_ALL_ALIKE = re.compile("[\u13a0-\u13ff\uab70-\uabbf\u2c80-\u2cff\ua4d0-\ua4ff]")
"""Scripts that hardly have another: Cherokee, Coptic, Lisu."""
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
_ACTING = frozenset("[]!|<")
_MARKS_IN_A_ROW = 2
"""More of them reach into the lines above and below."""
_SPACES_IN_A_ROW = 1
"""HTML shows several as one."""


def quoted(text: str) -> str:
    """`text` between quotation marks."""
    shown = list(text)
    for place in _deceiving(text):
        shown[place] = _named(text[place])
    body = "".join(shown)
    if clean_line(f'"{body}"') != f'"{body}"':
        # It would act where it is shown as Markdown or HTML, or on a model.
        body = "".join(_named(each) if each in _ACTING else each for each in shown)
    return f'"{body}"'


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
    places.update(_in_a_row(text, _MARKS_IN_A_ROW, _is_mark))
    places.update(_in_a_row(text, _SPACES_IN_A_ROW, str.isspace))
    return places


def _is_deceiving(character: str) -> bool:
    """Whether a character is never shown as it is, whatever stands beside it."""
    if character.isascii():
        return character in '"\\' or not character.isprintable()
    if not character.isprintable() or character in _FILLERS or _LATIN_MARKS.match(character):
        return True
    if character in _OF_EAST_ASIA:
        return False
    if unicodedata.category(character) in _DECEIVING:
        return True
    # Of full width, mathematical, in a circle: another form of a character of ASCII.
    return unicodedata.normalize("NFKC", character).isascii()


def _alike(word: str) -> list[int]:
    """The places of letters that look like others. A word of one script that has letters of its own as well is plainly
    of that script, and stays as it is."""
    alike = [place for place, each in enumerate(word) if each in _LOOKALIKES or _ALL_ALIKE.match(each)]
    letters = [each for each in word if each.isalpha()]
    if any(map(_is_latin, letters)) or len(alike) == len(letters):
        return alike
    return []


def _in_a_row(text: str, limit: int, belongs: Callable[[str], bool]) -> Iterator[int]:
    """The places of characters that belong together, from the one on that is one too many."""
    count = 0
    for place, each in enumerate(text):
        count = count + 1 if belongs(each) else 0
        if count > limit:
            yield place


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN ")
