"""What a message shows once it was read, in a few hundred bytes: what no search of the service can be asked for."""

from __future__ import annotations

import base64
import json
import re
import zlib
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

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
    """`date_distance` is how many seconds Date and receipt are apart; `checks` are results such as "dmarc=fail", of a
    method that a trusted host checked its results alone; `findings` are "about: sentence". `unread` says why no more
    than the header fields was read, where that is so: nothing is known of the rest then. `compared`: with the row of a
    search, as far as that has something to compare."""

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
        distance = None
        if reading.moment is not None and received is not None:
            distance = abs((received - reading.moment).total_seconds())
        links = [(_bare(each.host), each.kinds or ()) for each in about.links]
        headers = about.headers
        return cls(
            size_bytes=size_bytes,
            sha256=sha256,
            date_distance=distance,
            checks=_checks(about),
            body_hashes=tuple(each.body_hash for each in about.dkim_signatures if each.body_hash),
            from_domains=_domains(headers.from_),
            reply_to_domains=_domains(headers.reply_to),
            return_path_domain=next(iter(_domains([headers.return_path or ""])), None),
            link_hosts=tuple(host for host, _ in links),
            form_hosts=tuple(host for host, kinds in links if any(_FORM in kind for kind in kinds)),
            image_hosts=tuple(_bare(each) for each in about.image_hosts),
            files=tuple(
                FileFact(
                    each.name or "",
                    tuple(kind for kind in (each.type, each.detected_type) if kind),
                    each.size_bytes,
                    each.sha256,
                )
                for each in about.attachments
            ),
            findings=tuple(f"{each.about}: {each.finding}" for each in about.findings),
            hidden_words=sum(each.words for each in about.hidden_text),
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
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL)
        return packer.compress(json.dumps([_short(each) for each in astuple(self)]).encode()) + packer.flush()

    @classmethod
    def unpacked(cls, packed: bytes) -> Facts:
        """What `packed` made.

        Raises:
            ValueError: it was not.
        """
        try:
            members: list[Any] = json.loads(
                zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_USUAL).decompress(packed, _LARGEST)
            )
            told = {field.name: _tuples(each) for field, each in zip(fields(cls), members, strict=True)}
            return cls(**{**told, "files": tuple(FileFact(*each) for each in told["files"])})
        except (zlib.error, TypeError, ValueError) as error:
            raise ValueError("these are no facts of a message") from error


def usable(packed: bytes | None) -> Facts | None:
    """Facts that were kept on a disk, unless something happened to them there."""
    if packed is None:
        return None
    from pydantic import TypeAdapter

    with suppress(ValueError):
        # By their types: what is read anew is right in any case.
        facts: Facts = TypeAdapter(Facts).validate_python(asdict(Facts.unpacked(packed)))
        base64.b64decode(facts.minhash, validate=True)
        return facts
    return None


def _short(value: Any) -> Any:
    """A member without what only a hostile message has: thousands of values, and very long ones."""
    if isinstance(value, str):
        return value[:_VALUE_CHARS]
    return [_short(each) for each in value[:_LISTED]] if isinstance(value, list | tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _checks(about: About) -> tuple[str, ...]:
    """The results by method: what a trusted host says of a method goes for all, since the others may be forged."""
    said = [
        (result.split(" ", 1)[0], bool(field.trusted)) for field in about.authentication for result in field.results
    ]
    trusted = {result.partition("=")[0] for result, is_trusted in said if is_trusted}
    kept = (result for result, is_trusted in said if is_trusted or result.partition("=")[0] not in trusted)
    return tuple(dict.fromkeys(kept))


def _domains(addresses: list[str] | None) -> tuple[str, ...]:
    """The domains of addresses as they are shown; of one with a display name, that of the address behind it."""
    found = (_ADDRESS.findall(each.partition(" (in Unicode")[0]) for each in addresses or ())
    return tuple(dict.fromkeys(domains[-1].lower().rstrip(".") for domains in found if domains))


def _bare(host: str) -> str:
    """A host without what is said of it in brackets."""
    return host.split(" ", 1)[0]
