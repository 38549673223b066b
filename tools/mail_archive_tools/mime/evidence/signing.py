"""Whether DKIM signatures (RFC 6376, RFC 8463) and ARC's (RFC 8617) were made with the keys that are known.

Fields are brought into their form here, as bodies are in `dkim`: the library for it takes quadratic time for a run of
spaces.
"""

import base64
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
_INSTANCE = re.compile(rb"\bi\s*=\s*(\d{1,3})")
_ARC = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_FORMS = ("simple", "relaxed")
# With shorter keys no signature counts (RFC 8301, 3.2).
_RSA_BITS = 1024


class RawField(NamedTuple):
    """A header field as it came, with CRLF; `name` is in lower case."""

    name: bytes
    raw: bytes


def raw_fields(raw: bytes, body_start: int) -> list[RawField]:
    """The header fields of a message, as they came."""
    section = raw[: min(body_start, _HEADER_BYTES)]
    found: list[RawField] = []
    for match in _FIELD.finditer(section):
        field = _BARE_LF.sub(b"\r\n", match.group())
        name = field.partition(b":")[0]
        found.append(RawField(name.strip().lower(), field))

    return found


def read_tags(text: str, most: int | None = None) -> dict[str, str]:
    """The tag=value pairs (RFC 6376, 3.2), of a signature or of a key, and of so many at most; white space in values
    is of the folding."""
    found: dict[str, str] = {}
    for piece in text.split(";")[:most]:
        name, _, value = piece.partition("=")
        found[name.strip().lower()] = "".join(value.split())

    return found


def key_name(tags: Mapping[str, str]) -> str:
    """Where the key of a signature is published (RFC 6376, 3.6.2.1)."""
    return f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}".lower()


def canonicalizations(tags: Mapping[str, str]) -> tuple[str, str]:
    """The forms in which header fields and body are signed: `simple` where none is named (RFC 6376, 3.5)."""
    written = tags.get("c", "simple/simple").lower()
    header, body, *_ = f"{written}/simple".split("/")
    return header, body


def verify_signature(field: RawField, tags: Mapping[str, str], fields: list[RawField], key: str) -> SignatureState:
    """Whether a DKIM-Signature, or an ARC-Message-Signature, was made with the key: over the fields that it names."""
    form, _ = canonicalizations(tags)
    names = [name.strip().lower().encode() for name in tags.get("h", "").split(":")]
    if form not in _FORMS or len(names) > MAX_NAMES:
        return "broken"
    # From has to be among what is signed (RFC 6376, 5.4).
    if b"from" not in names:
        return "broken"

    signed = b"".join(_canonical(each.raw, form) for each in _named(names, field, fields))
    return _check(signed + _own(field.raw, form), tags, key)


def verify_seal(instance: int, tags: Mapping[str, str], fields: list[RawField], key: str) -> SignatureState:
    """Whether an ARC-Seal was made with the key: over all sets of ARC's fields up to its own (RFC 8617, 5.1.1)."""
    sets: dict[tuple[int, bytes], bytes] = {}
    for each in fields:
        if each.name in _ARC:
            sets[_instance(each), each.name] = each.raw

    pieces: list[bytes] = []
    for number in range(1, instance + 1):
        for name in _ARC:
            if (number, name) not in sets:
                return "broken"
            pieces.append(sets[number, name])

    own = pieces.pop()
    sealed = b"".join(_canonical(each, "relaxed") for each in pieces)
    return _check(sealed + _own(own, "relaxed"), tags, key)


def _named(names: list[bytes], own: RawField, fields: list[RawField]) -> Iterator[RawField]:
    """The fields of these names, each once: of several of a name the lowest first (RFC 6376, 5.4.2)."""
    left: dict[bytes, list[RawField]] = {}
    for each in fields:
        if each is not own:
            left.setdefault(each.name, []).append(each)

    for name in names:
        if left.get(name):
            yield left[name].pop()


def _canonical(raw: bytes, form: str) -> bytes:
    """A field in the form in which it was signed (RFC 6376, 3.4.1 and 3.4.2)."""
    if form == "simple":
        return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    name, _, value = raw.partition(b":")
    return b"%s:%s\r\n" % (name.strip().lower(), _SPACE.sub(b" ", value).strip())


def _own(raw: bytes, form: str) -> bytes:
    """The field of the signature itself: it is signed without its value, and without a line end (RFC 6376, 3.7)."""
    name, _, value = raw.partition(b":")
    without_value = _OWN_VALUE.sub(rb"\1\2", value, count=1)
    return _canonical(b"%s:%s" % (name, without_value), form).removesuffix(b"\r\n")


def _instance(field: RawField) -> int:
    match = _INSTANCE.search(field.raw)
    return int(match.group(1)) if match else 0


def _check(data: bytes, tags: Mapping[str, str], key: str) -> SignatureState:
    """Whether the value of a signature was made of this data with the key of this TXT record."""
    # Imported here: no message needs it but where keys are known.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    record = read_tags(key)
    if "p" not in record:
        return "key unusable"
    # An empty key is one that was revoked (RFC 6376, 3.6.1).
    if not record["p"]:
        return "key revoked"

    algorithm = tags.get("a", "").lower()
    try:
        public = base64.b64decode(record["p"])
        signature = base64.b64decode(tags.get("b", ""))
        if algorithm == "ed25519-sha256":
            _verify_ed25519(data, public, signature)
        else:
            _verify_rsa(data, public, signature, algorithm)
    except InvalidSignature:
        return "broken"
    except (ValueError, UnsupportedAlgorithm):
        return "key unusable"
    return "verified"


def _verify_ed25519(data: bytes, public: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    # Signed is the hash, not the data (RFC 8463, 3).
    digest = hashlib.sha256(data).digest()
    Ed25519PublicKey.from_public_bytes(public).verify(signature, digest)


def _verify_rsa(data: bytes, public: bytes, signature: bytes, algorithm: str) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = serialization.load_der_public_key(public)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("this is no key of RSA")
    if key.key_size < _RSA_BITS:
        raise ValueError("a key so short proves nothing")
    if not algorithm.startswith("rsa-"):
        raise ValueError("the signature is of another algorithm than the key")

    digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()
    key.verify(signature, data, padding.PKCS1v15(), digest)
