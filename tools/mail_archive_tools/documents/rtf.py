"""Text of Rich Text Format files. What the library leaves out is made text before it sees it: comments, notes, headers,
where links lead, what was deleted or is hidden."""

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from mail_archive_tools.documents.limits import UNPACKED_BYTES, Gathered

_TOKEN = re.compile(r"\\(?:(?P<word>[a-z]+)(?P<number>-?\d+)? ?|[^a-z])|[{}]")
_HYPERLINK = re.compile(r'HYPERLINK\s+(?:\\\w\s+)*"([^"]*)"')
_BEFORE_BRACKET = re.compile(r"\s*\n\]")
_BRACKETED = {
    "annotation": "comment",
    "footnote": "footnote",
    "deleted": "deleted",
    "v": "hidden",
    "shptxt": "text box",
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
}
_LEFT_OUT = frozenset(("shp", "shpinst", "object", "result", "upr", "bin"))
"""Words without which the library shows what of their groups is text: drawings with their texts, what an object shows,
text in two forms (RTF 1.9.1, "Drawing Objects", "Objects", "Unicode RTF"); and binary data, which is left out here."""
_PROPERTIES = frozenset(("sp", "shprslt", "ud"))
"""Groups in these that are no text, or the same text once more."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_GROUPS = 1_000
"""Groups within groups that words in brackets are put into."""


def read(data: bytes, gathered: Gathered) -> None:
    text = data[:UNPACKED_BYTES].decode("cp1252", "replace")
    if "\\objdata" in text:
        gathered.note("It has embedded objects, which were not opened.")

    shown = rtf_to_text("".join(_with_brackets(text, gathered)), errors="replace")  # type: ignore[no-untyped-call]
    gathered.add(_BEFORE_BRACKET.sub("]\n", _joined(str(shown))))
    if len(data) > UNPACKED_BYTES:
        gathered.note(f"It is larger than {UNPACKED_BYTES:,} bytes; the rest was left out.")
    gathered.is_full()


def _joined(text: str) -> str:
    """The text with each pair of surrogates as the one character that it stands for: RTF has it as two."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _with_brackets(text: str, gathered: Gathered) -> Iterator[str]:
    """The RTF with words in brackets around what would be lost, in pieces."""
    rewriting = _Rewriting(text)
    position = 0
    while True:
        match = _TOKEN.search(text, position)
        if match is None:
            break
        yield text[position : match.start()]
        yield rewriting.written(match)
        position = match.end() + rewriting.bytes_behind(match)

    yield text[position:]
    if rewriting.closers:
        gathered.note("It breaks off; what stands before was read.")


class _Rewriting:
    """One pass over the tokens of a text, which knows what is open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ignorable = ""
        self._field_at = -1
        self.closers: list[str] = []
        """Of the groups that are open: what to write where they end."""

    def bytes_behind(self, match: re.Match[str]) -> int:
        """How many bytes follow that are no text, whatever stands in them."""
        if match.group("word") != "bin":
            return 0
        return max(0, int(match.group("number") or 0))

    def written(self, match: re.Match[str]) -> str:
        """What is written for a token."""
        token, word = match.group(), match.group("word")
        if token == "\\*":
            # Whether the library is to pass over the group is decided by the word behind it.
            self._ignorable = token
            return ""
        before, self._ignorable = self._ignorable, ""

        if token == "{":
            self.closers.append("")
        elif token == "}":
            closer = self.closers.pop() if self.closers else ""
            return f"{closer}{before}{token}"
        elif word in _LEFT_OUT:
            # Without the word, the library shows what of the group is text.
            return ""
        elif word in _PROPERTIES:
            return f"\\*{token}"
        elif self._is_bracketed(match):
            self.closers[-1] = f"]{self.closers[-1]}"
            return f"[{_BRACKETED[word]}: "
        elif word == "fldinst":
            self._field_at = match.end()
        elif word == "fldrslt":
            self._end_instruction(match.start())
        return f"{before}{token}"

    def _is_bracketed(self, match: re.Match[str]) -> bool:
        # A number 0 switches a property of characters off.
        if match.group("word") not in _BRACKETED or match.group("number") == "0":
            return False
        return 0 < len(self.closers) < _MOST_GROUPS

    def _end_instruction(self, end: int) -> None:
        """What a field shows stands behind its instruction, which says where it leads."""
        if self._field_at < 0:
            return
        link = _HYPERLINK.search(self._text, self._field_at, end)
        self._field_at = -1
        if link and link.group(1) and self.closers:
            self.closers[-1] = f" <{link.group(1)}>{self.closers[-1]}"
