"""Pieces of text, with marks for what stands between them, as lines: white space as a browser shows it."""

import re

# Marks among the pieces: that a block begins or ends here, a space that stays, a picture, the end of a cell, the begin
# and end of a quote, a line break that stays. No text of a document has them: `MARKS` is taken out of it before.
BREAK, PAD, IMAGE, CELL, QUOTE, UNQUOTE, HARD = "\x0b", "\x19", "\x1a", "\x1c", "\x1d", "\x1e", "\x1f"
MARKS = re.compile("[\x0b\x19\x1a\x1c-\x1f]")

_MOST_QUOTES = 20
_SPACE = re.compile(r"[ \t\r\f\u00a0]{2,}|[\t\r\f\u00a0]")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def lay_out(text: str) -> str:
    """The text of the pieces: cells as " | ", quotes as "> "."""
    segments = [segment.strip(" ") for segment in _SPACE.sub(" ", text).replace(IMAGE, "").split(BREAK)]
    # A block begins and ends a line, once; a line break that ends a block adds none.
    text = "\n".join([segment.removesuffix("\n") for segment in segments if segment])
    lines = _lines(text.replace(HARD, "\n"))
    # Spaces that stay are marks until the end, so that none of them is stripped.
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip().replace(PAD, " ")


def _lines(text: str) -> list[str]:
    if CELL not in text and QUOTE not in text:
        return [line.strip() for line in text.split("\n")]

    lines: list[str] = []
    depth = 0
    quotes = QUOTE in text
    for marked in text.split("\n"):
        line = _row(marked) if CELL in marked else marked
        if not quotes:
            lines.append(line.strip())
            continue

        # A line is as deep as the quotes that begin on it; those that end on it end behind it.
        depth += line.count(QUOTE)
        closed = line.count(UNQUOTE)
        line = line.replace(QUOTE, "").replace(UNQUOTE, "").strip()
        if line:
            line = f"{'> ' * min(depth, _MOST_QUOTES)}{line}"
        lines.append(line)
        depth = max(0, depth - closed)
    return lines


def _row(line: str) -> str:
    cells = [cell.strip() for cell in line.split(CELL)]
    return " | ".join([cell for cell in cells if cell])
