"""The way of a message, by its Received fields (RFC 5321, 4.4): from the first host to the last."""

import re
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple

from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.fields.headers import Headers

MAX_HOPS = 100
"""Received fields read of one message."""

_CHARS = 5_000
_FROM = re.compile(r"^\s*from\s+([^\s;]{1,255})(?:\s+\(((?:[^()]++|\([^()]*+\))*+)\))?", re.IGNORECASE)
_COMMENT = re.compile(r"\((?:[^()]++|\([^()]*+\))*+\)")
_BRACKETS = re.compile(r"\[[^\[\]]{3,60}\]")
_BY = re.compile(r"(?:^|\s)by\s+([^\s;]{1,255})", re.IGNORECASE)
_WITH = re.compile(r"\swith\s+([^\s;]{1,60})", re.IGNORECASE)
_FOR = re.compile(r"\sfor\s+<?([^\s;<>]{1,255})", re.IGNORECASE)
_END_OF_FROM = re.compile(r"\s(?:by|via|with|id|for)\s", re.IGNORECASE)
# What `ipaddress` says of nearly all addresses, in a tenth of the time.
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_ADDRESS = re.compile(
    r"(?<![\w.:-])(?:IPv6:)?((?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}))"
    r"(?![\w-]|\.\w)",
    re.IGNORECASE,
)


class Hop(NamedTuple):
    """One host handing over to the next. `delay` is in seconds since the hop before; None where a time is missing."""

    from_host: str | None
    from_ip: str | None
    by: str | None
    protocol: str | None
    recipient: str | None
    time: datetime | None
    delay: float | None = None


def read_route(headers: Headers) -> list[Hop]:
    """The hops, first one first; of more than `MAX_HOPS`, the last ones."""
    hops: list[Hop] = []
    last: datetime | None = None
    for each in reversed(headers.all("received")[:MAX_HOPS]):
        hop = hop_of(each.unfolded[:_CHARS], last)
        last = hop.time or last
        hops.append(hop)

    return hops


def hop_of(text: str, before: datetime | None = None) -> Hop:
    """What one Received field says; `before` is the time of the hop before."""
    clauses, _, date = text.rpartition(";")
    # Words in comments are no clauses: "(qmail 1 invoked by uid 0)".
    bare = _COMMENT.sub(" ", clauses)

    from_host = from_ip = None
    start = _FROM.match(clauses)
    if start:
        from_host = start.group(1)
        from_ip = _address(clauses, from_host)

    time = read_date(date).moment
    delay = None
    if time and before:
        delay = (time - before).total_seconds()
    return Hop(
        from_host=from_host,
        from_ip=from_ip,
        by=_first(_BY, bare),
        protocol=_first(_WITH, bare),
        recipient=_first(_FOR, bare),
        time=time,
        delay=delay,
    )


def _address(clauses: str, host: str) -> str | None:
    """The address that the message came from, as the receiving host saw it.

    It may be anywhere in the from clause, as `[192.0.2.1]`, `(192.0.2.1)`, `(user@192.0.2.1)` or
    `[IPv6:2001:db8::1]`: what stands in brackets comes first (RFC 5321, 4.4), what the other host calls itself last.
    """
    # Words in comments end no clause; the length stays, so that the place is that of the original.
    bare = _COMMENT.sub(lambda comment: "-" * len(comment.group()), clauses)
    end = _END_OF_FROM.search(bare)
    clause = clauses[: end.start()] if end else clauses
    _, _, after = clause.partition(host)

    for text in (*_BRACKETS.findall(after), after, host):
        for found in _ADDRESS.findall(text):
            if _IPV4.fullmatch(found):
                return str(found)
            # The pattern takes 999.1.1.1 for an address too.
            with suppress(ValueError):
                address = ip_address(found)
                return str(getattr(address, "ipv4_mapped", None) or address)

    return None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1) if match else None
