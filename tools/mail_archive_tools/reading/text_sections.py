"""Which text of a message is shown: all of it, what is new in it, or what its reader does not see; and what is to be
said of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from mail_archive_tools.answers.members import Section
from mail_archive_tools.errors import InvalidArgument

if TYPE_CHECKING:
    from mail_archive_tools.reading.fetching.messages import Fetched
    from mail_archive_tools.reading.readings import MessageReading

TEXTS: tuple[Section, ...] = ("text", "new_text", "hidden_text")
"""The sections that are texts, of which an answer has one."""

_FEW_WORDS = 8
"""Fewer words that only some programs show are not worth a note."""
_LIKE_A_REASON = re.compile(r"^\(", re.MULTILINE)
"""How the line begins that tells a part's reason."""
_HOW_TO_SEE = 'sections=["hidden_text"] shows it.'


def refuse_several_texts(sections: Collection[Section]) -> None:
    """
    Raises:
        InvalidArgument: two texts are asked for.
    """
    asked = [each for each in TEXTS if each in sections]
    if len(asked) > 1:
        raise InvalidArgument(
            f"sections has both {' and '.join(asked[:2])}, and an answer has one text. Ask for one of them."
        )


def shows_text(sections: Collection[Section]) -> bool:
    return any(each in sections for each in TEXTS)


def with_what_there_is(sections: Collection[Section], reading: MessageReading) -> list[Section]:
    """The sections that are shown where nobody asked for certain ones: where a reader sees nothing, what is hidden from
    one is all there is."""
    if not shows_nothing(reading) or not reading.text.hidden:
        return list(sections)
    return ["hidden_text" if each in TEXTS else each for each in sections]


def shows_nothing(reading: MessageReading) -> bool:
    """Whether a reader of the message sees no text."""
    return not reading.text.whole.strip()


def text_shown(fetched: Fetched, sections: Collection[Section]) -> str:
    """The text of the section that is asked for."""
    if "hidden_text" in sections:
        return _hidden_text(fetched.reading)
    if "new_text" in sections:
        return fetched.own_text
    return fetched.reading.text.whole


def _hidden_text(reading: MessageReading) -> str:
    """What the mail's reader did not see: each part behind its reason."""
    parts: list[str] = []
    for each in reading.text.hidden:
        # A line of the mail is not to pass for a reason of ours.
        words = _LIKE_A_REASON.sub(" (", each.text)
        parts.append(f"({each.reason})\n{words}")
    return "\n\n".join(parts)


def member_of_text(sections: Collection[Section]) -> str:
    """The member of an answer that the text is in."""
    if "hidden_text" in sections:
        return "unseen_text"
    return "text"


def why_no_text(reading: MessageReading, text: str, sections: Collection[Section]) -> Iterator[str]:
    """What is to be said where there is no text to show."""
    if reading.unread:
        yield f"The text was not read: {reading.unread}. get_archive_message_content may give it."
    elif text.strip():
        return
    elif "hidden_text" in sections:
        yield "Nothing of this message is hidden from its reader, as far as can be told."
    elif not reading.text.hidden:
        yield "This message has no text; it may consist of attachments only."
    else:
        yield f"A reader of this message sees no text. {_HOW_TO_SEE}"


def on_hidden(reading: MessageReading, sections: Collection[Section]) -> Iterator[str]:
    """What is to be said of the text that the mail's reader does not see."""
    sees_nothing = shows_nothing(reading)
    if "hidden_text" in sections:
        if reading.text.hidden and sees_nothing:
            yield "A reader of this message sees no text: UnseenText is what is hidden from one."
        elif reading.text.hidden:
            yield f"UnseenText is {_what_is_unseen(reading)}."
        return
    if sees_nothing or not shows_text(sections):
        return

    left_out: list[str] = []
    hidden = sum(each.words for each in reading.about.hidden_text)
    if hidden:
        left_out.append(f"{hidden} words that its HTML hides")
    if reading.text.other_words:
        left_out.append(f"{reading.text.other_words} words of its {_other_type(reading)} version that this one lacks")
    for reason, words in _shown_elsewhere(reading).items():
        if words >= _FEW_WORDS:
            left_out.append(f"{words} words {reason}")
    if left_out:
        yield f"Left out: {', '.join(left_out)}. {_HOW_TO_SEE}"


def _what_is_unseen(reading: MessageReading) -> str:
    """What stands beside the text that is shown. Many programs show the version that is not: nobody hid that."""
    are_versions = [each.kind == "version" for each in reading.text.hidden]
    version = f"the {_other_type(reading)} version of this message"
    if all(are_versions):
        return version
    unseen = "what a reader of this message does not see"
    if any(are_versions):
        return f"{unseen}, and {version}"
    return unseen


def _other_type(reading: MessageReading) -> str:
    if reading.text.source == "text/html":
        return "plain"
    return "HTML"


def _shown_elsewhere(reading: MessageReading) -> Counter[str]:
    """How many words only some programs show, by where."""
    words: Counter[str] = Counter()
    for each in reading.text.hidden:
        if each.kind == "elsewhere":
            words[each.reason] += len(each.text.split())
    return words
