"""Cursors: where the next page begins, as an opaque string. All state is in it, so that any process can go on.

Whoever sends one back is not trusted: each part is checked, and with a key whoever changed it is found out.
"""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mail_archive_tools.errors import InvalidArgument

VERSION = 2
_BEGIN_ANEW = "Leave cursor out to begin anew."
DAMAGED = f"This cursor is damaged. {_BEGIN_ANEW}"
_SEAL_BYTES = 16

_State = TypeVar("_State")


class RowPlace(NamedTuple):
    """A row of a search: the search and how many rows come before it."""

    search_id: Annotated[str, Field(min_length=1, max_length=64)]
    offset: Annotated[int, Field(ge=0)]


def fingerprint(*arguments: object) -> str:
    """What a cursor is bound to: a short digest of the query."""
    return hashlib.sha256(json.dumps(arguments, default=str).encode()).hexdigest()[:16]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""Kept, since making one takes longer than all else that a cursor needs."""


def _validated(kind: type[_State], state: list[Any]) -> _State:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    validated: _State = _ADAPTERS[kind].validate_python(state)
    return validated


class Cursors:
    """Writes cursors and reads them, sealed where there is a key. Servers with one key read each other's."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    def write(self, state: tuple[Any, ...], query: str) -> str:
        """The cursor that leads to `state`, for the query with that fingerprint."""
        content = json.dumps([VERSION, query, *state], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._seal(content) + content).decode().rstrip("=")

    def read(self, cursor: str, kind: type[_State], query: str) -> _State:
        """The state that a cursor leads to, a named tuple of that kind.

        Raises:
            InvalidArgument: it is damaged, changed, of another version, or of another query.
        """
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            seal, content = sealed[: len(self._seal(b""))], sealed[len(self._seal(b"")) :]
            if not hmac.compare_digest(seal, self._seal(content)):
                raise InvalidArgument(f"This cursor was changed, or is none of this server's. {_BEGIN_ANEW}")
            version, bound_to, *state = json.loads(content)
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise InvalidArgument(f"This cursor is damaged, or none of this server's. {_BEGIN_ANEW}") from None
        if version != VERSION:
            raise InvalidArgument(f"This cursor is of another version of this server. {_BEGIN_ANEW}")
        if bound_to != query:
            raise InvalidArgument(f"This cursor belongs to a call with other arguments; repeat those. {_BEGIN_ANEW}")
        try:
            return _validated(kind, state)
        except ValidationError:
            raise InvalidArgument(DAMAGED) from None

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")[:_SEAL_BYTES] if self._key else b""
