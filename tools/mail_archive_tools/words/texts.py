"""What a message says, by where it says it, and whether words stand there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mail_archive_tools.words.globs import folded
from mail_archive_tools.words.questions import Part, Sought, WordCondition
from mail_archive_tools.words.tokens import ready


class Texts(NamedTuple):
    """What a message says, cleaned: what its sender wrote, and what that quotes; another version that readers see as
    well; what a reader does not see; the names of its files, and what they say."""

    own: str = ""
    quoted: str = ""
    version: str = ""
    hidden: str = ""
    names: str = ""
    files: str = ""


NO_TEXTS = Texts()
FIELDS = Texts._fields
SEEN = ("own", "quoted", "version", "names")
"""The fields that a reader of the mail sees before opening a file."""
BODY = (*SEEN, "hidden")


class Sayings:
    """The texts of a message, made ready for questions as far as these take it."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._ready: dict[str, str] = {}
        self._folded: dict[str, str] = {}

    def fulfil(self, condition: WordCondition) -> bool:
        """Whether a condition holds."""
        holding = [self._has(condition.fields, each) for each in condition.sought]
        if condition.how == "all":
            return all(holding)
        if condition.how == "none":
            return not any(holding)
        return any(holding)

    def _has(self, fields: Sequence[str], sought: Sought) -> bool:
        for field in fields:
            shown = self._as_folded(field) if isinstance(sought, Part) else self._as_ready(field)
            if sought.stands_in(shown):
                return True
        return False

    def _as_ready(self, field: str) -> str:
        if field not in self._ready:
            self._ready[field] = ready(getattr(self._texts, field))
        return self._ready[field]

    def _as_folded(self, field: str) -> str:
        if field not in self._folded:
            self._folded[field] = folded(getattr(self._texts, field))
        return self._folded[field]
