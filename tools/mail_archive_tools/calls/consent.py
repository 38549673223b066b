"""Consent: nothing is changed before the user was told what exactly will happen, and agreed."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import Field, WithJsonSchema

from mail_archive_tools.untrusted import clean_line, shorten

_FACT_BYTES = 2_000
"""How much of one fact is shown: a filter may have 200 KB."""


async def nothing_more() -> dict[str, str]:
    """There is nothing that would have to be found out first."""
    return {}


@dataclass(frozen=True)
class Change:
    """What a call is about to do. `what` is the sentence that is asked, `facts` what it is bound to, by label; `more`
    finds out what the user should know as well, and is asked only when the user is. `typed` is what the user has to
    type, "" where agreeing is enough."""

    what: str
    facts: dict[str, str]
    more: Callable[[], Awaitable[dict[str, str]]] = nothing_more
    typed: str = ""

    @property
    def digest(self) -> str:
        """The same for the same change, and for no other."""
        bound = json.dumps([self.what, self.facts, self.typed], sort_keys=True)
        return hashlib.sha256(bound.encode()).hexdigest()

    async def described(self) -> str:
        """What will happen, for a person to read: a sentence, and a line for each fact."""
        facts = self.facts | await self.more()
        lines = [f"{label}: {shorten(text, _FACT_BYTES)}" for label, text in facts.items() if text]
        return "\n".join([self.what, *lines])


def named(archive: dict[str, Any]) -> str:
    """An archive as GetArchive has it, by name and id."""
    return f"{clean_line(str(archive.get('ArchiveName', '')))} ({archive.get('ArchiveId', '')})"


class Consent(Protocol):
    """Asks the user of one call."""

    async def __call__(self, change: Change, code: str | None = None, typed: str | None = None) -> None:
        """Return once the user agrees to the change. `code` and `typed` are what came with the call.

        Raises:
            NotConsented: the user did not, or cannot be asked; nothing may be changed.
        """


async def agreed(change: Change, code: str | None = None, typed: str | None = None) -> None:
    """The consent of a program that has asked its user itself."""


ConsentCode = Annotated[
    str | None,
    WithJsonSchema(
        {"type": "string", "description": "The one-time code of a refusal that asked for it, else nothing."}
    ),
    Field(max_length=64),
]
