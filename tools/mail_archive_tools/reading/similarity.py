"""Messages that are nearly the same, told by the MinHashes of their texts. Pure."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

ALIKE = 0.8
"""The share of their words, three in a row, that nearly the same texts have in common: the Jaccard index, told to 0.04
or so by 128 bytes."""

_BAND = 4
"""Bytes that are looked up together. Of 32 such bands, texts that are alike share one, but for one pair in a
million."""
_BY_CHANCE = 1 / 256


@dataclass
class Similar:
    """Messages, none of them like another, in the order that they were added."""

    ids: list[str] = field(default_factory=list)
    _minhashes: list[bytes] = field(default_factory=list)
    _bands: dict[tuple[int, bytes], list[int]] = field(default_factory=dict)

    def add(self, archived_message_id: str, minhash: str) -> None:
        """Add one that is like none of these; one without words is like none ever."""
        self._add(archived_message_id, base64.b64decode(minhash))

    def like(self, minhash: str) -> str | None:
        """The id of the one that is most like it, if one is."""
        decoded = base64.b64decode(minhash)
        places: set[int] = set()
        for band in _bands(decoded):
            places.update(self._bands.get(band, ()))

        likest, most = None, 0.0
        # Of those that are as like, the first.
        for place in sorted(places):
            alike = likeness(decoded, self._minhashes[place])
            if alike > most:
                likest, most = place, alike
        if likest is None or most < ALIKE:
            return None
        return self.ids[likest]

    def first(self, count: int) -> "Similar":
        """The first of them, by themselves."""
        some = Similar()
        for archived_message_id, minhash in zip(self.ids[:count], self._minhashes, strict=False):
            some._add(archived_message_id, minhash)
        return some

    def _add(self, archived_message_id: str, minhash: bytes) -> None:
        for band in _bands(minhash):
            self._bands.setdefault(band, []).append(len(self.ids))
        self.ids.append(archived_message_id)
        self._minhashes.append(minhash)


def likeness(a: bytes, b: bytes) -> float:
    """The share of their words that two texts have in common, by their MinHashes; 0 where one has none."""
    if not a or len(a) != len(b):
        return 0.0
    same = sum(map(int.__eq__, a, b)) / len(a)
    # Of what differs, one byte in 256 is the same by chance (Li and König, "b-Bit Minwise Hashing", 2010).
    return max(0.0, (same - _BY_CHANCE) / (1 - _BY_CHANCE))


def _bands(minhash: bytes) -> Iterator[tuple[int, bytes]]:
    return ((place, minhash[place : place + _BAND]) for place in range(0, len(minhash), _BAND))
