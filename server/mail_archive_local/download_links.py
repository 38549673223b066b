"""Download links of the local archive: signed, of limited time, good for one message and nothing else.

A link names who asked for it, and opens the message as long as that identity may: policies are asked again when it is
used, but for those of its session, which held when it was made and cannot change. It ends with the session.
"""

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from urllib.parse import urlencode

from mail_archive_local.identity.sessions import StsSession


class BadLink(ValueError):
    """A link that was not signed here, for this message, or whose time is over."""


def sign_link(key: bytes, archived_message_id: str, asked_by: StsSession) -> str:
    """The query string that opens a message until the session ends."""
    expires, caller = f"{asked_by.expires:.3f}", _written(asked_by)
    signature = _signature(key, archived_message_id, expires, caller)
    return urlencode({"Expires": expires, "Caller": caller, "Signature": signature})


def read_link(key: bytes, archived_message_id: str, query: Mapping[str, str], now: float) -> StsSession:
    """Who asked for a link.

    Raises:
        BadLink: it opens nothing.
    """
    expires, caller = query.get("Expires", ""), query.get("Caller", "")
    should_be = _signature(key, archived_message_id, expires, caller)
    given = query.get("Signature", "")
    # As bytes: of texts, it compares those alone that are ASCII.
    if not hmac.compare_digest(should_be.encode(), given.encode()):
        raise BadLink

    # What was signed here is a number, and a list of five.
    ends = float(expires)
    if not math.isfinite(ends) or ends <= now:
        raise BadLink

    kind, name, session_name, source_identity, tags = json.loads(caller)
    return StsSession(kind, name, now, ends, session_name, tags=tags, source_identity=source_identity)


def _written(asked_by: StsSession) -> str:
    """Who asked, as short as can be: a model reads the link."""
    who = (asked_by.kind, asked_by.name, asked_by.session_name, asked_by.source_identity, asked_by.tags)
    return json.dumps(who, separators=(",", ":"))


def _signature(key: bytes, archived_message_id: str, expires: str, caller: str) -> str:
    signed = f"{archived_message_id}\n{expires}\n{caller}"
    return hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
