"""Who passed a message on: a mailing list, or somebody who sent it once more. Both often change a body honestly.

A sender may write such a field too. It counts only for a domain that the message came from: that of the envelope's
sender, which SPF is about, as the host that received it last noted it in Return-Path.
"""

import re
from collections.abc import Iterator

from mail_archive_tools.mime.evidence.lookalikes import registrable, within
from mail_archive_tools.mime.fields.addresses import read_addresses
from mail_archive_tools.mime.fields.headers import Headers

_CHARS = 2_000
_LIST_ID = re.compile(r"<([^<>\s]{1,255})>\s*$")
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@([\w-]+(?:\.[\w-]+)+)")
_WITH_ADDRESSES = ("list-post", "mailing-list", "x-mailing-list", "resent-from", "resent-sender")


def passed_on(headers: Headers) -> frozenset[str]:
    """The domains of those who passed a message on, that it came from."""
    return_path = headers.first("return-path")
    if return_path is None:
        return frozenset()
    came_from = [each.domain for each in read_addresses(return_path.unfolded[:_CHARS]) if each.domain]
    return frozenset(each for each in domains_named(headers) if any(related(each, other) for other in came_from))


def related(one: str, other: str) -> bool:
    """Whether two domains are of one owner, by the public suffix list, or one is below the other."""
    if within(one, other) or within(other, one):
        return True
    owner = registrable(one)
    return owner is not None and owner == registrable(other)


def domains_named(headers: Headers) -> Iterator[str]:
    """The domains that fields of lists, and of who sends once more, name, wherever the message came from."""
    list_id = headers.first("list-id")
    if list_id is not None and (found := _LIST_ID.search(list_id.unfolded[:_CHARS])):
        yield found.group(1).lower()
    for name in _WITH_ADDRESSES:
        field = headers.first(name)
        if field is not None:
            yield from (domain.lower() for domain in _ADDRESS.findall(field.unfolded[:_CHARS]))
