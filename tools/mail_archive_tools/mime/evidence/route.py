"""The way of a message, by its Received fields (RFC 5321, 4.4): from the first host to the last."""

import re
from dataclasses import dataclass
from datetime import datetime

from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.fields.headers import Headers

MAX_HOPS = 100
"""Received fields read of one message."""

_CHARS = 5_000
_FROM = re.compile(r"^\s*from\s+([^\s;]{1,255})(?:\s+\(((?:[^()]++|\([^()]*+\))*+)\))?", re.IGNORECASE)
_COMMENT = re.compile(r"\((?:[^()]++|\([^()]*+\))*+\)")
_BY = re.compile(r"(?:^|\s)by\s+([^\s;]{1,255})", re.IGNORECASE)
_WITH = re.compile(r"\swith\s+([^\s;]{1,60})", re.IGNORECASE)
_FOR = re.compile(r"\sfor\s+<?([^\s;<>]{1,255})", re.IGNORECASE)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9a-fA-F.:]{3,45})\]", re.IGNORECASE)


@dataclass(frozen=True)
class Hop:
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
        hop = _read(each.unfolded[:_CHARS], last)
        last = hop.time or last
        hops.append(hop)

    return hops


def _read(text: str, before: datetime | None) -> Hop:
    clauses, _, date = text.rpartition(";")
    time = read_date(date).moment
    start = _FROM.match(clauses)
    # Words in comments are no clauses: "(qmail 1 invoked by uid 0)".
    bare = _COMMENT.sub(" ", clauses)
    literal = _LITERAL.search(start.group()) if start else None
    return Hop(
        from_host=start.group(1) if start else None,
        from_ip=literal.group(1) if literal else None,
        by=_first(_BY, bare),
        protocol=_first(_WITH, bare),
        recipient=_first(_FOR, bare),
        time=time,
        delay=(time - before).total_seconds() if time and before else None,
    )


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1) if match else None
