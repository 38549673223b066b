"""Who passed a message on: a mailing list, or somebody who sent it once more. Both often change a body honestly.

A sender may write such a field too. It counts only for a domain that the message came from: that of the envelope's
sender, which SPF is about, as the service noted it; else as Return-Path has it. Whoever sends from a domain of their
own can have all of that: a Reply-To is excused only where From is of the list's domain too, or its signature holds.
"""

import re
from collections.abc import Iterable, Iterator

from mail_archive_tools.mime.evidence.authentication import AuthenticationField
from mail_archive_tools.mime.evidence.dkim import Signature
from mail_archive_tools.mime.evidence.lookalikes import registrable, within
from mail_archive_tools.mime.fields.addresses import read_addresses
from mail_archive_tools.mime.fields.headers import Headers

_CHARS = 2_000
_LIST_ID = re.compile(r"<([^<>\s]{1,255})>\s*$")
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@([\w-]+(?:\.[\w-]+)+)")
_WITH_ADDRESSES = ("list-post", "mailing-list", "x-mailing-list", "resent-from", "resent-sender")


def passed_on(headers: Headers, envelope_from: str | None = None) -> frozenset[str]:
    """The domains that passed a message on, as far as it came from them: by the sender of the envelope that the service
    noted, or, where it noted none, by Return-Path."""
    if envelope_from is None:
        # The last host writes the envelope's sender into it (RFC 5321, 4.4).
        return_path = headers.first("return-path")
        envelope_from = return_path.unfolded if return_path else ""

    senders = read_addresses(envelope_from[:_CHARS])
    came_from = [each.domain for each in senders if each.domain]
    return frozenset(each for each in domains_named(headers) if is_of(each, came_from))


def domains_named(headers: Headers) -> Iterator[str]:
    """The domains that lists, and those who send a message once more, name in its fields, wherever it came from."""
    list_id = headers.first("list-id")
    if list_id is not None:
        # List-Id: Talk of birds <birds.lists.example> (RFC 2919, 3).
        found = _LIST_ID.search(list_id.unfolded[:_CHARS])
        if found:
            yield found.group(1).lower()

    for name in _WITH_ADDRESSES:
        field = headers.first(name)
        if field is None:
            continue
        for domain in _ADDRESS.findall(field.unfolded[:_CHARS]):
            yield domain.lower()


def signed_by(signatures: Iterable[Signature], checks: Iterable[AuthenticationField]) -> frozenset[str]:
    """The domains whose signatures hold: by a trusted check, or as far as they can be read here."""
    held: set[str] = set()
    for each in signatures:
        is_whole = each.body_hash == "match" and each.state != "broken"
        if is_whole and each.field == "DKIM-Signature":
            held.add(each.domain.lower())
    for check in checks:
        if check.trusted:
            held |= signers_in(check)

    return frozenset(held - {""})


def signers_in(check: AuthenticationField) -> set[str]:
    """The domains whose signatures hold, as a field says."""
    found: set[str] = set()
    for result in check.results:
        if result.method != "dkim" or result.result != "pass":
            continue
        # header.d is the domain that signed, header.i the user or agent for whom it did (RFC 8601, 2.7.1).
        signer = result.properties.get("header.d") or result.properties.get("header.i", "")
        found.add(signer.rpartition("@")[2].lower())

    return found - {""}


def related(one: str, other: str) -> bool:
    """Whether two domains are of one owner, by the public suffix list, or one is below the other."""
    if within(one, other) or within(other, one):
        return True
    owner = registrable(one)
    return owner is not None and owner == registrable(other)


def is_of(domain: str, owners: Iterable[str]) -> bool:
    """Whether a domain is related to one of others."""
    return any(related(domain, owner) for owner in owners)
