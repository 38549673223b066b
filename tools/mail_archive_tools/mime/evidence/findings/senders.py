"""Whom a message says to come from, and who else is named for it."""

import re
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from mail_archive_tools.mime.evidence.finding import Finding, heavy
from mail_archive_tools.mime.evidence.passing_on import domains_named, is_of
from mail_archive_tools.mime.fields.addresses import Mailbox
from mail_archive_tools.mime.message import Message

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_TOLD_OF_A_FIELD = 5


def in_senders(message: Message, passed: frozenset[str], signers: frozenset[str]) -> Iterator[Finding]:
    """`passed` are the domains of those who passed the message on, `signers` those whose signatures hold."""
    named = message.addresses("from")
    answered = message.addresses("reply-to")
    # A name that a comma parts from its address is no author of its own; the message's problems say so.
    authors = [each for each in named if each.address]
    if not authors:
        yield Finding("sender", "From names no address.")
        return
    if len(authors) > 1:
        shown = ", ".join(each.address for each in authors[:5])
        yield Finding("sender", f"From names {len(authors)} authors: {shown}.")

    author = authors[0]
    # Where bounces go concerns the sending program alone; where answers go concerns whoever answers. Lists send for
    # others and have answers sent to themselves.
    vouched = [each for each in passed if is_of(each, (author.domain, *signers))]
    yield from _of_others("Reply-To", answered, author, passed, vouched)
    # Nobody answers a Sender, so it is enough that a list is named: what archives of lists keep often has no
    # Return-Path.
    named_lists = frozenset(domains_named(message.headers))
    yield from _of_others("Sender", message.addresses("sender"), author, named_lists, named_lists)
    for mailbox in (*named, *answered):
        yield from _in_name(mailbox)


def _of_others(
    name: str, mailboxes: list[Mailbox], author: Mailbox, passed: Iterable[str], vouched: Iterable[str]
) -> Iterator[Finding]:
    """Who is named beside the author, and is of another domain: but for lists that somebody vouches for.

    All are looked at, and some are told, the heavy ones first.
    """
    others: dict[str, Finding] = {}
    for each in mailboxes:
        if not each.domain or each.domain in others:
            continue
        if is_of(each.domain, (author.domain, *vouched)):
            continue

        sentence = f"From is {author.address}, but {name} is {each.address}: another domain"
        if is_of(each.domain, passed):
            # Lists that sign nothing are honest for the most part.
            sentence += ", that of a list whose signature does not say so."
            others[each.domain] = Finding("sender", sentence)
        else:
            others[each.domain] = heavy("sender", f"{sentence}.")

    told = sorted(others.values(), key=lambda finding: finding.weight)
    yield from told[:_TOLD_OF_A_FIELD]
    left_out = len(told) - _TOLD_OF_A_FIELD
    if left_out > 0:
        yield heavy("sender", f"{name} has addresses of {left_out} more domains that are not {author.domain}.")


def _in_name(mailbox: Mailbox) -> Iterator[Finding]:
    """Addresses in a display name, which many programs show in place of the address."""
    # In whatever form its characters are written: "ceo＠bank.example" has an @ of full width.
    name = normalize("NFKC", mailbox.name)
    for shown in _ADDRESS.findall(name):
        if shown.lower() != mailbox.address.lower():
            yield heavy("sender", f"The display name shows {shown}, but the address is {mailbox.address}.")
