"""What a reader is shown of a body, and is led to, beside what is there."""

import re
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.message import Message

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
# Addresses, and what the reader of HTML writes for a picture.
_NO_WORD = re.compile(r"<?\b(?:https?|mailto|cid):\S+|\[image[^\]]*\]")
_HARDLY_A_WORD = 10
# A text of more characters has more words, whatever part of it is addresses.
_SHORT_CHARS = 20_000


def in_text(message: Message) -> Iterator[Finding]:
    """Words that a reader does not see, and pictures in place of words."""
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
    yield from _only_pictures(message)


def _only_pictures(message: Message) -> Iterator[Finding]:
    """Pictures say what filters should not read: a link, and hardly a word beside it."""
    text = message.text
    pictures = sum(target.kind == "image" for target in text.targets)
    pictures += sum(file.declared_type.startswith("image/") for file in message.files)
    links = sum(1 for link in text.links if link.target.lower().startswith("http"))
    if not pictures or not links or len(text.text) > _SHORT_CHARS:
        return

    words = len(_WORD.findall(_NO_WORD.sub(" ", text.text)))
    if words <= _HARDLY_A_WORD:
        yield Finding("only-pictures", f"A reader sees pictures ({pictures}), links ({links}) and {words} words.")


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
