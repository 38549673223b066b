"""Download links of the local archive: signed, of limited time, good for one message and nothing else."""

import hashlib
import hmac
from urllib.parse import urlencode


def sign_link(key: bytes, archived_message_id: str, now: float, seconds: float) -> str:
    """The query string that opens a message until `now + seconds` (both in seconds since 1970)."""
    expires = f"{now + seconds:.3f}"
    return urlencode({"Expires": expires, "Signature": _signature(key, archived_message_id, expires)})


def link_is_good(key: bytes, archived_message_id: str, expires: str, signature: str, now: float) -> bool:
    """Whether the link was signed here for that message and its time is not over."""
    good = hmac.compare_digest(_signature(key, archived_message_id, expires).encode(), signature.encode())
    return good and float(expires) > now


def _signature(key: bytes, archived_message_id: str, expires: str) -> str:
    return hmac.new(key, f"{archived_message_id}\n{expires}".encode(), hashlib.sha256).hexdigest()
