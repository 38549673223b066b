"""What a reader is shown of a body, and is led to, beside what is there."""

import re
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.message import Message

# Soft hyphens, joiners, fillers, marks that turn the direction of reading, and tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_MANY_INVISIBLE = 10
# Newsletters hide a line for the list of messages: a small part of what they say.
_MANY_HIDDEN_WORDS = 10
_HIDDEN_OF_SEEN = 4
_VERY_MANY_HIDDEN_WORDS = 150
# "Your program cannot show this message" is no other text: it is short beside what it stands for.
_LEAST_WORDS = 8
_STUB = 10
_SHARED = 0.25
_COUNTED_CHARS = 200_000
_WORD = re.compile(r"\w{2,}")


def in_text(message: Message) -> Iterator[Finding]:
    """Words that a reader does not see, and characters that nobody does."""
    text = message.text
    hidden = sum(text.hidden.values())
    if _is_much_hidden(hidden, text.text):
        ways = ", ".join(f"{way} {words}" for way, words in text.hidden.most_common(5))
        sentence = f"The HTML has {hidden} words that a reader does not see ({ways}); newsletters do that too."
        yield Finding("hidden-words", sentence)
    if text.other_type and _say_other_things(text.plain, text.text):
        yield Finding(
            "texts-differ", "The HTML and the plain text of this message say different things; the HTML is shown."
        )

    if not text.text.isascii():
        count = len(_INVISIBLE.findall(text.text))
        if count >= _MANY_INVISIBLE:
            yield Finding("invisible", f"The text had {count} invisible characters, which were taken out.")
    for name in ("subject", "from"):
        value = message.headers.text(name) or ""
        if _INVISIBLE.search(value):
            yield Finding("invisible", f"The {name.title()} field had invisible characters, which were taken out.")


def _is_much_hidden(hidden: int, seen: str) -> bool:
    """Whether so many words are hidden that they are more than the line that newsletters hide."""
    if hidden < _MANY_HIDDEN_WORDS:
        return False
    if hidden >= _VERY_MANY_HIDDEN_WORDS:
        return True
    return hidden * _HIDDEN_OF_SEEN >= len(_WORD.findall(seen[:_COUNTED_CHARS]))


def _say_other_things(plain: str, html: str) -> bool:
    """Whether the plain text is a letter of its own, and no notice that stands for the other or begins like it."""
    words = _WORD.findall(plain[:_COUNTED_CHARS].lower())
    others = _WORD.findall(html[:_COUNTED_CHARS].lower())
    if len(words) < _LEAST_WORDS or len(words) * _STUB < len(others):
        return False

    own = set(words)
    return len(own.intersection(others)) < len(own) * _SHARED
