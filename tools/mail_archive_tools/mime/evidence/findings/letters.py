"""Characters that are written to pass filters by: letters of mathematics as words, and invisible ones inside words."""

import re
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.message import Message

# Mathematical Alphanumeric Symbols, and enclosed letters. A formula has one or two of them side by side, such as "sin"
# in italics at most; a word that a person reads has more.
_STYLED = "\U0001d400-\U0001d7cb\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189"
_STYLED_WORD = re.compile(f"[{_STYLED}]{{4,}}")
_MANY_STYLED_WORDS = 3

# Zero-width spaces, joiners and fillers between two letters of a script that is written without them.
_LETTER = "[a-zA-Z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff]"
_NOTHING = "[\u034f\u115f\u1160\u180b-\u180e\u200b-\u200d\u2060-\u2064\ufeff]"
_INSIDE = re.compile(f"(?<={_LETTER}){_NOTHING}+(?={_LETTER})")
# Programs put a soft hyphen where a long word may break, and none on both sides of a letter or two.
_PARTED = re.compile(f"(?<=\u00ad){_LETTER}{{1,2}}(?=\u00ad)")
# What turns the direction of all that follows. Programs for Arabic and Hebrew write marks, and isolates.
_OVERRIDES = re.compile("[\u202d\u202e]")
# Tags, but for those of flags (Unicode UTS 51, 1.4.9).
_TAGS = re.compile("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]")
_PATTERNS = (_INSIDE, _PARTED, _OVERRIDES, _TAGS)
# Any character of theirs: most texts have none.
_ANY = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180b-\u180e\u200b-\u200d\u202d\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
)
_MANY_INVISIBLE = 3
_FIELDS = ("subject", "from")


def in_letters(message: Message) -> Iterator[Finding]:
    """What a field or the text has of either."""
    for name in _FIELDS:
        value = message.headers.text(name) or ""
        if value.isascii():
            continue
        if _STYLED_WORD.search(value):
            yield Finding("styled-letters", f"The {name.title()} field has words in mathematical letters.")
        if _invisible(value):
            yield Finding("invisible", f"The {name.title()} field had invisible characters, which were taken out.")

    text = message.text.text
    if text.isascii():
        return
    styled = len(_STYLED_WORD.findall(text))
    if styled >= _MANY_STYLED_WORDS:
        yield Finding("styled-text", f"The text has {styled} words in mathematical letters.")
    count = _invisible(text)
    if count >= _MANY_INVISIBLE:
        yield Finding("invisible", f"The text had {count} invisible characters inside words, which were taken out.")


def _invisible(text: str) -> int:
    if _ANY.search(text) is None:
        return 0
    return sum(len(pattern.findall(text)) for pattern in _PATTERNS)
