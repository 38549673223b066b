"""The one way from what clients ask to the archives: where a call begins and ends.

Tools, resources and completions all come through here. Whoever is to be told of calls, to write them down, count or
limit them, is a witness.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import anyio

from mail_archive_server.hosting.callers import caller
from mail_archive_tools.errors import ArchiveError

if TYPE_CHECKING:
    from mail_archive_tools.access import Access

Accessor = Callable[[], "Access"]
"""Gives the access of whoever is calling."""

DONE = "done"
ASKED = "asked"
"""The user is asked something before the call goes on."""
CANCELLED = "cancelled"

_log = logging.getLogger(__name__)
_LOGGED_CHARACTERS = 200


@dataclass
class Call:
    """What a client asks. `name` is a tool's, a resource's, or that of the argument that is completed; `who` names the
    client, the issuer and the subject of its token, and is empty where callers are not told apart."""

    kind: Literal["tool", "resource", "completion"]
    name: str
    arguments: Mapping[str, Any]
    who: str
    outcome: str = DONE
    """When it has ended: `DONE`, `ASKED`, `CANCELLED`, or the name of the error that it ended with."""
    seconds: float = 0.0
    reached: Access | None = field(default=None, repr=False)
    """The access that it worked with, once it asked for one."""

    @property
    def archive_ids(self) -> list[str]:
        """The archives that it is about: the one that it names, else those that searches told its messages to be in."""
        named = self.arguments.get("archive_id")
        if isinstance(named, str):
            return [named]
        if self.reached is None:
            return []
        told = map(self.reached.reader.told.archive_of, self._message_ids())
        return [archive_id for archive_id in dict.fromkeys(told) if archive_id]

    def _message_ids(self) -> Iterator[str]:
        for name in ("archived_message_id", "archived_message_ids"):
            value = self.arguments.get(name)
            if not isinstance(value, list):
                value = [value]
            yield from (each for each in value if isinstance(each, str))


Witness = Callable[[Call], None]
"""Is told of each call when it has ended. What it raises ends the call as that error would."""


def log_call(call: Call) -> None:
    """A line in the log of whoever asks for such detail: never what was asked or answered."""
    if not _log.isEnabledFor(logging.DEBUG):
        return

    from mail_archive_tools.untrusted import clean_line, shorten

    what = f"{call.kind} {call.name}"
    if call.archive_ids:
        what += f" in {', '.join(call.archive_ids)}"
    if call.who:
        what += f" by {call.who}"
    line = f"{what}: {call.outcome} after {call.seconds:.3f} s"
    _log.debug("%s", shorten(clean_line(line), _LOGGED_CHARACTERS))


class Calls:
    """The calls of one server, each with the access that `access` gives its caller; `witnesses` are told of them."""

    def __init__(self, access: Accessor, witnesses: Sequence[Witness] = (log_call,)) -> None:
        self._access = access
        self._witnesses = tuple(witnesses)

    def access(self) -> Access:
        """The access of whoever is calling."""
        access = self._access()
        call = _current.get()
        if call is not None:
            call.reached = access
        return access

    @asynccontextmanager
    async def begun(
        self, kind: Literal["tool", "resource", "completion"], name: str, arguments: Mapping[str, Any]
    ) -> AsyncIterator[Call]:
        """A call, from its beginning to its end. What is raised within goes on."""
        call = Call(kind, name, arguments, caller())
        token = _current.set(call)
        began = time.monotonic()
        try:
            yield call
        except BaseException as error:
            call.outcome = _outcome(error)
            raise
        finally:
            _current.reset(token)
            call.seconds = time.monotonic() - began
            for witness in self._witnesses:
                witness(call)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def _outcome(error: BaseException) -> str:
    """How a call ended that raised."""
    if isinstance(error, anyio.get_cancelled_exc_class()):
        return CANCELLED
    if isinstance(error, ArchiveError) or error.__cause__ is None:
        return type(error).__name__
    # An error of the protocol, in the place of what went wrong.
    return type(error.__cause__).__name__
