"""Signatures of DKIM (RFC 6376) and ARC (RFC 8617): whether the body is still the one that a domain signed, by the raw
bytes alone; and, where its key is known, whether the domain did sign it.

Without the key a match says that the body is what the field says, not that the domain wrote the field; a mismatch, that
the body was changed since, honestly (a mailing list's footer) or not.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mail_archive_tools.mime.evidence.signing import (
    RawField,
    SignatureState,
    canonicalizations,
    key_name,
    raw_fields,
    read_tags,
    verify_seal,
    verify_signature,
)
from mail_archive_tools.mime.fields.headers import Headers

BodyHash = Literal["match", "mismatch", "cut by l=", "not read", "not signed"]

MAX_SIGNATURES = 20
"""Signatures that are looked at."""

_TAGS = 50

_FIELDS = {
    "dkim-signature": "DKIM-Signature",
    "arc-message-signature": "ARC-Message-Signature",
    "arc-seal": "ARC-Seal",
}
# A chain has at most 50 sets of fields (RFC 8617, 4.2.1).
_INSTANCES = frozenset(map(str, range(1, 51)))
_HASHES = {"rsa-sha256": "sha256", "ed25519-sha256": "sha256", "rsa-sha1": "sha1"}
_BODIES = ("simple", "relaxed")
_LENGTH = re.compile("[0-9]{1,19}")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_CRLF = b"\r\n"


@dataclass(frozen=True)
class Signature:
    """One signature.

    Of a body that was signed in part, the last `unsigned` bytes were not. `why` says why it was not read. `field` is
    the name of the field that it stands in, with its instance in ARC. `state` is None where its key is not known.
    """

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
    for name in _FIELDS:
        named = [each for each in fields if each.name == name.encode()]
        for field in named[:MAX_SIGNATURES]:
            value = field.raw.partition(b":")[2]
            tags = read_tags(value.decode("ascii", "replace"), _TAGS)
            state = _state(field, tags, fields, keys or {})
            found.append(replace(_read(field, tags, body), field=_title(name, tags), state=state))

    return found


def _title(name: str, tags: Mapping[str, str]) -> str:
    if name == "dkim-signature":
        return _FIELDS[name]
    instance = tags.get("i", "?")[:3]
    return f"{_FIELDS[name]} i={instance}"


def _state(
    field: RawField, tags: Mapping[str, str], fields: list[RawField], keys: Mapping[str, str]
) -> SignatureState | None:
    key = keys.get(key_name(tags))
    if key is None:
        return None
    if field.name != b"arc-seal":
        return verify_signature(field, tags, fields, key)

    instance = tags.get("i", "")
    if instance not in _INSTANCES:
        return "broken"
    return verify_seal(int(instance), tags, fields, key)


class _Body:
    """A body in the forms that signatures are made of, each made once."""

    def __init__(self, raw: bytes) -> None:
        # Mail is sent with CRLF; a file may keep it without. Empty lines at the end count in no form.
        text = _without_end(raw)
        if text.count(b"\n") != text.count(_CRLF):
            text = _BARE_LF.sub(_CRLF, text)
        self._text = text
        self._forms: dict[str, bytes] = {}

    def form(self, name: str) -> bytes:
        if name not in self._forms:
            self._forms[name] = self._made(name)
        return self._forms[name]

    def _made(self, name: str) -> bytes:
        text = self._text
        if name == "relaxed":
            text = _with_single_spaces(text).replace(b" \r\n", _CRLF).removesuffix(b" ")
        text = _without_empty_lines(text)

        if text:
            return text + _CRLF
        # Without a line at all, simple has an empty one, and relaxed has nothing (RFC 6376, 3.4.3 and 3.4.4).
        return b"" if name == "relaxed" else _CRLF


def _with_single_spaces(text: bytes) -> bytes:
    """A text with one space for each run of white space in a line. All lines at once: a large message has a hundred
    thousand of them, most of base64, without any space."""
    text = text.replace(b"\t", b" ")
    # Each time half of what is too much is gone.
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _without_empty_lines(text: bytes) -> bytes:
    """A text without the line ends that nothing stands behind."""
    end = len(text)
    while text.endswith(_CRLF, 0, end):
        end -= len(_CRLF)
    return text[:end]


def _without_end(raw: bytes) -> bytes:
    """A body without the line ends behind its last line; where a CR stands alone among them it is kept as it is."""
    kept = raw.rstrip(_CRLF)
    line_ends = raw[len(kept) :]
    has_lone_cr = line_ends.replace(_CRLF, b"").strip(b"\n") != b""
    return raw if has_lone_cr else kept


def _read(field: RawField, tags: Mapping[str, str], body: _Body) -> Signature:
    """What a signature says of the body, and whether that is so."""
    domain = tags.get("d", "")
    selector = tags.get("s", "")
    # It seals the header fields of ARC alone (RFC 8617, 4.1.3).
    if field.name == b"arc-seal":
        return Signature(domain, selector, "not signed")

    why = _why_unread(tags)
    if why:
        return Signature(domain, selector, "not read", why=why)

    _, form = canonicalizations(tags)
    content = body.form(form)
    length = int(tags.get("l", len(content)))
    # No signature is valid that says to cover more than there is (RFC 6376, 3.5).
    if length > len(content) or _digest(tags, content[:length]) != _signed(tags):
        return Signature(domain, selector, "mismatch")
    if length < len(content):
        return Signature(domain, selector, "cut by l=", len(content) - length)
    return Signature(domain, selector, "match")


def _why_unread(tags: Mapping[str, str]) -> str:
    """What of a signature cannot be read; "" where all can be."""
    algorithm = tags.get("a", "").lower()
    if algorithm not in _HASHES:
        return f"the algorithm {algorithm or 'is missing'}"
    _, form = canonicalizations(tags)
    if form not in _BODIES:
        return f"the canonicalization {form}"
    if not _signed(tags):
        return "no body hash"
    if "l" in tags and not _LENGTH.fullmatch(tags["l"]):
        return "the length l="
    return ""


def _signed(tags: Mapping[str, str]) -> bytes:
    """The hash of the body as it was signed; nothing where there is none."""
    try:
        return base64.b64decode(tags.get("bh", ""), validate=True)
    except ValueError:
        return b""


def _digest(tags: Mapping[str, str], content: bytes) -> bytes:
    algorithm = _HASHES[tags["a"].lower()]
    return hashlib.new(algorithm, content, usedforsecurity=False).digest()
