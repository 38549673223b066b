"""Signatures and encryption of a message (RFC 1847, RFC 3156, RFC 8551): named, never verified."""

from collections.abc import Iterator

from mail_archive_tools.mime.carried.cms import Kind, read_cms
from mail_archive_tools.mime.carried.pgp import is_encrypted
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.structure import Part

_PROTOCOLS = {
    "application/pgp-signature": "OpenPGP",
    "application/pkcs7-signature": "S/MIME",
    "application/x-pkcs7-signature": "S/MIME",
}
_CMS_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


def read_protection(message: Message) -> list[str]:
    """What protects the message, as sentences, each once."""
    # A dict, as it keeps their order.
    found: dict[str, None] = {}
    for part in message.root.walk():
        found.update(dict.fromkeys(_of_part(part)))

    if message.text.signed:
        found["The text has an OpenPGP signature inside, which was not verified."] = None
    if is_encrypted(message.text.text):
        found["The text is encrypted with OpenPGP: without the key it cannot be read."] = None
    return list(found)


def _of_part(part: Part) -> Iterator[str]:
    parameters = part.declared_type.parameters
    if part.content_type == "multipart/signed":
        protocol = parameters.get("protocol", "").lower()
        method = _PROTOCOLS.get(protocol, "an unknown method")
        yield f"Signed with {method}; the signature was not verified."
    elif part.content_type == "multipart/encrypted":
        yield "Encrypted with OpenPGP: without the key it cannot be read."
    elif part.content_type in _CMS_TYPES:
        # `enveloped-data` or `authEnveloped-data` (RFC 8551, 3.2.2).
        says_encrypted = parameters.get("smime-type", "").lower().endswith("enveloped-data")
        yield from _of_cms(read_cms(part.content()).kind, says_encrypted)


def _of_cms(kind: Kind, says_encrypted: bool) -> Iterator[str]:
    """By what is in it, and where that does not say it, by what its header field says."""
    if kind == "signed":
        yield "Signed with S/MIME, the content inside the signature; it was not verified."
    elif kind == "encrypted" or says_encrypted:
        yield "Encrypted with S/MIME: without the key it cannot be read."
    elif kind == "unknown":
        yield "Marked as S/MIME, but its content cannot be read as such."
