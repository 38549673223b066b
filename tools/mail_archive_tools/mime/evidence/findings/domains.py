"""Domains that look like others, and names that pass for those of others."""

from collections.abc import Iterator

from mail_archive_tools.mime.evidence.context import Context
from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.imitations import imitations
from mail_archive_tools.mime.evidence.links import host_of
from mail_archive_tools.mime.evidence.lookalikes import (
    Lookalikes,
    in_unicode,
    is_disguised,
    mixes_scripts,
)
from mail_archive_tools.mime.message import Message

_COMPARED = 3_000
"""Domains that are compared with as many others."""


def in_domains(message: Message) -> Iterator[Finding]:
    """Domains of senders and of links that are written to deceive, or look like one that sends or receives it."""
    senders = _domains_of(message, "from", "sender", "reply-to")
    recipients = _domains_of(message, "to", "cc")
    hosts = filter(None, [host_of(link.target) for link in message.text.links])
    asked = list(dict.fromkeys((*senders, *hosts)))
    others = list(dict.fromkeys((*senders, *recipients)))
    if max(len(asked), len(others)) > _COMPARED:
        yield Finding("many-domains", f"It names more than {_COMPARED:,} domains; those behind were not compared.")

    lookalikes = Lookalikes(others[:_COMPARED])
    for domain in sorted(asked[:_COMPARED]):
        if mixes_scripts(domain):
            yield Finding("mixed-domain", f"{in_unicode(domain)} ({domain}) mixes letters of several scripts.")
        elif is_disguised(domain):
            yield Finding(
                "disguised-domain", f"{in_unicode(domain)} ({domain}) is written in letters that look like Latin ones."
            )
        for other in lookalikes.of(domain):
            yield Finding("lookalike", f"{in_unicode(domain)} looks like {in_unicode(other)}, and is another domain.")


def _domains_of(message: Message, *fields: str) -> list[str]:
    return [each.domain for field in fields for each in message.addresses(field) if each.domain]


def in_names(message: Message, hosts: list[str], context: Context) -> Iterator[Finding]:
    """Senders that pass for brands or for people who are known. `hosts` are those that the message leads to."""
    authors = [each for each in message.addresses("from") if each.address]
    if not authors:
        return

    named = [*authors, *message.addresses("reply-to")]
    senders = list(dict.fromkeys(each.domain for each in named if each.domain))
    others = [host for host in hosts if host not in senders]
    yield from imitations(authors[0], senders, others, message.subject, context)
