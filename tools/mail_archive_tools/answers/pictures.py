"""Charts of counts and a drawing of a conversation, as PNG. Loads Pillow, whose own font writes Latin letters.

Text comes first: several hosts collapse or lose pictures. What a picture shows stands in the text of the same answer.
"""

import io
from collections.abc import Callable, Sequence
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

_MARGIN, _LINE, _COLUMNS_HEIGHT, _LABEL = 16, 22, 150, 300
_MOST_LINES, _MOST_PEOPLE, _MOST_ENTRIES, _MOST_COLUMNS = 30, 12, 60, 400
_LAST_LATIN = 0x17F
_INK, _PALE, _RULE, _BAR, _GAP = "#1c1b19", "#5f5c55", "#d9d6cd", "#3b7dc4", "#a51d2d"


class _Panel(NamedTuple):
    """A part of a picture: how high it is, and what draws it from a height on."""

    height: int
    draw: Callable[["ImageDraw", int], None]


def chart(summaries: Sequence[Summary], complete: bool = True) -> bytes:
    """Each of the groupings: times as columns, pairs as a matrix, all else as bars. What is not `complete` says so."""
    panels = [] if complete else [_note("Not complete: there may be more, also where nothing is shown")]
    panels += [_panel(each) for each in summaries if each.top]
    fitting = _fitting(panels)
    left_out = len(panels) - len(fitting)
    return _drawn([*fitting, _note(f"{left_out} more groupings stand in the text alone")] if left_out else fitting)


def tree(subject: str, messages: Sequence[ThreadMessage]) -> bytes:
    """A conversation: who answered whom, oldest first, gaps in red."""
    shown = messages[:_MOST_ENTRIES]
    left_out = len(messages) - len(shown)

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, subject or "Conversation")
        places: dict[int, tuple[int, int]] = {}
        for line, each in enumerate(shown, 1):
            x, y = _MARGIN + 8 + 20 * min(each.depth - 1, 20), top + _LINE * line + _LINE // 2
            places[each.number] = (x, y)
            if each.parent in places:
                above = places[each.parent]
                on.line((above[0], above[1] + 5, above[0], y, x - 5, y), fill=_RULE, width=2)
            on.ellipse(
                (x - 5, y - 5, x + 5, y + 5), fill=_BAR if each.found else None, outline=_BAR if each.found else _GAP
            )
            _write(on, x + 14, y - 8, _entry(each), _INK if each.found else _GAP)
        if left_out:
            _write(on, _MARGIN, top + _LINE * (len(shown) + 1), f"{left_out} more", _PALE)

    return _drawn([_Panel(_LINE * (len(shown) + 2), draw)])


def _entry(each: ThreadMessage) -> str:
    if not each.found:
        return f"{each.missing or 1} missing"
    when = f"{each.received_timestamp:%Y-%m-%d %H:%M}" if each.received_timestamp else ""
    return f"{each.number}. {when}  {each.from_ or ''}"


def _fitting(panels: Sequence[_Panel]) -> list[_Panel]:
    """The first of them, as many as have room, beside a line that says how many more there are."""
    room, fitting = MOST_PIXELS - 3 * _LINE, []
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
    # Where only the largest are listed, it is not known of the others which had none.
    row = None if summary.others else in_a_row(summary.by, list(counts), _MOST_COLUMNS)
    others = f" {summary.others.groups} others, and" if summary.others else ""
    left_out = f";{others} times without any are left out" if row is None else ""
    labels = row or list(counts)
    step = (WIDTH - 2 * _MARGIN) / len(labels)
    # So many columns as have room for their names.
    every = max(1, round(90 / step))

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, f"By {summary.by}; most: {most}{left_out}")
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
            y, x = top + _LINE * line, _MARGIN + _LABEL
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
    senders = list(dict.fromkeys(sender for sender, _ in counts))[:_MOST_PEOPLE]
    recipients = list(dict.fromkeys(recipient for _, recipient in counts))[:_MOST_PEOPLE]
    shown = [counts[each] for each in counts if each[0] in senders and each[1] in recipients]
    most = max(counts.values(), default=1)
    side = 40

    def draw(on: "ImageDraw", top: int) -> None:
        _title(on, top, f"Who wrote to whom: {len(shown)} of {summary.groups} pairs")
        for line, sender in enumerate(senders):
            y = top + 2 * _LINE + line * _LINE
            _write(on, _MARGIN, y + 2, shorten(sender, 42), _INK)
            for column, recipient in enumerate(recipients):
                rows = counts.get((sender, recipient), 0)
                x = _MARGIN + _LABEL + column * side
                box = (x, y, x + side, y + _LINE)
                on.rectangle(box, fill=_shade(rows / most) if rows else None, outline=_RULE)
                if rows:
                    _write(on, x + 6, y + 3, str(rows), _INK)
        for column, recipient in enumerate(recipients, 1):
            _write(on, _MARGIN + _LABEL + (column - 1) * side + 14, top + _LINE + 4, str(column), _PALE)
            y = top + _LINE * (2 + len(senders)) + 6 + (column - 1) * _LINE
            _write(on, _MARGIN + _LABEL, y, f"{column}  {shorten(recipient, 60)}", _PALE)

    return _Panel(_LINE * (3 + len(senders) + len(recipients)), draw)


def _shade(part: float) -> tuple[int, int, int]:
    """From white to the colour of bars, half the way, so that words on it can be read."""
    target = (59, 125, 196)
    weight = 0.12 + 0.5 * part
    red, green, blue = (round(255 - (255 - each) * weight) for each in target)
    return red, green, blue


def _title(on: "ImageDraw", top: int, words: str) -> None:
    _write(on, _MARGIN, top, shorten(words, 110), _INK, 15)


def _write(on: "ImageDraw", x: float, y: float, words: str, color: str, size: int = 12) -> None:
    from PIL import ImageFont

    latin = "".join(each if ord(each) <= _LAST_LATIN else "?" for each in words.replace("…", "..."))
    on.text((x, y), latin, fill=color, font=ImageFont.load_default(size))


def _drawn(panels: Sequence[_Panel]) -> bytes:
    from PIL import Image, ImageDraw

    height = min(sum(each.height for each in panels) + _MARGIN * (len(panels) + 1), MOST_PIXELS)
    image = Image.new("RGB", (WIDTH, max(height, 2 * _MARGIN)), "#ffffff")
    on, top = ImageDraw.Draw(image), _MARGIN
    for each in panels:
        each.draw(on, top)
        top += each.height + _MARGIN
    made = io.BytesIO()
    # Few colours: a palette takes a third of the bytes.
    image.quantize(64).save(made, "PNG", optimize=True)
    return made.getvalue()
