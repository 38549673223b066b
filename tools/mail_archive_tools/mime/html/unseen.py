"""The second stream of a document: what a reader of it does not see, part by part, with the reason.

Some of it is hidden by its looks; some of it is for other programs than a browser that shows mail: conditional comments
for Outlook, words that a style sheet generates, what stands in fields, documents in frames, and text in pictures.
"""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from mail_archive_tools.mime.unseen import Unseen

UNSEEN_CHARS = 500_000
"""How much of one message's second stream is kept, in characters."""
MOST_PIECES = 2_000
"""Parts of it that are kept."""

_NO_FIELDS = frozenset(("hidden", "checkbox", "radio", "password", "file", "color", "range", "image"))
_CONDITIONAL = re.compile(r"\s*\[if\b([^\]]*)\]>(.*)<!\[endif\](?:--)?\s*$", re.IGNORECASE | re.DOTALL)
_SVG = re.compile(r"data:image/svg\+xml([^,]*),(.*)", re.IGNORECASE | re.DOTALL)


class SecondStream:
    """Gathers what is not seen, in the order of the document."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, list[str]]] = []
        self._places: list[int] = []
        self._room = UNSEEN_CHARS
        self.is_cut = False

    def add(self, reason: str, text: str, place: int) -> None:
        """Keep words; `place` is how much of the first stream was written before them: what stands together there is
        one part."""
        words = " ".join(text.split())
        if not words:
            return
        goes_on = bool(self._pieces) and self._pieces[-1][0] == reason and self._places[-1] == place
        has_room = goes_on or len(self._pieces) < MOST_PIECES
        if len(words) > self._room or not has_room:
            self.is_cut = True
            return

        self._room -= len(words)
        if goes_on:
            self._pieces[-1][1].append(words)
            return
        self._pieces.append((reason, [words]))
        self._places.append(place)

    @property
    def parts(self) -> list[Unseen]:
        """What was gathered."""
        return [Unseen(reason, " ".join(words)) for reason, words in self._pieces]


def for_outlook(comment: str) -> str:
    """The HTML in a conditional comment, which Outlook alone takes for HTML; "" where it is no such comment."""
    if "[if" not in comment[:20].lower():
        return ""
    found = _CONDITIONAL.match(comment)
    if found is None:
        return ""
    return found.group(2)


def in_field(attributes: dict[str, str | None]) -> str:
    """What stands in an `input` element, or asks what is to be put in."""
    kind = (attributes.get("type") or "text").strip().lower()
    if kind in _NO_FIELDS:
        return ""
    words = (attributes.get("value") or "", attributes.get("placeholder") or "")
    return " ".join(filter(None, words))


def in_picture(address: str) -> str:
    """The source of an SVG picture that stands in its own address (RFC 2397); "" where it is none."""
    found = _SVG.match(address.strip())
    if found is None:
        return ""

    parameters, data = found.groups()
    plain = unquote_to_bytes(data)
    if parameters.strip().lower().endswith("base64"):
        try:
            plain = base64.b64decode(b"".join(plain.split()) + b"==")
        except binascii.Error:
            return ""
    return plain.decode("utf-8", "replace")
