"""Consent: nothing is changed before the user was told what exactly will happen, and agreed."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import Field, WithJsonSchema

from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.errors import InvalidArgument

QUESTION_CHARACTERS = 4_000
"""The longest question: what a person reads before they agree. Nothing of it is left out."""

Fact = str | tuple[str, ...]
"""What is told beside a label: a line, or several beneath it."""


async def nothing_more() -> dict[str, str]:
    """There is nothing that would have to be found out first."""
    return {}


@dataclass(frozen=True)
class Change:
    """What a call is about to do. `what` is the sentence that is asked, `facts` what it is bound to, by label; `more`
    finds out what the user should know as well, and is asked only when the user is. `typed` is what the user has to
    type, "" where agreeing is enough. Whatever others chose stands in the facts as `quoted` gives it."""

    what: str
    facts: Mapping[str, Fact]
    more: Callable[[], Awaitable[dict[str, str]]] = nothing_more
    typed: str = ""

    @property
    def digest(self) -> str:
        """The same for the same change, and for no other."""
        bound = json.dumps([self.what, dict(self.facts), self.typed], sort_keys=True)
        return hashlib.sha256(bound.encode()).hexdigest()

    async def described(self) -> str:
        """What will happen, for a person to read: a sentence, and a line for each fact, or for each part of one.

        Raises:
            InvalidArgument: it is more than a person would read.
        """
        lines = [self.what, *_lines(self.facts)]
        length = len("\n".join(lines))
        if length > QUESTION_CHARACTERS:
            raise InvalidArgument(
                f"This is too long to be agreed to: the question would have {length:,} characters, and a person is "
                f"asked with {QUESTION_CHARACTERS:,} at most, all of them shown. Nothing was changed. Ask for fewer or "
                "shorter values, and for the rest in calls of their own."
            )

        return "\n".join([*lines, *_lines(await self.more())])


def _lines(facts: Mapping[str, Fact]) -> list[str]:
    lines: list[str] = []
    for label, fact in facts.items():
        if not fact:
            continue
        if isinstance(fact, str):
            lines.append(f"{label}: {fact}")
        else:
            lines += [f"{label}:", *(f"- {each}" for each in fact)]
    return lines


_PLACE = re.compile(r"arn:[a-z-]+:ses:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):.*")
"""An ARN of SES (IAM's Service Authorization Reference), as far as it says where something is."""


def named(archive: Mapping[str, Any]) -> str:
    """An archive as GetArchive has it: by name and id, and where it is."""
    name = quoted(str(archive.get("ArchiveName", "")))
    return f"{name} ({archive.get('ArchiveId', '')}){where(archive)}"


def where(archive: Mapping[str, Any]) -> str:
    """The account and Region of an archive, as its ARN says them; "" where it does not."""
    place = _PLACE.fullmatch(str(archive.get("ArchiveArn", "")))
    if place is None:
        return ""
    return f" in account {place['account']}, Region {place['region']}"


class Consent(Protocol):
    """Asks the user of one call, once or, of several changes, several times."""

    async def __call__(self, change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
        """Return once the user agrees to the change: with what the answer has to say of how that was found out, where
        it is to be said. `code` and `typed` are what came with the call.

        Raises:
            NotConsented: the user did not, or cannot be asked; nothing may be changed.
            InvalidArgument: it is more than a person could be asked.
        """


async def agreed(change: Change, code: str | None = None, typed: str | None = None) -> list[str]:
    """The consent of a program that has asked its user itself."""
    return []


ConsentCode = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "description": "The one-time code that the user gives you, else nothing."}),
    Field(max_length=64),
]
