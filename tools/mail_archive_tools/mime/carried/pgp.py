"""OpenPGP in the text of a message (RFC 9580, 7): recognised, and opened where it is only signed."""

import re
from typing import NamedTuple

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_END = "-----END PGP SIGNATURE-----"
# Lines that begin with a dash are written with one more (RFC 9580, 7.2).
_DASHES = re.compile(r"(?m)^- ")


class ClearText(NamedTuple):
    text: str
    signed: bool


def read_clear_signed(text: str) -> ClearText:
    """`text` without the armour of a clear signature; what stands around it stays."""
    as_it_is = ClearText(text, False)
    start = text.find(_SIGNED)
    if start < 0:
        return as_it_is
    if start and text[start - 1] != "\n":
        return as_it_is

    # Header lines end with an empty one.
    body = text.find("\n\n", start)
    signature = text.find(_SIGNATURE, start)
    if body < 0 or signature < body:
        return as_it_is

    end = text.find(_END, signature)
    after = text[end + len(_END) :] if end >= 0 else ""
    signed = _DASHES.sub("", text[body + 2 : signature])
    return ClearText(f"{text[:start]}{signed.rstrip()}\n{after}", True)


def is_encrypted(text: str) -> bool:
    """Whether a text is, or holds, an encrypted message."""
    return _ENCRYPTED in text
