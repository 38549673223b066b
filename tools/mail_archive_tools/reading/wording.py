"""What language a text is in, and what tells whether another is like it. Done in workers alone: both libraries are
compiled, and a hostile text that breaks one of them breaks a worker."""

import base64
import re

CHARS = 50_000
"""How much of a text is looked at, from its beginning."""

PERMUTATIONS = 128
"""Bytes of a MinHash: of each permutation the lowest byte (Li and König's b-bit MinHash)."""

_SEED = 5322
_SHINGLE = 3
"""Words in a row that are compared as one."""
_LEAST_PER_CENT = 20
_WORD = re.compile(r"\w+")


def languages(text: str) -> list[str]:
    """The languages that at least a fifth of a text is in, most of it first: ISO 639-1 codes, as CLD2 gives them. None
    where it is too short to tell."""
    import pycld2

    shown = " ".join(filter(_is_in_a_language, text[:CHARS].split()))
    if not shown.isprintable():
        # What is not printable, CLD2 takes for no UTF-8.
        shown = "".join(each if each.isprintable() else " " for each in shown)
    try:
        reliable, _, found = pycld2.detect(shown.encode("utf-8", "replace"), isPlainText=True)
    except pycld2.error:
        return []
    if not reliable:
        return []
    return [code for _, code, per_cent, _ in found if code != "un" and per_cent >= _LEAST_PER_CENT]


def _is_in_a_language(word: str) -> bool:
    """Links, addresses and numbers are not."""
    return "://" not in word and "@" not in word and not word[0].isdigit()


def minhash(text: str) -> str:
    """What tells how many of its words in a row a text shares with another, in base64; "" of a text without words."""
    import rensa

    words = _WORD.findall(text[:CHARS].casefold())
    if not words:
        return ""

    in_a_row = range(max(len(words) - _SHINGLE + 1, 1))
    sketch = rensa.RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
    sketch.update([" ".join(words[place : place + _SHINGLE]) for place in in_a_row])
    return base64.b64encode(bytes(each & 0xFF for each in sketch.digest())).decode()
