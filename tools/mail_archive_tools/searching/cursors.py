"""Cursors: where the next page begins, as an opaque string. All state is in it, so that any process can go on.

Whoever sends one back is not trusted: each part is checked, and with a key whoever changed it is found out.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
import zlib
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mail_archive_tools.errors import InvalidArgument

VERSION = 4
_BEGIN_ANEW = "Leave cursor out to begin anew."
DAMAGED = f"This cursor is damaged. {_BEGIN_ANEW}"
_SEAL_BYTES = 16
_RAW = -15
"""Deflate without a header (zlib's wbits)."""
_HARDEST = 9
_LARGEST = 10_000
"""Bytes that a cursor unpacks to at most."""

_State = TypeVar("_State")


class RowPlace(NamedTuple):
    """A row of a search: the search and how many rows come before it."""

    search_id: Annotated[str, Field(min_length=1, max_length=64)]
    offset: Annotated[int, Field(ge=0)]


def fingerprint(*arguments: object) -> str:
    """What a cursor is bound to: a short digest of the query."""
    digest = hashlib.sha256(json.dumps(arguments, default=str).encode()).digest()
    return base64.urlsafe_b64encode(digest[:9]).decode()


def _trimmed(state: tuple[Any, ...]) -> list[Any]:
    """A named tuple as a list without the defaults at its end, and the named tuples in it likewise: most of it is often
    unset, and a model has to repeat every character."""
    defaults: dict[str, Any] = getattr(state, "_field_defaults", {})
    names: tuple[str, ...] = getattr(state, "_fields", ())

    kept = len(state)
    # Lists, whose members have no names, are kept whole.
    for name, value in zip(reversed(names), reversed(state), strict=False):
        if name not in defaults or value != defaults[name]:
            break
        kept -= 1

    return [_trimmed(each) if isinstance(each, tuple) else each for each in state[:kept]]


def _unpacked(packed: bytes) -> bytes:
    """
    Raises:
        ValueError, zlib.error: it is broken, or becomes too large.
    """
    unpacking = zlib.decompressobj(_RAW)
    content = unpacking.decompress(packed, _LARGEST)
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError
    return content


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""Kept, since making one takes longer than all else that a cursor needs."""


def _validated(kind: type[_State], state: list[Any]) -> _State:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    validated: _State = _ADAPTERS[kind].validate_python(state)
    return validated


class Cursors:
    """Writes cursors and reads them, sealed where there is a key. Servers with one key read each other's."""

    def __init__(self, key: bytes | None = None, *, caller: str = "", live_seconds: float | None = None) -> None:
        """With a key, a cursor is of use to `caller` alone, who is named in its seal; with `live_seconds` it is refused
        when it is older."""
        self._key = key
        self._caller = caller.encode()
        self._live_seconds = live_seconds

    def of(self, caller: str) -> "Cursors":
        """The same, for another caller."""
        return Cursors(self._key, caller=caller, live_seconds=self._live_seconds)

    def write(self, state: tuple[Any, ...], query: str) -> str:
        """The cursor that leads to `state`, for the query with that fingerprint."""
        ends = 0
        if self._live_seconds is not None:
            ends = int(time.time() + self._live_seconds)

        content = json.dumps([VERSION, query, ends, *_trimmed(state)], separators=(",", ":")).encode()
        packed = zlib.compress(content, _HARDEST, _RAW)
        return base64.urlsafe_b64encode(self._seal(packed) + packed).decode().rstrip("=")

    def read(self, cursor: str, kind: type[_State], query: str) -> _State:
        """The state that a cursor leads to, a named tuple of that kind.

        Raises:
            InvalidArgument: it is damaged, changed, too old, of another version, caller or query.
        """
        try:
            padding = "=" * (-len(cursor) % 4)
            sealed = base64.b64decode(cursor + padding, altchars=b"-_", validate=True)
            seal_length = len(self._seal(b""))
            seal, packed = sealed[:seal_length], sealed[seal_length:]
            if not hmac.compare_digest(seal, self._seal(packed)):
                raise InvalidArgument(f"This cursor was changed, or is none of this server's. {_BEGIN_ANEW}")
            version, bound_to, ends, *state = json.loads(_unpacked(packed))
            too_old = self._live_seconds is not None and time.time() > float(ends)
        except (binascii.Error, ValueError, TypeError, RecursionError, zlib.error):
            raise InvalidArgument(f"This cursor is damaged, or none of this server's. {_BEGIN_ANEW}") from None

        if version != VERSION:
            raise InvalidArgument(f"This cursor is of another version of this server. {_BEGIN_ANEW}")
        if too_old:
            raise InvalidArgument(f"This cursor is too old: it was of use for a limited time. {_BEGIN_ANEW}")
        if bound_to != query:
            raise InvalidArgument(f"This cursor belongs to a call with other arguments; repeat those. {_BEGIN_ANEW}")

        try:
            return _validated(kind, state)
        except ValidationError:
            raise InvalidArgument(DAMAGED) from None

    def _seal(self, content: bytes) -> bytes:
        if not self._key:
            return b""
        return hmac.digest(self._key, b"%s\0%s" % (self._caller, content), "sha256")[:_SEAL_BYTES]
