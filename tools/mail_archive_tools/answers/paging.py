"""A part of a long text, as much as an answer has room for, fenced."""

import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.untrusted import fence, first_bytes, new_nonce

Offset = Annotated[int, Field(ge=0, description="NextOffset of the answer before, in characters.")]
MaxChars = Annotated[int, Field(ge=1, le=30_000, description="How many characters at most.")]

_FENCE_BYTES = 80
"""Bytes that the two fence marks take."""
_LEAST_TEXT_BYTES = 200
"""Where there is no room: so that whoever goes on with NextOffset comes to the end."""


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
    # Those that need least first: what they leave is known when the others get their parts.
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

    room = max(max_bytes - _FENCE_BYTES, _LEAST_TEXT_BYTES)
    part = _in_json_of(text[offset : offset + max_chars], room)
    shown = None
    if part:
        shown = fence(part, new_nonce())

    end = offset + len(part)
    next_offset = None
    if end < len(text):
        next_offset = end
    return TextPage(shown, offset, len(text), next_offset)


def _in_json_of(text: str, room: int) -> str:
    """As much of the beginning of a text as takes no more than `room` bytes as JSON, in which a line break is two
    characters."""
    part = text
    size = _json_bytes(part)
    while part and size > room:
        # By the share that has room. Four bytes less, since a character of UTF-8 may be cut at its end.
        fewer = int(len(part.encode()) * room / size) - 4
        part = first_bytes(part, max(1, fewer))
        size = _json_bytes(part)
    return part


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())
