"""One-time codes: a call without one is told what would happen, and a code is shown; one that brings it back does it.

A code is good for exactly what was shown, once, for the caller who asked. Of a call that has two questions, the second
code carries the first agreement along.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mail_archive_server.hosting.callers import caller

if TYPE_CHECKING:
    from mail_archive_server.hosting.consoles import Console
    from mail_archive_tools.calls.consent import Change

CODE_SECONDS = 600.0
"""How long a one-time code is good."""
_KEPT = 1_000
"""Codes that are remembered, the newest of them."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 8

_BY_HOST = (
    "No person was asked by this server, and the code was given to the model (--consent host): whether the host asked "
    "somebody, this server does not know."
)
_IN_VAIN = "The code that came is not one for exactly this, was used, or is too old."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Code:
    """What a code lets happen: the change that it was shown for, and those that were agreed to before, by digest."""

    asked: str
    agreed: frozenset[str]
    expires_at: float


class Codes:
    """The codes of one server, by the caller that each is for."""

    def __init__(self, seconds: float = CODE_SECONDS) -> None:
        self._seconds = seconds
        self._codes: OrderedDict[tuple[str, str], Code] = OrderedDict()

    def new(self, asked: str, agreed: frozenset[str]) -> str:
        """A code for that change. One that was given out for it before is good no longer, so that a change has one."""
        who = caller()
        for key in [key for key, known in self._codes.items() if key[0] == who and known.asked == asked]:
            del self._codes[key]
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        self._codes[who, code] = Code(asked, agreed, time.monotonic() + self._seconds)
        if len(self._codes) > _KEPT:
            self._codes.popitem(last=False)
        return code

    def take(self, code: str) -> Code | None:
        """What the caller's code is for; then it is spent. None: it is none, or too old."""
        known = self._codes.pop((caller(), code.strip().lower()), None)
        if known is None or time.monotonic() > known.expires_at:
            return None
        return known


class ByCode:
    """The questions of one call, each with a code: shown on a console, or, without one, given to the model."""

    def __init__(self, codes: Codes, console: Console | None) -> None:
        self._codes = codes
        self._console = console
        self._agreed: frozenset[str] = frozenset()
        self._met: frozenset[str] = frozenset()
        """Those that were agreed to and are part of this very call: a code that was tried on something else lets
        nothing happen later."""
        self._was_taken_up = False

    async def __call__(self, change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        self._take_up(code)
        if change.digest not in self._agreed:
            raise await self._asked(change, was_in_vain=code is not None and not self._met)
        self._met |= {change.digest}
        if change.typed and (typed or "").strip() != change.typed:
            raise _wrong_name()
        if self._console is not None:
            return []

        _log.warning("%s Agreed to by --consent host: the model was given the code.", change.what)
        return [_BY_HOST]

    def _take_up(self, code: str | None) -> None:
        if self._was_taken_up or code is None:
            return
        self._was_taken_up = True
        known = self._codes.take(code)
        if known is not None:
            self._agreed = known.agreed | {known.asked}

    async def _asked(self, change: Change, was_in_vain: bool) -> Exception:
        """The refusal that says how to come by the user's word."""
        question = await change.described()
        code = self._codes.new(change.digest, self._met)
        told = f"{_IN_VAIN}\n{question}" if was_in_vain else question
        if self._console is None:
            return _refused_with_code(told, code, _and_name(change))
        if not await self._console.show(_on_console(question, code)):
            return _not_shown()
        return _refused_with_console(told, _and_name(change))


def _and_name(change: Change) -> str:
    if change.typed:
        return " and archive_name, as the user types it"
    return ""


def _on_console(described: str, code: str) -> str:
    """What a person reads at the terminal."""
    who = caller()
    asking = [f"Asked by: {who}"] if who else []
    return "\n".join(
        [
            "--- mail-archive-mcp: the assistant wants to change something ---",
            described,
            *asking,
            f"If this is what you want, tell the assistant the code {code}. It is good once, for exactly this, for ten "
            "minutes.",
            "If not, there is nothing to do: without the code nothing is changed.",
            "---",
        ]
    )


def _refused_with_code(described: str, code: str, and_name: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        f"Nothing was changed yet. Show the user what would happen:\n{described}\nIf the user agrees, call again with "
        f"the same arguments and consent_code={code}{and_name}. The code is good once, for exactly this, for ten "
        f"minutes. {_BY_HOST}"
    )


def _refused_with_console(described: str, and_name: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        f"Nothing was changed yet. This would happen:\n{described}\nIt stands with a one-time code on the terminal "
        "that started this server. Ask the user to read it there and, if they agree, to tell you the code; then call "
        f"again with the same arguments and consent_code{and_name}. The code is good once, for exactly this, for ten "
        "minutes."
    )


def _not_shown() -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        "The terminal that started this server takes nothing any more, so nobody can be shown the code: nothing was "
        "changed. Whoever runs this server can start it again at a terminal."
    )


def _wrong_name() -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        "The name that was typed is not the archive's: nothing was changed. Ask the user to type it, and call again "
        "without a code for a new one."
    )
