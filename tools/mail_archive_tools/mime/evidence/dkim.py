"""Signatures of DKIM (RFC 6376) and ARC (RFC 8617): whether the body is still the one that a domain signed, by the raw
bytes alone; and, where its key is known, whether the domain did sign it.

Without the key a match says that the body is what the field says, not that the domain wrote the field; a mismatch, that
the body was changed since, honestly (a mailing list's footer) or not.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mail_archive_tools.mime.evidence.signing import (
    RawField,
    SignatureState,
    key_name,
    raw_fields,
    verify_seal,
    verify_signature,
)
from mail_archive_tools.mime.fields.headers import Headers

BodyHash = Literal["match", "mismatch", "cut by l=", "not read", "not signed"]

MAX_SIGNATURES = 20
"""Signatures that are looked at."""

_FIELDS = {
    "dkim-signature": "DKIM-Signature",
    "arc-message-signature": "ARC-Message-Signature",
    "arc-seal": "ARC-Seal",
}
_INSTANCES = frozenset(map(str, range(1, 51)))
_HASHES = {"rsa-sha256": "sha256", "ed25519-sha256": "sha256", "rsa-sha1": "sha1"}
_BODIES = ("simple", "relaxed")
_SPACE = re.compile(rb"[\t ]+")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_CRLF = b"\r\n"


@dataclass(frozen=True)
class Signature:
    """One signature, and the field that it stands in, with its instance in ARC. Of a body that was signed in part,
    `unsigned` bytes at its end were not; `why` it was not read. `state` is None where its key is not known."""

    domain: str
    selector: str
    body_hash: BodyHash
    unsigned: int = 0
    why: str = ""
    field: str = "DKIM-Signature"
    state: SignatureState | None = None


def read_signatures(raw: bytes, headers: Headers, keys: Mapping[str, str] | None = None) -> list[Signature]:
    """The signatures of a message, those of DKIM first, topmost first, with what its body comes to now. `keys` are TXT
    records by their names."""
    if not any(headers.first(name) for name in _FIELDS):
        return []
    body = _Body(raw[headers.body_start :])
    fields = raw_fields(raw, headers.body_start)
    found: list[Signature] = []
    for name, title in _FIELDS.items():
        for field in [each for each in fields if each.name == name.encode()][:MAX_SIGNATURES]:
            tags = _tags(field.raw.partition(b":")[2].decode("ascii", "replace"))
            shown = title if name == "dkim-signature" else f"{title} i={tags.get('i', '?')[:3]}"
            is_seal = name == "arc-seal"
            read = Signature(tags.get("d", ""), tags.get("s", ""), "not signed") if is_seal else _read(tags, body)
            found.append(replace(read, field=shown, state=_state(field, tags, fields, keys or {})))
    return found


def _state(
    field: RawField, tags: Mapping[str, str], fields: list[RawField], keys: Mapping[str, str]
) -> SignatureState | None:
    key = keys.get(key_name(tags))
    if key is None:
        return None
    if field.name == b"arc-seal":
        instance = tags.get("i", "")
        return verify_seal(int(instance), tags, fields, key) if instance in _INSTANCES else "broken"
    return verify_signature(field, tags, fields, key)


class _Body:
    """A body in the forms that signatures are made of, each made once."""

    def __init__(self, raw: bytes) -> None:
        # Mail is sent with CRLF; a file may keep it without. Empty lines at the end count in no form.
        self._lines = _BARE_LF.sub(_CRLF, _without_end(raw)).split(_CRLF)
        self._forms: dict[str, bytes] = {}

    def form(self, name: str) -> bytes:
        if name not in self._forms:
            relaxed = name == "relaxed"
            lines = [_SPACE.sub(b" ", line).rstrip(b" ") for line in self._lines] if relaxed else list(self._lines)
            while lines and not lines[-1]:
                lines.pop()
            # Without a line at all, simple has an empty one, and relaxed has nothing (RFC 6376, 3.4.3 and 3.4.4).
            self._forms[name] = _CRLF.join([*lines, b""]) if lines else b"" if relaxed else _CRLF
        return self._forms[name]


def _without_end(raw: bytes) -> bytes:
    """A body without the line ends behind its last line; where a CR stands alone among them it is kept as it is."""
    kept = raw.rstrip(_CRLF)
    line_ends = raw[len(kept) :]
    return raw if line_ends.replace(_CRLF, b"").strip(b"\n") else kept


def _read(tags: dict[str, str], body: _Body) -> Signature:
    domain, selector = tags.get("d", ""), tags.get("s", "")

    def unread(why: str) -> Signature:
        return Signature(domain, selector, "not read", why=why)

    algorithm = tags.get("a", "").lower()
    if algorithm not in _HASHES:
        return unread(f"the algorithm {algorithm or 'is missing'}")
    form = (tags.get("c", "simple/simple").lower() + "/simple").split("/")[1]
    if form not in _BODIES:
        return unread(f"the canonicalization {form}")
    try:
        signed = base64.b64decode(tags.get("bh", ""), validate=True)
    except (binascii.Error, ValueError):
        signed = b""
    if not signed:
        return unread("no body hash")
    length = tags.get("l")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 20):
        return unread("the length l=")

    content = body.form(form)
    covered = content if length is None else content[: int(length)]
    if (length is not None and int(length) > len(content)) or _digest(algorithm, covered) != signed:
        return Signature(domain, selector, "mismatch")
    unsigned = len(content) - len(covered)
    return Signature(domain, selector, "cut by l=" if unsigned else "match", unsigned)


def _digest(algorithm: str, content: bytes) -> bytes:
    return hashlib.new(_HASHES[algorithm], content, usedforsecurity=False).digest()


def _tags(text: str) -> dict[str, str]:
    """The tag=value pairs; white space in values is of the folding."""
    pairs = (piece.partition("=") for piece in text.split(";")[:50])
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}
