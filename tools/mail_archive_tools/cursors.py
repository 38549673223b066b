"""Cursors: where the next page begins, as an opaque string. Whoever sends one back is not trusted."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from mail_archive_tools.errors import InvalidArgument

VERSION = 1
_BEGIN_ANEW = "Leave cursor out to begin anew."


@dataclass(frozen=True)
class Place:
    """A row of a search: the search and how many rows come before it."""

    search_id: str
    offset: int


def fingerprint(*arguments: object) -> str:
    """What a cursor is bound to: a short digest of the query."""
    return hashlib.sha256(json.dumps(arguments, default=str).encode()).hexdigest()[:16]


def write_cursor(place: Place, query: str) -> str:
    """The cursor that leads to `place`, for the query with that fingerprint."""
    content = json.dumps([VERSION, query, place.search_id, place.offset], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_cursor(cursor: str, query: str) -> Place:
    """The place that a cursor leads to.

    Raises:
        InvalidArgument: it is damaged, of another version, or of another query.
    """
    try:
        content = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        version, bound_to, search_id, offset = content
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidArgument(f"This cursor is damaged, or none of this server's. {_BEGIN_ANEW}") from None
    if version != VERSION:
        raise InvalidArgument(f"This cursor is of another version of this server. {_BEGIN_ANEW}")
    if bound_to != query:
        raise InvalidArgument(f"This cursor belongs to a call with other arguments; repeat those. {_BEGIN_ANEW}")
    if not isinstance(search_id, str) or not 1 <= len(search_id) <= 64 or type(offset) is not int or offset < 0:
        raise InvalidArgument(f"This cursor is damaged. {_BEGIN_ANEW}")
    return Place(search_id, offset)
