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
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
}
_MOST_GROUPS = 1_000
"""Groups within groups that words in brackets are put into."""


def read(data: bytes, gathered: Gathered) -> None:
    text = data[:UNPACKED_BYTES].decode("cp1252", "replace")
    if "\\objdata" in text:
        gathered.note("It has embedded objects, which were not opened.")

    shown = rtf_to_text("".join(_with_brackets(text, gathered)), errors="replace")  # type: ignore[no-untyped-call]
    gathered.add(_BEFORE_BRACKET.sub("]\n", str(shown)))
    if len(data) > UNPACKED_BYTES:
        gathered.note(f"It is larger than {UNPACKED_BYTES:,} bytes; the rest was left out.")
    gathered.is_full()


def _with_brackets(text: str, gathered: Gathered) -> Iterator[str]:
    """The RTF with words in brackets around what would be lost, in pieces."""
    # Of the groups that are open: what to write where they end.
    closers: list[str] = []
    ignorable = ""
    field_at = -1
    position = 0
    for match in _TOKEN.finditer(text):
        token, word = match.group(), match.group("word")
        yield text[position : match.start()]
        position = match.end()
        if token == "\\*":
            # Whether the library is to pass over the group is decided by the word behind it.
            ignorable = token
            continue

        if token == "{":
            closers.append("")
        elif token == "}":
            if closers:
                yield closers.pop()
        # A number 0 switches a property of characters off.
        elif word in _BRACKETED and match.group("number") != "0" and 0 < len(closers) < _MOST_GROUPS:
            yield f"[{_BRACKETED[word]}: "
            closers[-1] = f"]{closers[-1]}"
            ignorable = ""
            continue
        elif word == "fldinst":
            field_at = match.end()
        elif word == "fldrslt" and field_at >= 0:
            # What a field shows stands behind its instruction, which says where it leads.
            link = _HYPERLINK.search(text, field_at, match.start())
            field_at = -1
            if link and link.group(1) and closers:
                closers[-1] = f" <{link.group(1)}>{closers[-1]}"
        yield f"{ignorable}{token}"
        ignorable = ""

    yield text[position:]
    if closers:
        gathered.note("It breaks off; what stands before was read.")
