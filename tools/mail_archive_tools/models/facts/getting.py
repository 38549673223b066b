"""How facts are got of a message that was read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from mail_archive_tools.models.reading import About

_ADDRESS = re.compile(r"[^<>@\s]+@([^<>@\s]+)")
_FORM = "form"


class Read(NamedTuple):
    """A message that was read: what was found, its size and hash, and when it was received. `moment` is its Date."""

    about: About
    size_bytes: int
    sha256: str
    received: datetime | None
    moment: datetime | None
    languages: Sequence[str]
    minhash: str
    unread: str | None
    compared: bool


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that came with it; `kinds` are its type as declared, and as its content shows it where that is another."""

    name: str
    kinds: tuple[str, ...]
    size: int
    sha256: str


def date_distance(read: Read) -> float | None:
    """How many seconds Date and receipt are apart."""
    if read.moment is None or read.received is None:
        return None
    return abs((read.received - read.moment).total_seconds())


def body_hashes(read: Read) -> tuple[str, ...]:
    """What DKIM's body hashes say of the body."""
    return tuple([each.body_hash for each in read.about.dkim_signatures if each.body_hash])


def return_path_domain(read: Read) -> str | None:
    found = domains([read.about.headers.return_path or ""])
    return found[0] if found else None


def link_hosts(read: Read) -> tuple[str, ...]:
    """The hosts that links lead to."""
    return tuple([_bare(link.host) for link in read.about.links])


def form_hosts(read: Read) -> tuple[str, ...]:
    """The hosts that forms are sent to."""
    hosts: list[str] = []
    for link in read.about.links:
        if any(_FORM in kind for kind in link.kinds or ()):
            hosts.append(_bare(link.host))
    return tuple(hosts)


def image_hosts(read: Read) -> tuple[str, ...]:
    return tuple(map(_bare, read.about.image_hosts))


def findings(read: Read) -> tuple[str, ...]:
    return tuple([f"{each.name}: {each.finding}" for each in read.about.findings])


def hidden_words(read: Read) -> int:
    return sum([each.words for each in read.about.hidden_text])


def files(read: Read) -> tuple[FileFact, ...]:
    found: list[FileFact] = []
    for file in read.about.attachments:
        kinds = [kind for kind in (file.type, file.detected_type) if kind]
        found.append(FileFact(file.name or "", tuple(kinds), file.size_bytes, file.sha256))
    return tuple(found)


def checks(read: Read) -> tuple[str, ...]:
    """The results by method. Where a trusted host says one, those of other hosts do not count, since anybody can write
    them (RFC 8601, 7.1)."""
    of_trusted: set[str] = set()
    all_said: list[tuple[str, bool]] = []
    for field in read.about.authentication:
        is_trusted = bool(field.trusted)
        results = [result.split(" ", 1)[0] for result in field.results]
        all_said += [(result, is_trusted) for result in results]
        if is_trusted:
            of_trusted.update(map(_method, results))

    kept: dict[str, None] = {}
    for result, is_trusted in all_said:
        if is_trusted or _method(result) not in of_trusted:
            kept[result] = None
    return tuple(kept)


def _method(result: str) -> str:
    """Of `dmarc=fail`, `dmarc`."""
    return result.partition("=")[0]


def domains(addresses: list[str] | None) -> tuple[str, ...]:
    """The domains of addresses as they are shown; of one with a display name, that of the address behind it."""
    found: dict[str, None] = {}
    for address in addresses or ():
        written, _, _ = address.partition(" (in Unicode")
        found_here = _ADDRESS.findall(written)
        if found_here:
            found[found_here[-1].lower().rstrip(".")] = None
    return tuple(found)


def _bare(host: str) -> str:
    """A host without what is said of it in brackets."""
    return host.split(" ", 1)[0]
