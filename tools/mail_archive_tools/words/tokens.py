"""Text as words: the one way in which it is cut, for what is indexed, what is asked, and what is read. Pure.

A word is a run of letters and digits, so that `u_boot` and `b.example` are phrases of their parts. Compatibility forms
and upper case are folded, and so are accents where words are found without them as well: in Latin, Greek and Cyrillic.
Of scripts that are written without spaces each letter is a word by itself.
"""

import unicodedata
from functools import lru_cache

LONGEST = 64
"""Characters of a word that count. Search engines refuse, or cut, words that are longer than some hundred bytes, and
with one of them a whole message: then padding would hide it."""

_ALONE = frozenset(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "HANGUL", "THAI", "LAO", "KHMER"))
"""Scripts, by the first word of their letters' names, whose letters are words by themselves. Korean has spaces, but its
particles stand at the end of words."""
_ACCENTED = frozenset(("LATIN", "GREEK", "CYRILLIC"))
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category, of which nothing is seen (Unicode's Default_Ignorable_Code_Point)."""


def ready(text: str) -> str:
    """The words of a text, folded, with one space between any two."""
    if text.isascii():
        words = text.lower().translate(_ASCII).split()
    else:
        # Case folding may leave what has another compatible form, and the other way round.
        shown = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        words = shown.translate(_LETTERS).split()

    if max(map(len, words), default=0) > LONGEST:
        words = [each[:LONGEST] for each in words]
    return " ".join(words)


def is_alone(word: str) -> bool:
    """Whether a word is one letter of a script without spaces."""
    return len(word) == 1 and _script(word) in _ALONE


class _Letters(dict[int, str]):
    """What becomes of each character, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        become = _become(chr(code))
        self[code] = become
        return become


def _become(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or character in _INVISIBLE:
        # Nobody sees it: what stands on both sides of it is one word.
        return ""
    if category[0] not in "LNM":
        return " "

    script = _script(character)
    if script in _ALONE:
        return f" {character} "
    if category[0] == "M":
        return _of_mark(character, script)
    if script in _ACCENTED:
        return _without_accents(character)
    return character


def _of_mark(character: str, script: str) -> str:
    """Accents that could not be composed go, and so do selectors of a letter's looks; vowels of Indic and Arabic
    scripts stay."""
    if script in ("COMBINING", "VARIATION", ""):
        return ""
    return character


def _without_accents(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return "".join(each for each in parts if not unicodedata.combining(each))


@lru_cache(maxsize=10_000)
def _script(character: str) -> str:
    """The first word of a character's name; "" for one without a name."""
    return unicodedata.name(character, "").partition(" ")[0]


_LETTERS = _Letters()
_ASCII = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
