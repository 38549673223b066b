"""What a message shows once it was read, in a few hundred bytes: what no search of the service can be asked for."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mail_archive_tools.mime.evidence.finding_names import name_said
from mail_archive_tools.models.facts import getting
from mail_archive_tools.models.facts.getting import FileFact, Read

_GET = "get"
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


def _got(get: Callable[[Read], Any], **more: Any) -> Any:
    """A field that is got so of a message that was read."""
    return field(metadata={_GET: get}, **more)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message, each with how it is got. Empty is what is none.

    `date_distance` is how many seconds Date and receipt are apart. `checks` are results such as "dmarc=fail": where a
    trusted host has checked a method, the results of that host alone. `findings` are "name: sentence". `unread` says
    why no more than the header fields was read, where that is so: nothing is known of the rest then. `compared` says
    whether it was compared with the row of a search."""

    size_bytes: int = _got(lambda read: read.size_bytes)
    sha256: str = _got(lambda read: read.sha256)
    date_distance: float | None = _got(getting.date_distance)
    checks: tuple[str, ...] = _got(getting.checks)
    body_hashes: tuple[str, ...] = _got(getting.body_hashes)
    from_domains: tuple[str, ...] = _got(lambda read: getting.domains(read.about.headers.from_))
    reply_to_domains: tuple[str, ...] = _got(lambda read: getting.domains(read.about.headers.reply_to))
    return_path_domain: str | None = _got(getting.return_path_domain)
    link_hosts: tuple[str, ...] = _got(getting.link_hosts)
    form_hosts: tuple[str, ...] = _got(getting.form_hosts)
    image_hosts: tuple[str, ...] = _got(getting.image_hosts)
    files: tuple[FileFact, ...] = _got(getting.files)
    findings: tuple[str, ...] = _got(getting.findings)
    hidden_words: int = _got(getting.hidden_words)
    problems: tuple[str, ...] = _got(lambda read: tuple(read.about.problems))
    languages: tuple[str, ...] = _got(lambda read: tuple(read.languages))
    minhash: str = _got(lambda read: read.minhash)
    unread: str | None = _got(lambda read: read.unread, default=None)
    compared: bool = _got(lambda read: read.compared, default=False)

    @classmethod
    def of(cls, read: Read) -> Facts:
        """The facts of a message that was read."""
        return cls(**{name: get(read) for name, get in _GOT})

    @property
    def attachments(self) -> list[FileFact]:
        """The files that came with it; signatures (.asc, .p7s) are none."""
        return [file for file in self.files if not _SIGNATURES.intersection(file.kinds)]

    def packed(self) -> bytes:
        """The facts in a few hundred bytes. Of what a hostile message has by the thousand, the first are kept."""
        members = [_short(getattr(self, name)) for name in _NAMES]
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
            told = {name: _tuples(value) for name, value in zip(_NAMES, members, strict=True)}
            told["files"] = tuple([FileFact(*each) for each in told["files"]])
            return cls(**told)
        except (zlib.error, TypeError, ValueError) as error:
            raise ValueError("these are no facts of a message") from error


_GOT = tuple([(each.name, each.metadata[_GET]) for each in fields(Facts)])
_NAMES = tuple([each.name for each in fields(Facts)])


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
    if isinstance(value, FileFact):
        value = (value.name, value.kinds, value.size, value.sha256)
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
