"""What an answer may hold: as much as can come of the bytes that were asked about, and no more.

A worker that a mail has taken over chooses its answer. What it says is looked at as bytes first, so that nothing is
built of it that is larger or deeper than an honest one, and nobody else waits meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANSWER_BYTES = 60_000_000
"""The largest answer that is taken: twice the text that is read of one message, in three bytes for a character."""

_DEPTH = 10
"""Twice as deep as what is told of any message of the tests' corpus."""
_SMALLEST_BYTES, _BYTES_OF_A_BYTE = 200_000, 32
"""An answer about nothing has 1 KB. A byte becomes six of JSON (a NUL); text stands in it up to three times; Outlook's
packing makes up to eight bytes of one."""
_SMALLEST_ITEMS, _BYTES_OF_AN_ITEM, _MOST_ITEMS = 5_000, 2, 60_000
"""An answer about nothing has 124 items; about a thousand files in 35 KB, 8,124; and no message has more parts."""

_PIECE = 1 << 16
_AT_ONCE = 1 << 18
"""JSON of so many bytes, which most answers are within, is looked at in some milliseconds at worst."""
# One without an end is taken to the end: looked for again from each quotation mark in it, it would take for ever. That
# it is no JSON is found where it is parsed.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))


@dataclass(frozen=True)
class Bounds:
    """How many bytes of JSON, values within values, and values in all."""

    size: int = ANSWER_BYTES
    depth: int = _DEPTH
    items: int = _MOST_ITEMS

    @classmethod
    def of_message(cls, size: int) -> Bounds:
        """What can be told of a message of so many bytes."""
        answer = _SMALLEST_BYTES + _BYTES_OF_A_BYTE * size
        items = _SMALLEST_ITEMS + size // _BYTES_OF_AN_ITEM
        return cls(size=min(ANSWER_BYTES, answer), items=min(_MOST_ITEMS, items))

    @classmethod
    def of_text(cls) -> Bounds:
        """What can be told of a file: its text, which may have been packed very small, and some notes."""
        return cls(depth=4, items=2_000)

    def hold(self, text: bytes) -> bool:
        """Whether JSON is within them. It is looked at piece by piece, so that other threads go on; what is over them
        ends the look at once."""
        return len(text) <= self.size and _Look(self, text).is_within()


class _Look:
    """One walk through JSON, of which what stands in strings is passed over."""

    def __init__(self, bounds: Bounds, text: bytes) -> None:
        self._bounds = bounds
        self._text = text
        self._items = 0
        self._depth = 0

    def is_within(self) -> bool:
        if len(self._text) > _AT_ONCE:
            return self._is_within_by_pieces()
        return self._takes(_STRING.sub(b"", self._text))

    def _is_within_by_pieces(self) -> bool:
        at = 0
        while at < len(self._text):
            quote = self._text.find(b'"', at, at + _PIECE)
            if quote < 0:
                piece = self._text[at : at + _PIECE]
                if not self._takes(piece):
                    return False
                at += len(piece)
                continue

            if not self._takes(self._text[at:quote]):
                return False
            string = _REST_OF_STRING.match(self._text, quote + 1)
            if string is None:
                return False
            at = string.end()
        return True

    def _takes(self, between: bytes) -> bool:
        """Whether it is still within the bounds with this, which is no string."""
        self._items += between.count(b",") + between.count(b"[") + between.count(b"{")
        if self._items > self._bounds.items:
            return False

        for bracket in between.translate(None, _NO_BRACKETS):
            # Each that opens was counted as an item, so that there are few of them.
            self._depth += 1 if bracket in b"[{" else -1
            if self._depth > self._bounds.depth:
                return False
        return True
