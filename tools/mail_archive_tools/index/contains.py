"""What the operator CONTAINS compares: the words of a search with those of a message's header fields."""

import unicodedata


def fold(text: str) -> str:
    """A text as it is compared: composed and case-folded, without NULs, which SQLite's `instr` would end at."""
    if text.isascii():
        return text.lower().replace("\0", " ")

    composed = unicodedata.normalize("NFC", text)
    # Folding may take a composed letter apart.
    folded = unicodedata.normalize("NFC", composed.casefold())
    return folded.replace("\0", " ")
