"""Address fields (RFC 5322, 3.4): mailboxes and groups, with comments, encoded words and what senders make of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from mail_archive_tools.mime.fields.headers import decode_words

MAX_ADDRESSES = 1_000
"""Addresses read of one field."""

_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]++|\\.?)*+"?)|(?P<space>\s+)|(?P<special>[()<>,;:])|(?P<text>[^\s"()<>,;:]++)""",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
# The hosts on the way, of old (RFC 5322, 4.4): <@relay.example:nora@a.example>.
# An address at the end of what should be a name, or the second of brackets within brackets.
_IN_BRACKETS = re.compile(r"<?([^\s<>@,;]{1,64}@[^\s<>@,;]{3,255})>?\s*$")
_LONGEST_ADDRESS = 330
_ROUTE = re.compile(r"^@[^:]*:")


class Mailbox(NamedTuple):
    """One address. `name` is its display name, decoded, or nothing; `address` may be nothing where none is given;
    `group` is the name of the group that lists it."""

    name: str
    address: str
    group: str | None = None

    @property
    def domain(self) -> str:
        if "@" not in self.address:
            return ""
        return self.address.rpartition("@")[2].lower().rstrip(".")

    def __str__(self) -> str:
        if self.name and self.address and self.name != self.address:
            return f"{self.name} <{self.address}>"
        return self.address or self.name


@dataclass
class _Pending:
    """The mailbox that is being read: words before an angle bracket, comments, and what the brackets hold."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None

    @property
    def may_name_a_group(self) -> bool:
        """Before a colon: "Team: a@b.example;" names one, "a@b.example:25" does not."""
        return self.angle is None and "@" not in "".join(self.words)

    def mailbox(self, group: str | None) -> Mailbox | None:
        words = "".join(self.words)
        comment = decode_words(" ".join(self.comments)).strip()
        if self.angle is not None:
            name = _phrase(words)
            if name and comment:
                name = f"{name} ({comment})"
            return Mailbox(name or comment, _ROUTE.sub("", self.angle.strip()), group)

        bare = _unquoted_address(words.strip())
        if "@" in bare:
            # Names stood in comments of old: "nora@a.example (Nora)".
            return Mailbox(comment, "".join(bare.split()), group)
        name = _phrase(words) or comment
        return Mailbox(name, "", group) if name else None


def read_addresses(value: str) -> list[Mailbox]:
    """The mailboxes of an unfolded address field, up to `MAX_ADDRESSES`, the members of groups among them. A name or
    text without an address is kept as a mailbox without one. Never raises."""
    return list(islice(_mailboxes(value), MAX_ADDRESSES))


def read_authors(value: str) -> list[Mailbox]:
    """The mailboxes of a field that says who wrote, as a person reads it.

    In `Paypal ,_<x@evil.example>` a comma parts the name from its address: by the letter of RFC 5322 these are two
    mailboxes, of which programs take the first, without an address. A person reads one. So it is with an address that
    stands in an encoded word, or in brackets within brackets. Never raises.
    """
    return list(_as_read(read_addresses(value)))


def hides_its_address(value: str) -> bool:
    """Whether a field has an address for whoever looks at it, and another or none for a program that reads the first
    mailbox by the letter of RFC 5322."""
    # What can part a name from its address; most fields have none of it.
    is_usual = "," not in value and "=?" not in value
    if is_usual and value.count("<") < 2:
        return False

    authors = read_authors(value)
    return bool(authors and authors[0].domain) and authors != read_addresses(value)


def _as_read(mailboxes: Iterable[Mailbox]) -> Iterator[Mailbox]:
    names: list[str] = []
    without: list[Mailbox] = []
    for mailbox in map(_plain, mailboxes):
        if not mailbox.address:
            names.append(mailbox.name)
            without.append(mailbox)
            continue

        name = ", ".join(each for each in (*names, mailbox.name) if each)
        yield mailbox._replace(name=name)
        names.clear()
        without.clear()

    # Behind the last address there is none that they could be the names of.
    yield from without


def _plain(mailbox: Mailbox) -> Mailbox:
    """A mailbox with the address that a person finds in it, where it has none that can be used."""
    if mailbox.address and "<" not in mailbox.address:
        return mailbox

    written = mailbox.address or mailbox.name
    found = _IN_BRACKETS.search(written[-_LONGEST_ADDRESS:])
    if found is None:
        return mailbox
    before = written[: -len(found.group())].strip(' "<')
    name = " ".join(each for each in (mailbox.name, before) if each and each != written)
    return Mailbox(name, found.group(1), mailbox.group)


def _mailboxes(value: str) -> Iterator[Mailbox]:
    pending = _Pending()
    group: str | None = None
    for kind, text in _tokens(value):
        if kind == "comment":
            pending.comments.append(text)

        elif kind == "angle":
            # Brackets once more, without a comma between them: the next mailbox.
            if pending.angle is not None:
                mailbox = pending.mailbox(group)
                if mailbox:
                    yield mailbox
                    pending = _Pending()
            pending.angle = text

        elif text == ":" and group is None and pending.may_name_a_group:
            group = _phrase("".join(pending.words))
            pending = _Pending()

        elif kind == "special" and text in ",;":
            mailbox = pending.mailbox(group)
            if mailbox:
                yield mailbox
            pending = _Pending()
            if text == ";":
                group = None

        elif pending.angle is None:
            pending.words.append(text)

    last = pending.mailbox(group)
    if last:
        yield last


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    """The field's tokens; a comment, and what stands between angle brackets, is one token each."""
    matches = _TOKEN.finditer(value)
    for match in matches:
        text = match.group()
        if text == "(":
            yield "comment", _nested(matches)
        elif text == "<":
            yield "angle", _bracketed(matches)
        else:
            yield match.lastgroup or "text", text


def _nested(matches: Iterator[re.Match[str]]) -> str:
    """A comment's text up to the bracket that closes it; comments may hold comments (RFC 5322, 3.2.2)."""
    depth = 1
    pieces: list[str] = []
    for match in matches:
        text = match.group()
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
        if not depth:
            break
        pieces.append(text)

    return "".join(pieces)


def _bracketed(matches: Iterator[re.Match[str]]) -> str:
    pieces: list[str] = []
    for match in matches:
        if match.group() == ">":
            break
        if match.lastgroup != "space":
            pieces.append(match.group())

    return "".join(pieces)


def _phrase(text: str) -> str:
    """A display name: quotes taken off, encoded words decoded, one space between words."""
    text = text.strip()
    if '"' in text:
        text = "".join(_unquoted(match) for match in _TOKEN.finditer(text))
    return " ".join(decode_words(text).split())


def _unquoted(match: re.Match[str]) -> str:
    text = match.group()
    if match.lastgroup != "quoted":
        return text
    return _QUOTED_PAIR.sub(r"\1", text.strip('"'))


def _unquoted_address(text: str) -> str:
    """An address that was put in quotes as a whole; a quoted part before the @ stays as it is."""
    if not text.startswith('"') or not text.endswith('"'):
        return text
    inner = text[1:-1]
    if '"' in inner or "@" not in inner:
        return text
    return inner
