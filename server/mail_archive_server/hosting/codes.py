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
WRONG_CODES = 3
"""A code is void once so many wrong ones came in its place. One of 31^8, some 850,000,000,000, is right: a thousand
guesses a second while a code is good are 600,000, of which one is right in less than one of a million times."""
_KEPT = 1_000
"""Codes that are remembered, the newest of them."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 8

_BY_HOST = (
    "No person was asked by this server, and the code was given to the model (--consent host): whether the host asked "
    "somebody, this server does not know."
)
_GOOD = f"The code is good once, for exactly this, for ten minutes, and void after {WRONG_CODES} wrong ones."
_USED = "That code was used already."
_REPLACED = "That code is good no longer, since a newer one took its place."
_VOID = f"That code is void after {WRONG_CODES} wrong ones."
_TOO_OLD = "That code is too old."
_OF_ANOTHER = "That code was shown for something else, and is one for exactly that."
_CHANGED = "What that code was shown for is no longer what would happen."

_log = logging.getLogger(__name__)


@dataclass
class Code:
    """What a code lets happen: the change that it was shown for, by digest, as the question said it, and those that
    were agreed to before. `wrong` codes came in its place; it `ended` for a reason, "" while it has not."""

    text: str
    asked: str
    question: str
    agreed: frozenset[str]
    expires_at: float
    wrong: int = 0
    ended: str = ""

    def lets(self, change: str) -> bool:
        return change == self.asked or change in self.agreed

    @property
    def why_not(self) -> str:
        """Why it is good no longer; "" while it is."""
        if self.ended:
            return self.ended
        if time.monotonic() > self.expires_at:
            return _TOO_OLD
        return ""


class Codes:
    """The codes of one server, by the caller that each is for."""

    def __init__(self, seconds: float = CODE_SECONDS) -> None:
        self._seconds = seconds
        self._codes: OrderedDict[tuple[str, str], Code] = OrderedDict()

    def new(self, asked: str, question: str, agreed: frozenset[str]) -> Code:
        """A code for that change. One that was given out for it before is good no longer, so that a change has one."""
        for known in self._good_ones():
            if known.asked == asked:
                known.ended = _REPLACED

        text = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        code = Code(text, asked, question, agreed, time.monotonic() + self._seconds)
        self._codes[caller(), text] = code
        if len(self._codes) > _KEPT:
            self._codes.popitem(last=False)
        return code

    def named(self, text: str) -> Code | None:
        """The caller's code of that text, which may have ended."""
        return self._codes.get((caller(), text.strip().lower()))

    def waited_for(self, change: str) -> Code | None:
        """The caller's code that lets that change happen, and is good; the newest of them."""
        return next((known for known in reversed(self._good_ones()) if known.lets(change)), None)

    def _good_ones(self) -> list[Code]:
        who = caller()
        own = [known for (whose, _), known in self._codes.items() if whose == who]
        return [known for known in own if not known.why_not]


class ByCode:
    """The questions of one call, each with a code: shown on a console, or, without one, given to the model."""

    def __init__(self, codes: Codes, console: Console | None) -> None:
        self._codes = codes
        self._console = console
        self._agreed: frozenset[str] = frozenset()
        self._met: frozenset[str] = frozenset()
        """Those that were agreed to and are part of this very call: a code that was tried on something else lets
        nothing happen later."""
        self._taken: Code | None = None
        self._in_vain = ""
        """Why the code that came lets nothing happen."""
        self._was_taken_up = False

    async def __call__(self, change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        self._take_up(code, change.digest)
        if change.digest not in self._agreed:
            raise await self._asked(change)
        self._met |= {change.digest}

        name = (typed or "").strip()
        if change.typed and name != change.typed:
            raise _wrong_name()
        if self._console is not None:
            return []

        _log.warning("%s Agreed to by --consent host: the model was given the code.", change.what)
        return [_BY_HOST]

    def _take_up(self, text: str | None, change: str) -> None:
        """Spend the code that came with the call, if it is for the change that comes first."""
        if self._was_taken_up or text is None:
            return
        self._was_taken_up = True

        code = self._codes.named(text)
        if code is None:
            self._in_vain = f"That code is not the one {self._where}."
            return
        if code.why_not:
            self._in_vain = code.why_not
            return
        if not code.lets(change):
            self._in_vain = _OF_ANOTHER
            return

        code.ended = _USED
        self._taken = code
        self._agreed = code.agreed | {code.asked}

    @property
    def _where(self) -> str:
        if self._console is None:
            return "that was given for this"
        return "on the terminal"

    async def _asked(self, change: Change) -> Exception:
        """The refusal that says how to come by the user's word."""
        said = self._in_vain
        waited_for = None
        if said:
            waited_for = self._codes.waited_for(change.digest)
        if waited_for is not None:
            waited_for.wrong += 1
            left = WRONG_CODES - waited_for.wrong
            if left:
                more = f"{left} more wrong ones"
                if left == 1:
                    more = "one more wrong one"
                said = f"{said} The one {self._where} is still good; after {more} it is void."
                return await self._refused(change, waited_for, said)
            waited_for.ended = _VOID
            said = f"{said} The one {self._where} is void after {WRONG_CODES} wrong ones; a new one takes its place."
        elif self._taken is not None and self._taken.asked not in self._met:
            said = _CHANGED

        question = await change.described()
        code = self._codes.new(change.digest, question, self._met)
        return await self._refused(change, code, said)

    async def _refused(self, change: Change, code: Code, said: str) -> Exception:
        """The refusal, once the code is shown to whoever is to see it."""
        told = code.question
        if said:
            told = f"{said}\n{told}"
        if self._console is None:
            return _refused_with_code(told, code.text, _and_name(change))
        if not await self._console.show(_on_console(code.question, code.text, said)):
            return _not_shown()
        return _refused_with_console(told, _and_name(change))


def _and_name(change: Change) -> str:
    if change.typed:
        return " and archive_name, as the user types it"
    return ""


def _on_console(described: str, code: str, said: str = "") -> str:
    """What a person reads at the terminal; `said` is what became of the code that the assistant came with."""
    lines = ["--- mail-archive-mcp: the assistant wants to change something ---"]
    if said:
        lines.append(f"The assistant came with a code in vain. {said}")
    lines.append(described)
    who = caller()
    if who:
        lines.append(f"Asked by: {who}")
    lines.append(f"If this is what you want, tell the assistant the code {code}. {_GOOD}")
    lines.append("If not, there is nothing to do: without the code nothing is changed.")
    lines.append("---")
    return "\n".join(lines)


def _refused_with_code(described: str, code: str, and_name: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        f"Nothing was changed yet. Show the user what would happen:\n{described}\nIf the user agrees, call again with "
        f"the same arguments and consent_code={code}{and_name}. {_GOOD} {_BY_HOST}"
    )


def _refused_with_console(described: str, and_name: str) -> Exception:
    from mail_archive_tools.errors import NotConsented

    return NotConsented(
        f"Nothing was changed yet. This would happen:\n{described}\nIt stands with a one-time code on the terminal "
        "that started this server. Ask the user to read it there and, if they agree, to tell you the code; then call "
        f"again with the same arguments and consent_code{and_name}. {_GOOD}"
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
