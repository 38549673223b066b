"""What a message shows once it was read, in a few hundred bytes: what no search of the service can be asked for."""

from __future__ import annotations

import base64
import json
import re
import zlib
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

from mail_archive_tools.mime.evidence.finding_names import name_said

if TYPE_CHECKING:
    from datetime import datetime

    from mail_archive_tools.models.reading import About
    from mail_archive_tools.reading.readings import MessageReading

_ADDRESS = re.compile(r"[^<>@\s]+@([^<>@\s]+)")
_FORM = "form"
_SIGNATURES = frozenset(("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"))
_LISTED = 200
"""Of each kind of fact, so many values are kept."""
_VALUE_CHARS = 300
_LARGEST = 1_000_000
"""Bytes that facts unpack to at most."""
_USUAL = (
    b'"dmarc=pass","spf=pass","dkim=pass","dkim=none","spf=fail","dmarc=fail",[],0,null,[[[".pdf",["application/pdf",'
    b'"application/octet-stream","image/png","image/jpeg","text/html"],"sender: ","www.",".com",".org","lists.",["en"]'
)
"""What facts often have in them: it takes a third off what they weigh."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that came with it; `kinds` are its type as declared, and as its content shows it where that is another."""

    name: str
    kinds: tuple[str, ...]
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`date_distance` is how many seconds Date and receipt are apart. `checks` are results such as "dmarc=fail": where
    a trusted host has checked a method, the results of that host alone. `findings` are "name: sentence". `unread` says
    why no more than the header fields was read, where that is so: nothing is known of the rest then. `compared` says
    whether it was compared with the row of a search."""

    size_bytes: int
    sha256: str
    date_distance: float | None
    checks: tuple[str, ...]
    body_hashes: tuple[str, ...]
    from_domains: tuple[str, ...]
    reply_to_domains: tuple[str, ...]
    return_path_domain: str | None
    link_hosts: tuple[str, ...]
    form_hosts: tuple[str, ...]
    image_hosts: tuple[str, ...]
    files: tuple[FileFact, ...]
    findings: tuple[str, ...]
    hidden_words: int
    problems: tuple[str, ...]
    languages: tuple[str, ...]
    minhash: str
    unread: str | None = None
    compared: bool = False

    @classmethod
    def of(cls, reading: MessageReading, size_bytes: int, sha256: str, received: datetime | None) -> Facts:
        """The facts of a message that was read, of so many bytes with that SHA-256, and received then."""
        about = reading.about
        headers = about.headers
        date_distance = None
        if reading.moment is not None and received is not None:
            date_distance = abs((received - reading.moment).total_seconds())

        return_path_domains = _domains([headers.return_path or ""])
        body_hashes = [each.body_hash for each in about.dkim_signatures if each.body_hash]
        findings = [f"{each.name}: {each.finding}" for each in about.findings]
        link_hosts, form_hosts = _link_hosts(about)
        return cls(
            size_bytes=size_bytes,
            sha256=sha256,
            date_distance=date_distance,
            checks=_checks(about),
            body_hashes=tuple(body_hashes),
            from_domains=_domains(headers.from_),
            reply_to_domains=_domains(headers.reply_to),
            return_path_domain=return_path_domains[0] if return_path_domains else None,
            link_hosts=link_hosts,
            form_hosts=form_hosts,
            image_hosts=tuple(map(_bare, about.image_hosts)),
            files=_files(about),
            findings=tuple(findings),
            hidden_words=sum([each.words for each in about.hidden_text]),
            problems=tuple(about.problems),
            languages=tuple(reading.languages),
            minhash=reading.minhash,
            unread=reading.unread,
            compared=reading.compared is not None,
        )

    @property
    def attachments(self) -> list[FileFact]:
        """The files that came with it; signatures (.asc, .p7s) are none."""
        return [file for file in self.files if not _SIGNATURES.intersection(file.kinds)]

    def packed(self) -> bytes:
        """The facts in a few hundred bytes. Of what a hostile message has by the thousand, the first are kept."""
        members = [_short(each) for each in astuple(self)]
        # Without a header, which would be as long as some facts.
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL)
        return packer.compress(json.dumps(members).encode()) + packer.flush()

    @classmethod
    def unpacked(cls, packed: bytes) -> Facts:
        """What `packed` made.

        Raises:
            ValueError: it was not.
        """
        try:
            unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL)
            members: list[Any] = json.loads(unpacker.decompress(packed, _LARGEST))
            told = {field.name: _tuples(each) for field, each in zip(fields(cls), members, strict=True)}
            told["files"] = tuple([FileFact(*each) for each in told["files"]])
            return cls(**told)
        except (zlib.error, TypeError, ValueError) as error:
            raise ValueError("these are no facts of a message") from error


def usable(packed: bytes | None) -> Facts | None:
    """Facts that were kept on a disk, unless something happened to them there."""
    if packed is None:
        return None
    from pydantic import TypeAdapter

    with suppress(ValueError):
        # By their types. What does not pass is read anew, which is right in any case.
        facts: Facts = TypeAdapter(Facts).validate_python(asdict(Facts.unpacked(packed)))
        base64.b64decode(facts.minhash, validate=True)
        # Of an earlier form: findings had no names.
        if not all(map(name_said, facts.findings)):
            return None
        return facts
    return None


def _short(value: Any) -> Any:
    """A member without what only a hostile message has: thousands of values, and very long ones."""
    if isinstance(value, str):
        return value[:_VALUE_CHARS]
    if isinstance(value, list | tuple):
        return [_short(each) for each in value[:_LISTED]]
    return value


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that they were."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return value


def _link_hosts(about: About) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hosts that links lead to, and those that forms are sent to."""
    hosts: list[str] = []
    of_forms: list[str] = []
    for link in about.links:
        host = _bare(link.host)
        hosts.append(host)
        if any(_FORM in kind for kind in link.kinds or ()):
            of_forms.append(host)
    return tuple(hosts), tuple(of_forms)


def _files(about: About) -> tuple[FileFact, ...]:
    facts: list[FileFact] = []
    for file in about.attachments:
        kinds = [kind for kind in (file.type, file.detected_type) if kind]
        facts.append(FileFact(file.name or "", tuple(kinds), file.size_bytes, file.sha256))
    return tuple(facts)


def _checks(about: About) -> tuple[str, ...]:
    """The results by method. Where a trusted host says one, those of other hosts do not count, since anybody can write
    them (RFC 8601, 7.1)."""
    of_trusted: set[str] = set()
    all_said: list[tuple[str, bool]] = []
    for field in about.authentication:
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


def _domains(addresses: list[str] | None) -> tuple[str, ...]:
    """The domains of addresses as they are shown; of one with a display name, that of the address behind it."""
    found: dict[str, None] = {}
    for address in addresses or ():
        written, _, _ = address.partition(" (in Unicode")
        domains = _ADDRESS.findall(written)
        if domains:
            found[domains[-1].lower().rstrip(".")] = None
    return tuple(found)


def _bare(host: str) -> str:
    """A host without what is said of it in brackets."""
    return host.split(" ", 1)[0]
