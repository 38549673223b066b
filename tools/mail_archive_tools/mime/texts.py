"""The text of a message as a person would read it: its plain text, or its HTML where that says more."""

import re
from collections import Counter
from dataclasses import dataclass, field

from mail_archive_tools.mime.bodies import Bodies
from mail_archive_tools.mime.carried.pgp import read_clear_signed
from mail_archive_tools.mime.codecs.transfer import MAX_UUENCODED, UuFile, uuencoded
from mail_archive_tools.mime.flowed import unflow
from mail_archive_tools.mime.html.reader import HtmlText, Link, read_html
from mail_archive_tools.mime.html.targets import Target
from mail_archive_tools.mime.html.unseen import HTML_VERSION, PLAIN_VERSION, UNSEEN_CHARS, Unseen
from mail_archive_tools.mime.problems import Problem
from mail_archive_tools.mime.structure import Part, text_of

TEXT_CHARS = 5_000_000
"""How much text of one message is read, in characters."""

LEAST_AGREEMENT = 0.6
"""Plain text and HTML whose words agree less (F1) say different things."""

_LEAST_WORDS = 8
_COMPARED_CHARS = 200_000
# Addresses, and what `html.reader` writes for a picture.
_URL = re.compile(r"<?\b(?:https?|mailto|ftp)://\S+|<(?:https?|mailto):[^>\s]*>|\[image\]")
_WORDS = re.compile(r"\w{2,}")
_EVERY_WORD = re.compile(r"\w+")


@dataclass
class Text:
    """What to read is `text`."""

    text: str = ""
    source: str | None = None
    """The type of the parts that `text` was made from; None where there is no text."""
    other_type: str | None = None
    """The type of the version that says something else, where there is one."""
    hidden: Counter[str] = field(default_factory=Counter)
    """How many words the HTML hides, by the way it does."""
    unseen: list[Unseen] = field(default_factory=list)
    """What a reader does not see: of the HTML, and of the version that is not shown, where it says more."""
    other_words: int = 0
    """How many words the other version has which this one does not show."""
    links: list[Link] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    """Where the HTML leads."""
    plain: str = field(default="", repr=False)
    """What the plain text says, whichever version is shown."""
    files: list[tuple[Part, UuFile]] = field(default_factory=list)
    """The uuencoded files that were taken out of the plain text, with the parts that they stood in."""
    signed: bool = False
    """Whether some of it is signed by OpenPGP in clear text."""
    problems: list[Problem] = field(default_factory=list)


def read_texts(bodies: Bodies) -> Text:
    """The text of a message from its body parts."""
    text = Text()
    in_both = {id(part) for part in bodies.plain}
    in_html_alone = [part for part in bodies.html if id(part) not in in_both]
    converted = _converted(bodies.plain, text) | _converted(in_html_alone, text)
    plain = _joined(bodies.plain, converted)
    html = _joined(bodies.html, converted)

    # Of a message without plain text, its HTML is in both lists (RFC 8621, 4.1.4).
    plain_is_html = [_is_html(part) for part in bodies.plain]
    if not all(plain_is_html):
        text.plain = plain
    has_html = any(_is_html(part) for part in bodies.html)

    if not has_html or not _says_something(html):
        text.text = plain
        if any(plain_is_html):
            text.source = "text/html"
        elif plain.strip():
            text.source = "text/plain"
    elif not _says_something(plain) or all(plain_is_html):
        text.text, text.source = html, "text/html"
    else:
        _choose_version(text, plain, html)

    if len(text.text) > TEXT_CHARS:
        text.problems.append(Problem("text", f"longer than {TEXT_CHARS:,} characters: the rest was left out"))
        text.text = text.text[:TEXT_CHARS]
    return text


def _choose_version(text: Text, plain: str, html: str) -> None:
    """Of a plain text and HTML that both say something, the one to show; what the other says beside it is kept."""
    of_plain, of_html = _counted_words(plain), _counted_words(html)
    if _agreement(of_plain, of_html) < LEAST_AGREEMENT:
        # Most programs show the HTML of such a mail; what they hide in the plain text is named beside it.
        text.text, text.source, text.other_type = html, "text/html", "text/plain"
        beside = (of_plain - of_html).total()
        _note_other_version(text, PLAIN_VERSION, plain, beside)
    else:
        text.text, text.source = plain, "text/plain"
        beside = (of_html - of_plain).total()
        _note_other_version(text, HTML_VERSION, html, beside)


def _note_other_version(text: Text, reason: str, other: str, beside: int) -> None:
    """Keep a version that is not shown, where it says more than the one that is: one word may be a password. `beside`
    counts the words that it has more; a few of them are not worth a note."""
    if not beside and not _has_more(other, text.text):
        return
    if beside >= _LEAST_WORDS:
        text.other_words = beside
    if len(other) > UNSEEN_CHARS:
        text.problems.append(Problem("text", "of the version that is not shown, not all was kept"))
    text.unseen.append(Unseen(reason, other[:UNSEEN_CHARS]))


def _has_more(other: str, shown: str) -> bool:
    """Whether a text has words that another lacks, be they of one letter or behind those that were compared."""
    if len(other) > _COMPARED_CHARS:
        return True
    # An amount may be all that differs.
    lacking = _every_word(other) - _every_word(shown)
    return bool(lacking)


def _every_word(text: str) -> set[str]:
    without_addresses = _URL.sub(" ", text)
    return set(_EVERY_WORD.findall(without_addresses.lower()))


def _converted(parts: list[Part], text: Text) -> dict[int, str]:
    """What each part says, by its identity: no more than is shown, and a character that tells that there is more."""
    converted: dict[int, str] = {}
    room = TEXT_CHARS + 1
    for part in parts:
        shown = _as_text(part, text)[:room] if room else ""
        converted[id(part)] = shown
        room -= len(shown)

    return converted


def _joined(parts: list[Part], converted: dict[int, str]) -> str:
    shown = [converted[id(part)].strip("\n") for part in parts]
    return "\n\n".join(each for each in shown if each.strip())


def _as_text(part: Part, text: Text) -> str:
    """What a body says as plain text; a picture says nothing."""
    is_text = part.content_type.startswith(("text/", "multipart/"))
    if not is_text and not _is_html(part):
        return ""

    decoded = part.decoded()
    if decoded.problem:
        text.problems.append(Problem(part.id, decoded.problem))
    if _is_html(part):
        read = read_html(part.html(decoded.data))
        _note(part, read, text)
        return read.text
    return _plain(part, decoded.data, text)


def _note(part: Part, read: HtmlText, text: Text) -> None:
    text.hidden.update(read.hidden)
    text.unseen += read.unseen
    text.links += read.links
    text.targets += read.targets
    if read.cut:
        text.problems.append(Problem(part.id, read.cut))


def _plain(part: Part, data: bytes, text: Text) -> str:
    files = uuencoded(data) if b"begin " in data else []
    if len(files) == MAX_UUENCODED:
        text.problems.append(Problem(part.id, f"{MAX_UUENCODED} uuencoded files were taken out of its text, no more"))
    # From the last to the first, so that the places of the others stay what they are.
    for each in reversed(files):
        data = b"%s[file %s]\n%s" % (data[: each.start], each.name, data[each.end :])
    text.files += [(part, each) for each in files]

    parameters = part.declared_type.parameters
    shown = text_of(data, parameters.get("charset", ""))
    if parameters.get("format", "").lower() == "flowed":
        shown = unflow(shown, parameters.get("delsp", "").lower() == "yes")

    clear = read_clear_signed(shown)
    if clear.signed:
        text.signed = True
    return clear.text


def _is_html(part: Part) -> bool:
    return part.content_type in ("text/html", "application/xhtml+xml")


def _says_something(text: str) -> bool:
    return _WORDS.search(text) is not None


def _agreement(one: Counter[str], other: Counter[str]) -> float:
    """How far the words of two texts are the same: 0 to 1 (F1). What is too short to tell agrees."""
    if max(one.total(), other.total()) < _LEAST_WORDS:
        return 1.0

    in_both = (one & other).total()
    return 2 * in_both / (one.total() + other.total())


def _counted_words(text: str) -> Counter[str]:
    # HTML seldom shows the addresses that plain text has in full.
    without_addresses = _URL.sub(" ", text[:_COMPARED_CHARS])
    return Counter(_WORDS.findall(without_addresses.lower()))
