"""A part of a long text, as much as an answer has room for, fenced."""

import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.untrusted import fence, first_bytes, new_nonce

Offset = Annotated[int, Field(ge=0, description="NextOffset of the answer before, in characters.")]
MaxChars = Annotated[int, Field(ge=1, le=30_000, description="How many characters at most.")]

_MARKS = 80
"""Bytes that the two fence marks take."""


@dataclass(frozen=True)
class TextPage:
    """`text` is fenced, and None where there is none to show."""

    text: str | None
    offset: int
    total_chars: int
    next_offset: int | None


def fair_parts(needs: list[int], whole: int) -> list[int]:
    """How much each gets of the whole: all that it needs where that is less than its part, and the others share what
    it leaves."""
    parts = [0] * len(needs)
    left = max(whole, 0)
    by_need = sorted(range(len(needs)), key=lambda place: needs[place])
    for number, place in enumerate(by_need):
        parts[place] = min(needs[place], left // (len(needs) - number))
        left -= parts[place]
    return parts


def page_of(text: str, offset: int, max_chars: int, max_bytes: int, what: str) -> TextPage:
    """At most `max_chars` characters from `offset` on, in at most `max_bytes` bytes of JSON.

    Raises:
        InvalidArgument: the offset is behind the end.
    """
    if offset > len(text):
        raise InvalidArgument(
            f"offset {offset} is behind the end of {what}: it has {len(text)} characters. Begin with offset 0."
        )

    part = text[offset : offset + max_chars]
    while part and (size := len(json.dumps(part, ensure_ascii=False).encode())) > max(max_bytes - _MARKS, 200):
        part = first_bytes(part, max(1, int(len(part.encode()) * max(max_bytes - _MARKS, 200) / size) - 4))
    end = offset + len(part)
    return TextPage(fence(part, new_nonce()) if part else None, offset, len(text), end if end < len(text) else None)
