"""What a reader is shown of a body, and is led to, beside what is there."""

import re
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.finding import Finding, heavy
from mail_archive_tools.mime.evidence.links import host_of
from mail_archive_tools.mime.evidence.passing_on import related
from mail_archive_tools.mime.html.reader import Link
from mail_archive_tools.mime.message import Message

# Soft hyphens, joiners, fillers, marks that turn the direction of reading, and tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_MANY_INVISIBLE = 10
_MANY_HIDDEN_WORDS = 10
_SCHEMES_THAT_ACT = ("javascript", "data", "vbscript", "file")
_HOST_IN_TEXT = re.compile(
    r"^(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,24})(?:[/:?#].*)?$",
    re.IGNORECASE,
)
# Browsers take 0x7f000001 and 2130706433 for 127.0.0.1 (WHATWG URL, "IPv4 parser").
_IP = re.compile(
    r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]|0x[0-9a-f]+|\d{8,10})$",
    re.IGNORECASE,
)


def in_links(links: list[Link]) -> Iterator[Finding]:
    """Links that run something, or lead elsewhere than they show."""
    for link in links:
        target = link.target.lower()
        scheme = target.partition(":")[0]
        if scheme in _SCHEMES_THAT_ACT:
            shown = link.text[:80]
            yield heavy("link", f"A link is a {scheme}: address, which runs or opens something: {shown}.")
            continue

        host = host_of(target)
        if not host:
            continue

        in_text = _HOST_IN_TEXT.match(link.text.strip())
        if in_text and not related(in_text.group(1).lower(), host):
            yield heavy("link", f"A link shows {in_text.group(1).lower()}, but leads to {host}.")
        if _IP.match(host):
            yield Finding("link", f"A link leads to a bare IP address: {host}.")
        # In https://bank.example@evil.example/ the host is evil.example (RFC 3986, 7.6).
        authority = target.split("//", 1)[-1].split("/", 1)[0]
        if "@" in authority:
            yield heavy("link", f"A link has a user name before its host, which is {host}: {target[:100]}")


def in_text(message: Message) -> Iterator[Finding]:
    """Words that a reader does not see, and characters that nobody does."""
    text = message.text
    hidden = sum(text.hidden.values())
    if hidden >= _MANY_HIDDEN_WORDS:
        ways = ", ".join(f"{way} {words}" for way, words in text.hidden.most_common(5))
        sentence = f"The HTML has {hidden} words that a reader does not see ({ways}); newsletters do that too."
        yield Finding("text", sentence)
    if text.other_type:
        yield Finding("text", "The HTML and the plain text of this message say different things; the HTML is shown.")

    if not text.text.isascii():
        count = len(_INVISIBLE.findall(text.text))
        if count >= _MANY_INVISIBLE:
            yield Finding("text", f"The text had {count} invisible characters, which were taken out.")
    for name in ("subject", "from"):
        value = message.headers.text(name) or ""
        if _INVISIBLE.search(value):
            yield Finding("text", f"The {name.title()} field had invisible characters, which were taken out.")
