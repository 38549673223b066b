"""Fields in the text of a Word file: what is inserted by an instruction, such as a link or a page number."""

import re

_BEGIN, _MIDDLE, _END = "\x13", "\x14", "\x15"
"""A field is its instruction, and then its result (MS-DOC, PlcFld); either may have fields in it."""

_MARKS = re.compile(f"([{_BEGIN}{_MIDDLE}{_END}])")
_HYPERLINK = re.compile(r'\s*HYPERLINK\s+"?([^"\s]+)')


def without_fields(text: str) -> str:
    """The text with the results of its fields, and where its links lead."""
    if _BEGIN not in text:
        return text

    shown: list[str] = []
    # Of the fields that are open: what their instructions say, and whether their results have begun.
    instructions: list[list[str]] = []
    in_result: list[bool] = []
    for piece in _MARKS.split(text):
        if piece == _BEGIN:
            instructions.append([])
            in_result.append(False)
        elif piece == _MIDDLE and in_result:
            in_result[-1] = True
        elif piece == _END and instructions:
            link = _HYPERLINK.match("".join(instructions.pop()))
            in_result.pop()
            if link and all(in_result):
                shown.append(f" <{link.group(1)}>")
        elif all(in_result):
            shown.append(piece)
        elif not in_result[-1]:
            instructions[-1].append(piece)

    return "".join(shown)
