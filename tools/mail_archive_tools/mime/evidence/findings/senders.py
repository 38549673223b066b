"""Whom a message says to come from, and who else is named for it."""

import re
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.passing_on import domains_named, is_of, passed_on
from mail_archive_tools.mime.fields.addresses import Mailbox
from mail_archive_tools.mime.message import Message

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_OF_A_PROGRAM = re.compile(
    r"^owner-|-(?:owner|admin|bounces?|request|errors|return(?:-[^@]*)?)(?:\+[^@]*)?@", re.IGNORECASE
)
_TOLD_OF_A_FIELD = 5
_ELSEWHERE = {"Reply-To": "reply-elsewhere", "Sender": "sender-elsewhere"}


def in_senders(
    message: Message, passed: frozenset[str], signers: frozenset[str], context: Context
) -> Iterator[Finding]:
    """`passed` are the domains of those who passed the message on, `signers` those whose signatures hold."""
    named = message.addresses("from")
    answered = message.addresses("reply-to")
    authors = [each for each in named if each.address]
    if not authors:
        yield Finding("no-address", "From names no address.")
        return
    if len(authors) > 1:
        shown = ", ".join(each.address for each in authors[:5])
        yield Finding("several-authors", f"From names {len(authors)} authors: {shown}.")

    author = authors[0]
    if message.hides_its_author:
        sentence = f"From is written so that programs miss its address: a person reads {str(author)[:120]}."
        yield Finding("hidden-address", sentence)

    # Where bounces go concerns the sending program alone; where answers go concerns whoever answers. Lists send for
    # others and have answers sent to themselves.
    vouched = [each for each in passed if is_of(each, (author.domain, *signers))]
    to_lists = [each for each in answered if not _is_addressed_list(each, message, context)]
    yield from _of_others("Reply-To", to_lists, author, passed, vouched)
    # Nobody answers a Sender, so it is enough that a list is named: what archives of lists keep often has no
    # Return-Path.
    named_lists = frozenset((*domains_named(message.headers), *_lists_behind(message)))
    yield from _of_others("Sender", message.addresses("sender"), author, named_lists, named_lists)
    for mailbox in (*named, *answered):
        yield from _in_name(mailbox)


def _is_addressed_list(answered: Mailbox, message: Message, context: Context) -> bool:
    """Whether answers go to a list that the message is addressed to, as everybody who reads it sees.

    Its fields have to name the list, and what the service noted of the envelope may not be another's. Of a known
    correspondent that is told all the same: a list that nobody signed is easily made up.
    """
    lists = [*domains_named(message.headers), *_lists_behind(message)]
    if not is_of(answered.domain, lists):
        return False
    if context.envelope_from is not None and not passed_on(message.headers, context.envelope_from):
        return False
    if any(is_of(each.domain, context.known_domains) for each in message.addresses("from")):
        return False

    addressed = [*message.addresses("to"), *message.addresses("cc")]
    return answered.address.lower() in {each.address.lower() for each in addressed}


def _lists_behind(message: Message) -> Iterator[str]:
    """The domains of lists without fields of their own, to which the message is addressed: their program is the Sender,
    or hears of bounces, and has a name that such programs have (RFC 2142, 6)."""
    programs = [*message.addresses("sender"), *message.addresses("return-path")]
    if not programs:
        return

    addressed = [each.domain for each in (*message.addresses("to"), *message.addresses("cc")) if each.domain]
    for sender in programs:
        if _OF_A_PROGRAM.search(sender.address) and is_of(sender.domain, addressed):
            yield sender.domain


def _of_others(
    name: str, mailboxes: list[Mailbox], author: Mailbox, passed: Iterable[str], vouched: Iterable[str]
) -> Iterator[Finding]:
    """Who is named beside the author, and is of another domain: but for lists that somebody vouches for.

    All are looked at, and some are told, the heavy ones first.
    """
    elsewhere = _ELSEWHERE[name]
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
            others[each.domain] = Finding("reply-to-list", sentence)
        else:
            others[each.domain] = Finding(elsewhere, f"{sentence}.")

    told = sorted(others.values(), key=lambda finding: finding.weight)
    yield from told[:_TOLD_OF_A_FIELD]
    left_out = len(told) - _TOLD_OF_A_FIELD
    if left_out > 0:
        yield Finding(elsewhere, f"{name} has addresses of {left_out} more domains that are not {author.domain}.")


def _in_name(mailbox: Mailbox) -> Iterator[Finding]:
    """Addresses in a display name, which many programs show in place of the address."""
    # In whatever form its characters are written: "ceo＠bank.example" has an @ of full width.
    name = normalize("NFKC", mailbox.name)
    for shown in _ADDRESS.findall(name):
        if not is_of(shown.rpartition("@")[2].lower(), (mailbox.domain,)):
            yield Finding("address-in-name", f"The display name shows {shown}, but the address is {mailbox.address}.")


def owners_of(message: Message, passed: frozenset[str], signers: frozenset[str]) -> list[str]:
    """The domains of those whom a message is from: its author first, then those who are named and vouched for."""
    authors = [each.domain for each in message.addresses("from") if each.domain]
    owners = [*authors, *passed, *_lists_behind(message)]
    # Where bounces go anybody may write; it counts where the author's own signature holds.
    if any(is_of(signer, authors) for signer in signers):
        return_path = message.addresses("return-path")
        owners += [each.domain for each in return_path if each.domain]
    return list(dict.fromkeys([*owners, *signers]))
