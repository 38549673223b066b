"""What about a message deserves a second look: facts that an investigator asks for, never a verdict.

Honest mail has some of them too: newsletters hide a preview line. What every list or sending service does is none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from unicodedata import normalize

from mail_archive_tools.mime.evidence.authentication import AuthenticationField, MethodResult
from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.dkim import Signature
from mail_archive_tools.mime.evidence.finding import ABOUT_ROUTE, Finding, heaviest, heavy
from mail_archive_tools.mime.evidence.imitations import imitations
from mail_archive_tools.mime.evidence.in_files import in_file
from mail_archive_tools.mime.evidence.links import Links, host_of, read_links
from mail_archive_tools.mime.evidence.lookalikes import (
    Lookalikes,
    in_unicode,
    is_disguised,
    mixes_scripts,
)
from mail_archive_tools.mime.evidence.passing_on import domains_named, passed_on, related, signed_by, signers_in
from mail_archive_tools.mime.evidence.recognition import differences
from mail_archive_tools.mime.evidence.route import Hop
from mail_archive_tools.mime.fields.addresses import Mailbox
from mail_archive_tools.mime.html.reader import Link
from mail_archive_tools.mime.message import Message

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_MANY_INVISIBLE = 10
_MANY_HIDDEN_WORDS = 10
_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_HOST_IN_TEXT = re.compile(r"^(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,24})(?:[/:?#].*)?$", re.IGNORECASE)
_IP = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]|0x[0-9a-f]+|\d{8,10})$", re.IGNORECASE)
_LONG_DELAY = timedelta(days=2)
_BACKWARDS_SECONDS = 3_600
"""How much earlier than the hop before is worth a word: clocks of honest hosts differ by minutes, and by zones."""
_CHECKS_OF_SENDERS = ("dmarc", "compauth", "spf")
_TOLD_OF_A_FIELD = 5
_COMPARED = 3_000
"""Domains that are compared with as many others."""


def find(
    message: Message,
    route: list[Hop],
    checks: list[AuthenticationField] | None = None,
    signatures: list[Signature] | None = None,
    context: Context = NOTHING_KNOWN,
    links: Links | None = None,
    other: Sequence[str] = (),
) -> list[Finding]:
    """The findings of a message, each once. `checks` are the results of checks of its sender, `signatures` what became
    of its body, `links` all hosts that it leads to, written ones too; `context` says who is known, and what a search
    told of the message, of which the members in `other` are not what it says."""
    passed = passed_on(message.headers, context.envelope_from)
    signers = signed_by(signatures or [], checks or [])
    told = (
        *differences(context.told or {}, other),
        *_failures(checks or [], signatures or [], message.addresses("from")),
        *_changed(signatures or [], bool(passed)),
        *_senders(message, passed, signers),
        *_all(message, route, context, links),
    )
    return heaviest(told)


def _all(message: Message, route: list[Hop], context: Context, links: Links | None) -> Iterator[Finding]:
    yield from _domains(message)
    hosts = [each.host for each in (links or read_links(message, context)).hosts]
    yield from _imitations(message, hosts, context)
    yield from _links(message.text.links)
    yield from _texts(message)
    for file in message.files:
        yield from in_file(file)
    yield from _dates(message, route)


def _failures(
    checks: list[AuthenticationField], signatures: list[Signature], authors: list[Mailbox]
) -> Iterator[Finding]:
    """What a trusted host found wrong with the sender, or in the message. A failure that one field states is outweighed
    by none further down, which may have come with the message."""
    results = [(field, result) for field in checks if field.trusted for result in field.results]
    verified = {each.domain for each in signatures if each.state == "verified" and each.body_hash == "match"}
    author = next((each.domain for each in authors if each.domain), "")
    said: set[str] = set()
    for field, result in results:
        method, failed = result.method, result.result == "fail"
        if method in said:
            continue
        if method == "spf" and _is_outweighed(field, result, verified, author):
            continue
        if method in ("spam", "virus") and failed:
            said.add(method)
            yield heavy("authentication", f"The service's {method} check failed.")
        elif method in _CHECKS_OF_SENDERS and (failed or (method, result.result) == ("spf", "softfail")):
            said.add(method)
            about = result.properties.get("header.from") or result.properties.get("smtp.mailfrom")
            of = f" for {about}" if about else ""
            by = f"by {field.authserv_id}" if field.authserv_id else "by the last host"
            yield heavy("authentication", f"{method.upper()} failed{of} ({by}).")


def _is_outweighed(check: AuthenticationField, result: MethodResult, verified: set[str], author: str) -> bool:
    """Whether a signature outweighs SPF, which forwarding breaks: one of the domain that SPF is about, or of From's,
    that was verified here or that the same field calls good."""
    mail_from = result.properties.get("envelope-from") or result.properties.get("smtp.mailfrom", "")
    senders = [each for each in (author, mail_from.rpartition("@")[2].lower()) if each]
    return any(_is_of(signer, senders) for signer in verified | signers_in(check))


def _changed(signatures: list[Signature], is_passed_on: bool) -> Iterator[Finding]:
    """A body that is no longer, or not wholly, the one that was signed; a list's footer is nothing to look at twice."""
    signatures = [each for each in signatures if each.field == "DKIM-Signature"]
    states = {each.body_hash for each in signatures}
    if "mismatch" in states and "match" not in states and not is_passed_on:
        domains = ", ".join(dict.fromkeys(each.domain for each in signatures if each.body_hash == "mismatch"))
        yield heavy("authentication", f"The body is not the one that {domains} signed (DKIM body hash).")
    broken = dict.fromkeys(each.domain for each in signatures if each.state == "broken")
    if broken and not is_passed_on and not any(each.state == "verified" for each in signatures):
        yield heavy("authentication", f"The header fields are not those that {', '.join(broken)} signed (DKIM).")
    for each in signatures:
        if each.unsigned:
            yield Finding(
                "authentication", f"{each.domain} signed the body without its last {each.unsigned} bytes (DKIM, l=)."
            )


def _senders(message: Message, passed: frozenset[str], signers: frozenset[str]) -> Iterator[Finding]:
    named = message.addresses("from")
    # A name that a comma parts from its address is no author of its own; the message's problems say so.
    authors = [each for each in named if each.address]
    if not authors:
        yield Finding("sender", "From names no address.")
        return
    if len(authors) > 1:
        yield Finding(
            "sender", f"From names {len(authors)} authors: {', '.join(each.address for each in authors[:5])}."
        )

    author = authors[0]
    # Whom bounces go to is nobody's business but the sending program's; lists send for others, and have answers sent to
    # themselves.
    vouched = [each for each in passed if _is_of(each, (author.domain, *signers))]
    yield from _of_others("Reply-To", message.addresses("reply-to"), author, passed, vouched)
    # Nobody answers a Sender, so that a list is named is enough: what archives of lists keep often has no Return-Path.
    named_lists = frozenset(domains_named(message.headers))
    yield from _of_others("Sender", message.addresses("sender"), author, named_lists, named_lists)
    for mailbox in (*named, *message.addresses("reply-to")):
        # In whatever form its characters are written: "ceo＠bank.example" has an @ of full width.
        for shown in _ADDRESS.findall(normalize("NFKC", mailbox.name)):
            if shown.lower() != mailbox.address.lower():
                yield heavy("sender", f"The display name shows {shown}, but the address is {mailbox.address}.")


def _of_others(
    name: str, mailboxes: list[Mailbox], author: Mailbox, passed: Iterable[str], vouched: Iterable[str]
) -> Iterator[Finding]:
    """Who is named beside the author, of other domains than those of lists that somebody vouches for: all are looked
    at, and some of each sort are told."""
    others: dict[str, Finding] = {}
    for each in mailboxes:
        if not each.domain or each.domain in others or _is_of(each.domain, (author.domain, *vouched)):
            continue
        sentence = f"From is {author.address}, but {name} is {each.address}: another domain."
        if _is_of(each.domain, passed):
            # Lists that sign nothing are honest for the most part.
            sentence = f"{sentence[:-1]}, that of a list whose signature does not say so."
            others[each.domain] = Finding("sender", sentence)
        else:
            others[each.domain] = heavy("sender", sentence)

    told = sorted(others.values(), key=lambda finding: finding.weight)
    yield from told[:_TOLD_OF_A_FIELD]
    if len(told) > _TOLD_OF_A_FIELD:
        left_out = len(told) - _TOLD_OF_A_FIELD
        yield heavy("sender", f"{name} has addresses of {left_out} more domains that are not {author.domain}.")


def _is_of(domain: str, owners: Iterable[str]) -> bool:
    return any(related(domain, owner) for owner in owners)


def _domains(message: Message) -> Iterator[Finding]:
    senders = _domains_of(message, "from", "sender", "reply-to")
    hosts = [host for link in message.text.links if (host := host_of(link.target))]
    asked = list(dict.fromkeys((*senders, *hosts)))
    others = list(dict.fromkeys((*senders, *_domains_of(message, "to", "cc"))))
    if max(len(asked), len(others)) > _COMPARED:
        yield heavy("domain", f"It names more than {_COMPARED:,} domains; those behind were not compared.")
    lookalikes = Lookalikes(others[:_COMPARED])
    for domain in sorted(asked[:_COMPARED]):
        if mixes_scripts(domain):
            yield Finding("domain", f"{in_unicode(domain)} ({domain}) mixes letters of several scripts.")
        elif is_disguised(domain):
            yield Finding("domain", f"{in_unicode(domain)} ({domain}) is written in letters that look like Latin ones.")
        for other in lookalikes.of(domain):
            yield heavy("domain", f"{in_unicode(domain)} looks like {in_unicode(other)}, and is another domain.")


def _domains_of(message: Message, *fields: str) -> list[str]:
    return [each.domain for field in fields for each in message.addresses(field) if each.domain]


def _imitations(message: Message, hosts: list[str], context: Context) -> Iterator[Finding]:
    authors = [each for each in message.addresses("from") if each.address]
    if authors:
        named = [*authors, *message.addresses("reply-to")]
        senders = list(dict.fromkeys(each.domain for each in named if each.domain))
        others = [host for host in hosts if host not in senders]
        yield from imitations(authors[0], senders, others, message.subject, context)


def _links(links: list[Link]) -> Iterator[Finding]:
    for link in links:
        target = link.target.lower()
        scheme = target.partition(":")[0]
        if scheme in ("javascript", "data", "vbscript", "file"):
            yield heavy("link", f"A link is a {scheme}: address, which runs or opens something: {link.text[:80]}.")
            continue
        host = host_of(target)
        if not host:
            continue
        shown = _HOST_IN_TEXT.match(link.text.strip())
        if shown and not related(shown.group(1).lower(), host):
            yield heavy("link", f"A link shows {shown.group(1).lower()}, but leads to {host}.")
        if _IP.match(host):
            yield Finding("link", f"A link leads to a bare IP address: {host}.")
        if "@" in target.split("//", 1)[-1].split("/", 1)[0]:
            yield heavy("link", f"A link has a user name before its host, which is {host}: {target[:100]}")


def _texts(message: Message) -> Iterator[Finding]:
    text = message.text
    hidden = sum(text.hidden.values())
    if hidden >= _MANY_HIDDEN_WORDS:
        ways = ", ".join(f"{way} {words}" for way, words in text.hidden.most_common(5))
        yield Finding(
            "text", f"The HTML has {hidden} words that a reader does not see ({ways}); newsletters do that too."
        )
    if text.other_type:
        yield Finding("text", "The HTML and the plain text of this message say different things; the HTML is shown.")
    if not text.text.isascii() and (count := len(_INVISIBLE.findall(text.text))) >= _MANY_INVISIBLE:
        yield Finding("text", f"The text had {count} invisible characters, which were taken out.")
    for name in ("subject", "from"):
        if (value := message.headers.text(name)) and _INVISIBLE.search(value):
            yield Finding("text", f"The {name.title()} field had invisible characters, which were taken out.")


def _dates(message: Message, route: list[Hop]) -> Iterator[Finding]:
    date = message.date
    if date is None:
        yield Finding("date", "There is no Date field.")
        return

    first = next((hop.time for hop in route if hop.time), None)
    if date.moment is None:
        yield Finding("date", f"Date is no date: {date.text[:80]}")
    elif first and abs(date.moment - first) > _LONG_DELAY:
        days = abs(date.moment - first).days
        earlier = "before" if date.moment < first else "after"
        yield Finding(
            "date", f"Date is {days} days {earlier} the first host received the message ({first:%Y-%m-%dT%H:%M%z})."
        )
    for hop in route:
        if hop.delay is not None and hop.delay < -_BACKWARDS_SECONDS:
            yield Finding(ABOUT_ROUTE, f"A hop to {hop.by} has a time {-hop.delay:.0f} s before the one before it.")
            return
