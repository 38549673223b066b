"""A fact about a message that deserves a second look."""

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal["authentication", "sender", "domain", "link", "text", "file", "date", "route", "archive"]


@dataclass(frozen=True)
class Finding:
    """`kind` is what it is about; `sentence` says it, with values out of the message in it."""

    kind: FindingKind
    sentence: str
