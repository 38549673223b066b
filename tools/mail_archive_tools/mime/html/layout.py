"""Pieces of text, with marks for what stands between them, as lines: white space as a browser shows it."""

import re

# Marks among the pieces: that a block begins or ends here, a space that stays, a picture, the end of a cell, the begin
# and end of a quote, a line break that stays. No text of a document has them: `MARKS` is taken out of it before.
BREAK, PAD, IMAGE, CELL, QUOTE, UNQUOTE, HARD = "\x0b", "\x19", "\x1a", "\x1c", "\x1d", "\x1e", "\x1f"
MARKS = re.compile("[\x0b\x19\x1a\x1c-\x1f]")

_SPACE = re.compile(r"[ \t\r\f\u00a0]{2,}|[\t\r\f\u00a0]")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def lay_out(text: str) -> str:
    """The text of the pieces: cells as " | ", quotes as "> "."""
    segments = _SPACE.sub(" ", text).replace(IMAGE, "").split(BREAK)
    # A block begins and ends a line, once; a line break that ends a block adds none.
    text = "\n".join([each.removesuffix("\n") for segment in segments if (each := segment.strip(" "))])
    text = text.replace(HARD, "\n")
    marked = CELL in text or QUOTE in text
    lines = _marked_lines(text) if marked else [line.strip() for line in text.split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip().replace(PAD, " ")


def _marked_lines(text: str) -> list[str]:
    lines: list[str] = []
    depth = 0
    quotes = QUOTE in text
    for marked in text.split("\n"):
        line = _row(marked) if CELL in marked else marked
        if quotes:
            depth += line.count(QUOTE)
            closed = line.count(UNQUOTE)
            line = line.replace(QUOTE, "").replace(UNQUOTE, "").strip()
            lines.append(f"{'> ' * min(depth, 20)}{line}" if line else line)
            depth = max(0, depth - closed)
        else:
            lines.append(line.strip())

    return lines


def _row(line: str) -> str:
    return " | ".join([cell for each in line.split(CELL) if (cell := each.strip())])
