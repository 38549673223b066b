"""Whether DKIM signatures (RFC 6376, RFC 8463) and ARC's (RFC 8617) were made with the keys that are known.

Own canonicalization, as for body hashes: that of the library for it takes quadratic time for a run of spaces.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

SignatureState = Literal["verified", "broken", "key revoked", "key unusable"]

MAX_NAMES = 500
"""Header fields that one signature may name."""

_HEADER_BYTES = 1_000_000
_FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n?", re.MULTILINE)
_SPACE = re.compile(rb"[ \t\r\n]+")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_OWN_VALUE = re.compile(rb"(^|;)(\s*b\s*=)[^;]*", re.IGNORECASE)
_ARC = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_RSA_BITS = 1024


class RawField(NamedTuple):
    """A header field as it came, with CRLF; `name` is in lower case."""

    name: bytes
    raw: bytes


def raw_fields(raw: bytes, body_start: int) -> list[RawField]:
    """The header fields of a message, as they came."""
    found = (_BARE_LF.sub(b"\r\n", match.group()) for match in _FIELD.finditer(raw[: min(body_start, _HEADER_BYTES)]))
    return [RawField(each.partition(b":")[0].strip().lower(), each) for each in found]


def key_name(tags: Mapping[str, str]) -> str:
    """Where the key of a signature is published."""
    return f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}".lower()


def verify_signature(field: RawField, tags: Mapping[str, str], fields: list[RawField], key: str) -> SignatureState:
    """Whether a DKIM-Signature, or an ARC-Message-Signature, was made with the key: over the fields that it names."""
    form = (tags.get("c", "simple/simple").lower() + "/simple").split("/")[0]
    names = [name.strip().lower().encode() for name in tags.get("h", "").split(":")]
    if form not in ("simple", "relaxed") or len(names) > MAX_NAMES or b"from" not in names:
        return "broken"
    signed = b"".join(_canonical(each.raw, form) for each in _named(names, field, fields))
    return _check(signed + _canonical(_without_own_value(field.raw), form).removesuffix(b"\r\n"), tags, key)


def verify_seal(instance: int, tags: Mapping[str, str], fields: list[RawField], key: str) -> SignatureState:
    """Whether an ARC-Seal was made with the key: over all sets of ARC's fields up to its own (RFC 8617, 5.1.1)."""
    sets = {(number, each.name): each.raw for each in fields if each.name in _ARC for number in [_instance(each)]}
    pieces: list[bytes] = []
    for number in range(1, instance + 1):
        for name in _ARC:
            if (number, name) not in sets:
                return "broken"
            pieces.append(sets[number, name])
    seal = _canonical(_without_own_value(pieces.pop()), "relaxed").removesuffix(b"\r\n")
    return _check(b"".join(_canonical(each, "relaxed") for each in pieces) + seal, tags, key)


def _named(names: list[bytes], own: RawField, fields: list[RawField]) -> Iterator[RawField]:
    """The fields of these names, each once: of several of a name the lowest first."""
    left: dict[bytes, list[RawField]] = {}
    for each in fields:
        if each is not own:
            left.setdefault(each.name, []).append(each)
    for name in names:
        if left.get(name):
            yield left[name].pop()


def _canonical(raw: bytes, form: str) -> bytes:
    if form == "simple":
        return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    name, _, value = raw.partition(b":")
    return b"%s:%s\r\n" % (name.strip().lower(), _SPACE.sub(b" ", value).strip())


def _without_own_value(raw: bytes) -> bytes:
    name, _, value = raw.partition(b":")
    return b"%s:%s" % (name, _OWN_VALUE.sub(rb"\1\2", value, count=1))


def _instance(field: RawField) -> int:
    match = re.search(rb"\bi\s*=\s*(\d{1,3})", field.raw)
    return int(match.group(1)) if match else 0


def _check(data: bytes, tags: Mapping[str, str], key: str) -> SignatureState:
    # Imported here: no message needs it but where keys are known.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    parts = (piece.partition("=") for piece in key.split(";"))
    record = {name.strip().lower(): "".join(value.split()) for name, _, value in parts}
    if not record.get("p"):
        return "key revoked" if "p" in record else "key unusable"
    algorithm = tags.get("a", "").lower()
    try:
        public, signature = base64.b64decode(record["p"]), base64.b64decode(tags.get("b", ""))
        if algorithm == "ed25519-sha256":
            Ed25519PublicKey.from_public_bytes(public).verify(signature, hashlib.sha256(data).digest())
            return "verified"
        rsa = serialization.load_der_public_key(public)
        if not isinstance(rsa, RSAPublicKey) or rsa.key_size < _RSA_BITS or not algorithm.startswith("rsa-"):
            return "key unusable"
        digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()
        rsa.verify(signature, data, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return "broken"
    except (ValueError, UnsupportedAlgorithm, binascii.Error):
        return "key unusable"
    return "verified"
