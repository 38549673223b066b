"""Address fields (RFC 5322, 3.4): mailboxes and groups, with comments, encoded words and what senders make of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mail_archive_tools.mime.fields.headers import decode_words

MAX_ADDRESSES = 1_000
"""Addresses read of one field."""

_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]++|\\.?)*+"?)|(?P<space>\s+)|(?P<special>[()<>,;:])|(?P<text>[^\s"()<>,;:]++)""",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ROUTE = re.compile(r"^@[^:]*:")


class Mailbox(NamedTuple):
    """One address. `name` is its display name, decoded, or nothing; `address` may be nothing where none is given;
    `group` is the name of the group that lists it."""

    name: str
    address: str
    group: str | None = None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower().rstrip(".") if "@" in self.address else ""

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

    def mailbox(self, group: str | None) -> Mailbox | None:
        phrase = _phrase("".join(self.words))
        comment = decode_words(" ".join(self.comments)).strip()
        if self.angle is not None:
            name = f"{phrase} ({comment})" if phrase and comment else phrase or comment
            return Mailbox(name, _ROUTE.sub("", self.angle.strip()), group)

        bare = _unquoted_address("".join(self.words).strip())
        if "@" in bare:
            return Mailbox(comment, "".join(bare.split()), group)
        return Mailbox(phrase or comment, "", group) if phrase or comment else None


def read_addresses(value: str) -> list[Mailbox]:
    """The mailboxes of an unfolded address field, up to `MAX_ADDRESSES`, the members of groups among them. A name or
    text without an address is kept as a mailbox without one. Never raises."""
    found: list[Mailbox] = []
    for mailbox in _mailboxes(value):
        found.append(mailbox)
        if len(found) >= MAX_ADDRESSES:
            break

    return found


def _mailboxes(value: str) -> Iterator[Mailbox]:
    pending, group = _Pending(), None
    for kind, text in _tokens(value):
        if kind == "comment":
            pending.comments.append(text)
        elif kind == "angle":
            if pending.angle is not None and (mailbox := pending.mailbox(group)):
                yield mailbox
                pending = _Pending()
            pending.angle = text
        elif text == ":" and group is None and pending.angle is None and "@" not in "".join(pending.words):
            group, pending = _phrase("".join(pending.words)), _Pending()
        elif kind == "special" and text in ",;":
            if mailbox := pending.mailbox(group):
                yield mailbox
            pending = _Pending()
            group = None if text == ";" else group
        elif pending.angle is None:
            pending.words.append(text)
    if mailbox := pending.mailbox(group):
        yield mailbox


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
    """A comment's text up to the bracket that closes it."""
    depth, pieces = 1, []
    for match in matches:
        text = match.group()
        depth += (text == "(") - (text == ")")
        if not depth:
            break
        pieces.append(text)

    return "".join(pieces)


def _bracketed(matches: Iterator[re.Match[str]]) -> str:
    pieces = []
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
    return _QUOTED_PAIR.sub(r"\1", text.strip('"')) if match.lastgroup == "quoted" else text


def _unquoted_address(text: str) -> str:
    """An address that was put in quotes as a whole; a quoted part before the @ stays as it is."""
    inner = text[1:-1]
    return inner if text[:1] == '"' == text[-1:] and '"' not in inner and "@" in inner else text
