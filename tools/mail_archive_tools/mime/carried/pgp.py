"""OpenPGP in the text of a message (RFC 9580, 7): recognised, and opened where it is only signed."""

import re
from typing import NamedTuple

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
_DASHES = re.compile(r"(?m)^- ")


class ClearText(NamedTuple):
    text: str
    signed: bool


def read_clear_signed(text: str) -> ClearText:
    """`text` without the armour of a clear signature; what stands around it stays."""
    start = text.find(_SIGNED)
    if start < 0 or (start and text[start - 1] != "\n"):
        return ClearText(text, False)
    body = text.find("\n\n", start)
    signature = text.find(_SIGNATURE, start)
    if body < 0 or signature < body:
        return ClearText(text, False)
    end = text.find(_END, signature)
    after = text[end + len(_END) :] if end >= 0 else ""
    signed = _DASHES.sub("", text[body + 2 : signature])
    return ClearText(f"{text[:start]}{signed.rstrip()}\n{after}", True)


def is_encrypted(text: str) -> bool:
    """Whether a text is, or holds, an encrypted message."""
    return "-----BEGIN PGP MESSAGE-----" in text
