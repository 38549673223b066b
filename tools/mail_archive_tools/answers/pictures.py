"""Charts of counts and a drawing of a conversation, as PNG. Loads Pillow, whose own font writes Latin letters.

Text comes first: several hosts collapse or lose pictures. What a picture shows stands in the text of the same answer.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mail_archive_tools.answers.calendar import in_a_row
from mail_archive_tools.models.summary import ARROW, IN_TIME, Summary
from mail_archive_tools.models.thread import ThreadMessage
from mail_archive_tools.untrusted import shorten

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH = 900
MOST_PIXELS = 4_000
"""How high a picture may be."""
PAIR = "pair"

# In pixels.
_MARGIN, _LINE, _COLUMNS_HEIGHT, _LABEL = 16, 22, 150, 300
_SQUARE = 40
"""The width of one square of a matrix."""
_INDENT = 20
"""How far an answer is drawn to the right of what it answers."""
_MOST_LINES, _MOST_PEOPLE, _MOST_ENTRIES, _MOST_COLUMNS = 30, 12, 60, 400
_DEEPEST_DRAWN = 20
"""Answers below are not drawn any further to the right."""
_LAST_LATIN = 0x17F
"""The last letter of Latin Extended-A (Unicode): those beyond it are not in the font."""
_INK, _PALE, _RULE, _BAR, _GAP = "#1c1b19", "#5f5c55", "#d9d6cd", "#3b7dc4", "#a51d2d"
_BAR_COLOR = (0x3B, 0x7D, 0xC4)
"""`_BAR` as red, green and blue."""


class _Panel(NamedTuple):
    """A part of a picture: how high it is, and what draws it from a height on."""

    height: int
    draw: Callable[["ImageDraw", int], None]


def chart(summaries: Sequence[Summary], complete: bool = True) -> bytes:
    """Each of the groupings: times as columns, pairs as a matrix, all else as bars. What is not `complete` says so."""
    panels: list[_Panel] = []
    if not complete:
        panels.append(_note("Not complete: there may be more, also where nothing is shown"))
    panels += [_panel(each) for each in summaries if each.top]

    drawn = _panels_with_room(panels)
    left_out = len(panels) - len(drawn)
    if left_out:
        drawn.append(_note(f"{left_out} more groupings stand in the text alone"))
    return _png(drawn)


def tree(subject: str, messages: Sequence[ThreadMessage]) -> bytes:
    """A conversation: who answered whom, oldest first, gaps in red."""
    shown = messages[:_MOST_ENTRIES]
    left_out = len(messages) - len(shown)

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, subject or "Conversation")
        places: dict[int, tuple[int, int]] = {}
        for line, each in enumerate(shown, 1):
            x = _MARGIN + 8 + _INDENT * min(each.depth - 1, _DEEPEST_DRAWN)
            y = top + _LINE * line + _LINE // 2
            places[each.number] = (x, y)
            if each.parent in places:
                above_x, above_y = places[each.parent]
                on.line((above_x, above_y + 5, above_x, y, x - 5, y), fill=_RULE, width=2)

            circle = (x - 5, y - 5, x + 5, y + 5)
            if each.found:
                on.ellipse(circle, fill=_BAR, outline=_BAR)
                _write(on, x + 14, y - 8, _words_of(each), _INK)
            else:
                on.ellipse(circle, outline=_GAP)
                _write(on, x + 14, y - 8, f"{each.missing or 1} missing", _GAP)
        if left_out:
            _write(on, _MARGIN, top + _LINE * (len(shown) + 1), f"{left_out} more", _PALE)

    return _png([_Panel(_LINE * (len(shown) + 2), draw)])


def _words_of(each: ThreadMessage) -> str:
    when = ""
    if each.received_timestamp is not None:
        when = f"{each.received_timestamp:%Y-%m-%d %H:%M}"
    return f"{each.number}. {when}  {each.from_ or ''}"


def _panels_with_room(panels: Sequence[_Panel]) -> list[_Panel]:
    """The first of them, as many as have room, beside a line that says how many more there are."""
    room = MOST_PIXELS - 3 * _LINE
    fitting: list[_Panel] = []
    for each in panels:
        room -= each.height + _MARGIN
        if room < 0:
            break
        fitting.append(each)
    return fitting


def _note(words: str) -> _Panel:
    return _Panel(_LINE, lambda on, top: _write(on, _MARGIN, top, words, _PALE))


def _panel(summary: Summary) -> _Panel:
    if summary.by in IN_TIME:
        return _columns(summary)
    if summary.by == PAIR:
        return _matrix(summary)
    return _bars(summary)


def _columns(summary: Summary) -> _Panel:
    counts = {each.value: each.rows for each in summary.top}
    most = max(counts.values())
    title = f"By {summary.by}; most: {most}"
    labels = list(counts)
    if summary.others:
        # Where only the largest are listed, it is not known of the others which had none.
        title += f"; {summary.others.groups} others, and times without any are left out"
    else:
        row = in_a_row(summary.by, labels, _MOST_COLUMNS)
        if row is None:
            title += "; times without any are left out"
        labels = row or labels

    step = (WIDTH - 2 * _MARGIN) / len(labels)
    # So many columns as have room for their names.
    every = max(1, round(90 / step))

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, title)
        bottom = top + _LINE + _COLUMNS_HEIGHT
        on.line((_MARGIN, bottom, WIDTH - _MARGIN, bottom), fill=_RULE)
        for place, label in enumerate(labels):
            x = _MARGIN + place * step
            if label in counts:
                high = max(2, counts[label] / most * (_COLUMNS_HEIGHT - 8))
                on.rectangle((x + step * 0.1, bottom - high, x + step * 0.9, bottom), fill=_BAR)
            if place % every == 0:
                _write(on, x, bottom + 4, label, _PALE)

    return _Panel(2 * _LINE + _COLUMNS_HEIGHT, draw)


def _bars(summary: Summary) -> _Panel:
    shown = summary.top[:_MOST_LINES]
    most = max(each.rows for each in shown)

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, f"By {summary.by}: {len(shown)} of {summary.groups}")
        for line, each in enumerate(shown, 1):
            x = _MARGIN + _LABEL
            y = top + _LINE * line
            _write(on, _MARGIN, y + 2, shorten(each.value, 42), _INK)
            wide = max(2, each.rows / most * (WIDTH - x - 80))
            on.rectangle((x, y + 4, x + wide, y + _LINE - 4), fill=_BAR)
            _write(on, x + wide + 6, y + 2, f"{each.rows:,}", _PALE)

    return _Panel(_LINE * (len(shown) + 1), draw)


def _matrix(summary: Summary) -> _Panel:
    """Senders in lines, recipients in columns, which are numbered below."""
    counts: dict[tuple[str, str], int] = {}
    for each in summary.top:
        sender, _, recipient = each.value.partition(ARROW)
        counts[sender, recipient] = each.rows
    senders = _first_of(sender for sender, _ in counts)
    recipients = _first_of(recipient for _, recipient in counts)
    shown = sum((sender, recipient) in counts for sender in senders for recipient in recipients)
    most = max(counts.values(), default=1)
    left = _MARGIN + _LABEL

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, f"Who wrote to whom: {shown} of {summary.groups} pairs")
        for line, sender in enumerate(senders):
            y = top + 2 * _LINE + line * _LINE
            _write(on, _MARGIN, y + 2, shorten(sender, 42), _INK)
            for column, recipient in enumerate(recipients):
                x = left + column * _SQUARE
                box = (x, y, x + _SQUARE, y + _LINE)
                rows = counts.get((sender, recipient), 0)
                if rows:
                    on.rectangle(box, fill=_shade(rows / most), outline=_RULE)
                    _write(on, x + 6, y + 3, str(rows), _INK)
                else:
                    on.rectangle(box, outline=_RULE)

        legend = top + _LINE * (2 + len(senders)) + 6
        for column, recipient in enumerate(recipients):
            number = str(column + 1)
            _write(on, left + column * _SQUARE + 14, top + _LINE + 4, number, _PALE)
            _write(on, left, legend + column * _LINE, f"{number}  {shorten(recipient, 60)}", _PALE)

    return _Panel(_LINE * (3 + len(senders) + len(recipients)), draw)


def _first_of(people: Iterable[str]) -> list[str]:
    """As many of these as a matrix has room for, each once."""
    return list(dict.fromkeys(people))[:_MOST_PEOPLE]


def _shade(part: float) -> tuple[int, int, int]:
    """From white to the colour of bars, half the way, so that words on it can be read."""
    weight = 0.12 + 0.5 * part
    red, green, blue = (round(255 - (255 - each) * weight) for each in _BAR_COLOR)
    return red, green, blue


def _title(on: "ImageDraw", top: int, words: str) -> None:
    _write(on, _MARGIN, top, shorten(words, 110), _INK, 15)


def _write(on: "ImageDraw", x: float, y: float, words: str, color: str, size: int = 12) -> None:
    from PIL import ImageFont

    latin = "".join(each if ord(each) <= _LAST_LATIN else "?" for each in words.replace("…", "..."))
    on.text((x, y), latin, fill=color, font=ImageFont.load_default(size))


def _png(panels: Sequence[_Panel]) -> bytes:
    """These below each other, as PNG."""
    from PIL import Image, ImageDraw

    height = sum(each.height for each in panels) + _MARGIN * (len(panels) + 1)
    height = max(2 * _MARGIN, min(height, MOST_PIXELS))
    image = Image.new("RGB", (WIDTH, height), "#ffffff")
    on = ImageDraw.Draw(image)
    top = _MARGIN
    for each in panels:
        each.draw(on, top)
        top += each.height + _MARGIN

    made = io.BytesIO()
    # Few colours: a palette takes a third of the bytes.
    image.quantize(64).save(made, "PNG", optimize=True)
    return made.getvalue()
