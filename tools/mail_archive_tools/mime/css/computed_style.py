"""What declarations do to an element's text: whether a reader sees it, and what its children inherit."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mail_archive_tools.mime.css.colour import BLACK, TRANSPARENT, Colour, is_unknown, read_colour
from mail_archive_tools.mime.css.longhands import ALL, INITIAL, WIDE
from mail_archive_tools.mime.css.measures import LARGEST, VIEWPORT, fraction, number, pixels
from mail_archive_tools.mime.css.sheets import Declaration, in_order, read_declarations
from mail_archive_tools.mime.css.syntax import words_of

SMALLEST_TEXT = 3.0
"""Text below this size (CSS pixels) is taken for unreadable. Some footers have three."""

LARGEST_TEXT = 10_000.0
"""The size (CSS pixels) beyond which Chromium makes no text larger: what is inside is a fraction of that."""

LEAST_OPACITY = 0.15
LEAST_BOX = 5.0
"""A box that clips what is larger, and is smaller than this (CSS pixels), shows nothing."""

FAR_OFF = 150.0
"""Text that is moved this far (CSS pixels) to the left of or above its place is taken to be off the page."""

FAR_RIGHT = 3000.0
CROWDED = -6.0
"""Letters that are moved together so far (CSS pixels) stand on one another."""

_MEASURE = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(%|[a-z]*)")
_ARGUMENTS = re.compile(r"([\w-]+)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_OF_PARENT = re.compile(r"\+?((?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)(em|%|ex|ch)")
_KEYWORD_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
_COLOUR_WORD = re.compile(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl|hwb)a?\([^()]*\)|\b[a-z]+\b(?!\()")
_NOT_DISPLAYED = ("none", "table-column", "table-column-group")
_CLIPPING = ("hidden", "clip", "scroll", "auto")
_EDGE_ON = re.compile(r"(?:90|270)deg|\b0?\.25turn|1\.57\d*rad|100grad")
_HEIGHTS = ("height", "max-height")
_HIGHER = ("height", "min-height", "padding-top", "padding-bottom")
_WIDTHS = ("width", "max-width")
_SIDES = ("left", "top", "right", "bottom")
_OUT_OF_FLOW = ("absolute", "fixed")


class Paint(NamedTuple):
    """A colour that is set: None where it cannot be worked out, or is `inherit`ed, or the `current` colour."""

    colour: Colour | None = None
    inherited: bool = False
    current: bool = False


_INHERITED, _CURRENT, _UNKNOWN = Paint(inherited=True), Paint(current=True), Paint()


@dataclass(frozen=True)
class ComputedStyle:
    """What an element's own declarations say. None: nothing. `hidden` and `boxless` are reasons, the second for
    elements that have a box of their own (blocks, and what is displayed or placed as one)."""

    hidden: str | None = None
    boxless: str | None = None
    taken_out: bool = False
    """Out of the line that it stands in: whatever it is, it has a box of its own then."""
    indented: bool | None = None
    crowded: bool | None = None
    """Whether its first line, or each letter, is moved off the page; children inherit both."""
    flat: bool = False
    """Too low to show a line."""
    visible: bool | None = None
    font_size: tuple[float, str] | None = None
    """A factor of the parent's size with unit "em", or CSS pixels with unit "px"."""
    colour: "Paint | None" = None
    fill: "Paint | None" = None
    """What text is painted with instead of its colour (-webkit-text-fill-color)."""
    svg_fill: "Paint | None" = None
    background: Colour | None = None
    background_unknown: bool = False
    display: str | None = None
    preformatted: bool | None = None
    clips_text_to_background: bool = False
    thin: bool | None = None
    """Whether its lines have no height; children inherit that. No background of a block is behind its words then."""
    has_height: bool = False
    """Whether it is told to be higher than its lines."""


NOTHING = ComputedStyle()


@lru_cache(maxsize=4096)
def style_of(declarations: tuple[Declaration, ...]) -> ComputedStyle:
    """The look that these declarations, in their order, give; later ones win, important ones over others."""
    values: dict[str, str] = {}
    for each in in_order(declarations):
        # What is set to nothing begins anew.
        if each.name == ALL and each.value in ("initial", "unset"):
            values |= INITIAL if each.value == "initial" else {"display": INITIAL["display"]}
        else:
            values[each.name] = each.value
    return _look(values) if values else NOTHING


@lru_cache(maxsize=4096)
def style_of_attribute(style: str, quirks: bool) -> ComputedStyle:
    """The look that a style attribute gives by itself."""
    return style_of(read_declarations(style, quirks)) if style else NOTHING


def _look(values: dict[str, str]) -> ComputedStyle:
    get = values.get
    background, unknown = _background(values)
    return ComputedStyle(
        hidden=_hidden(values),
        boxless=_boxless(values),
        taken_out=get("position") in _OUT_OF_FLOW or get("float", "none") in ("left", "right"),
        indented=_is_indented(get("text-indent")),
        crowded=_is_crowded(get("letter-spacing")),
        flat=_is_small(values, _HEIGHTS),
        visible={"hidden": False, "collapse": False, "visible": True}.get(get("visibility", "")),
        font_size=_font_size(values),
        colour=_paint(get("color")),
        fill=_paint(get("-webkit-text-fill-color")),
        svg_fill=_svg_paint(get("fill")),
        background=background,
        background_unknown=unknown,
        display=get("display"),
        preformatted=get("white-space", "").startswith(("pre", "break-spaces")) if "white-space" in values else None,
        clips_text_to_background=get("background-clip") == "text",
        thin=_is_thin(values["line-height"]) if "line-height" in values else None,
        has_height=any((pixels(values.get(name, "")) or 0) >= LEAST_BOX for name in _HIGHER),
    )


def _paint(value: str | None) -> Paint | None:
    """What a property of a colour says; None: nothing."""
    if value is None:
        return None
    if value in ("inherit", "unset", "revert", "revert-layer"):
        return _INHERITED
    if value == "currentcolor":
        return _CURRENT
    if value == "initial":
        return Paint(BLACK)
    if (colour := read_colour(value)) is not None:
        return Paint(colour)
    return _UNKNOWN if is_unknown(value) else None


def _svg_paint(value: str | None) -> Paint | None:
    """What the fill of SVG text says: a colour, nothing, or what is defined elsewhere."""
    if value == "none":
        return Paint(TRANSPARENT)
    return _UNKNOWN if value is not None and value.startswith("url(") else _paint(value)


def _hidden(values: dict[str, str]) -> str | None:
    """Why nothing in the element is seen, whatever kind of element it is."""
    get = values.get
    if get("display") in _NOT_DISPLAYED:
        return "display:none"
    for name in ("opacity", "fill-opacity"):
        opacity = fraction(get(name, ""))
        if opacity is not None and opacity < LEAST_OPACITY:
            return "opacity"
    if _filtered_away(get("filter", "")):
        return "opacity"
    mask = get("mask-image", "")
    if "transparent" in mask and not re.search(r"black|#0{3}|white|#f{3}|url", mask):
        return "mask"
    if (get("clip-path") or get("clip")) and _clipped(values):
        return "clipped"
    if _moved_off(values):
        return "off-screen"
    return None


def _filtered_away(value: str) -> bool:
    for name, argument in _ARGUMENTS.findall(value):
        amount = fraction(argument)
        if name == "opacity" and amount is not None and amount < LEAST_OPACITY:
            return True
        if name == "blur" and (pixels(argument) or 0) >= 8:
            return True
    return False


def _clipped(values: dict[str, str]) -> bool:
    if values.get("position") in _OUT_OF_FLOW and values.get("clip", "").startswith("rect("):
        sides = [pixels(each) or 0.0 for each in re.split(r"[\s,]+", values["clip"][5:].strip(") "))]
        if len(sides) == 4 and "auto" not in values["clip"] and (sides[2] - sides[0] < 2 or sides[1] - sides[3] < 2):
            return True

    for name, argument in _ARGUMENTS.findall(values.get("clip-path", "")):
        numbers = [(float(size), unit) for size, unit in _MEASURE.findall(argument)]
        sizes = [size for size, _ in numbers]
        if name == "inset" and numbers and _inset_away(numbers):
            return True
        if name in ("circle", "ellipse") and sizes and sizes[0] <= 1:
            return True
        if name == "polygon" and (not sizes or max(sizes) - min(sizes) <= 1):
            return True
        if name == "rect" and sizes and max(sizes) <= 1:
            return True

    return False


def _inset_away(numbers: list[tuple[float, str]]) -> bool:
    sides = [size if unit == "%" else (100.0 if size > 1000 else 0.0) for size, unit in numbers[:4]]
    top, right, bottom, left = (sides * 4)[:4] if len(sides) in (1, 2) else ([*sides, sides[1]])[:4]
    return top + bottom >= 99 or left + right >= 99


def _moved_off(values: dict[str, str]) -> bool:
    get = values.get
    position = get("position")
    if position in (*_OUT_OF_FLOW, "relative", "sticky"):
        for side in _SIDES:
            offset = pixels(get(side, ""))
            if offset is not None and (offset <= -FAR_OFF or offset >= FAR_RIGHT):
                return True
        if position in _OUT_OF_FLOW and any(_is_whole(get(side, "")) for side in _SIDES):
            return True
        layer = number(get("z-index", ""))
        if layer is not None and layer < 0:
            return True

    if _is_near_zero(get("zoom", "")):
        return True
    return any(_is_beyond(get(f"margin-{side}", "")) for side in ("left", "right"))


def _is_beyond(margin: str) -> bool:
    """Whether a margin leads off the page."""
    size = pixels(margin)
    return size is not None and (size <= -FAR_OFF * 2 or size >= FAR_RIGHT)


def _is_indented(value: str | None) -> bool | None:
    """Whether the first line begins off the page; None: as around it."""
    if value is None or value in WIDE:
        return False if value == "initial" else None
    indent = next((size for word in words_of(value) if (size := pixels(word)) is not None), 0.0)
    return indent <= -FAR_OFF or indent >= (VIEWPORT if "%" in value else FAR_RIGHT)


def _is_crowded(value: str | None) -> bool | None:
    """Whether all letters stand on one place; None: as around it."""
    if value is None or value in WIDE:
        return False if value == "initial" else None
    return (pixels(value) or 0.0) <= CROWDED


def _is_whole(value: str) -> bool:
    """Whether an offset moves a box by a whole window or more."""
    return value.endswith(("%", "vw", "vh")) and abs(number(value.rstrip("%vwh")) or 0) >= 100


def _transformed_away(values: dict[str, str]) -> bool:
    """Whether a transformation leaves nothing of it, or moves it off the page."""
    transform = values.get("transform", "")
    if any(_makes_unseen(name, argument) for name, argument in _ARGUMENTS.findall(transform)):
        return True
    if any(_is_near_zero(each) for each in values.get("scale", "").split()):
        return True
    if "180deg" in transform and values.get("backface-visibility") == "hidden":
        return True
    if _EDGE_ON.search(values.get("rotate", "")) and values["rotate"][:1] in "xy":
        return True
    return any(_is_far(each) for each in values.get("translate", "").split())


def _makes_unseen(name: str, argument: str) -> bool:
    arguments = [each.strip() for each in argument.split(",")]
    if name.startswith("scale"):
        return any(_is_near_zero(each) for each in arguments)
    if name.startswith("translate"):
        return any(_is_far(each) for each in arguments)
    if name in ("rotatex", "rotatey", "rotate3d") or name.startswith("skew"):
        return _EDGE_ON.search(argument) is not None
    if name == "matrix" and len(arguments) == 6:
        a, b, c, d, x, y = (number(each) or 0.0 for each in arguments)
        return abs(a * d - b * c) < 0.003 or min(x, y) <= -FAR_OFF or max(x, y) >= FAR_RIGHT

    return name == "matrix3d" and _is_near_zero(arguments[0])


def _is_near_zero(value: str) -> bool:
    factor = fraction(value)
    return factor is not None and abs(factor) < 0.05


def _is_far(value: str) -> bool:
    """Whether a translation leads off the page; a percentage is of the element's own size."""
    if value.endswith("%"):
        return abs(number(value[:-1]) or 0.0) > 100
    offset = pixels(value)
    return offset is not None and (offset <= -FAR_OFF or offset >= FAR_RIGHT)


def _is_small(values: dict[str, str], sizes: tuple[str, ...]) -> bool:
    """Whether one of these sizes is less than what can be seen."""
    return any((size := pixels(values.get(name, ""))) is not None and size < LEAST_BOX for name in sizes)


def _boxless(values: dict[str, str]) -> str | None:
    """Why a box shows nothing of what is in it: it has no size and clips, or is moved away."""
    get = values.get
    if get("content-visibility") == "hidden":
        return "content-visibility"
    if _transformed_away(values) or _is_beyond(get("margin-top", "")) or _is_beyond(get("margin-bottom", "")):
        return "off-screen"
    contained = any(word in get("contain", "") for word in ("strict", "paint", "content"))
    if not contained and not any(get(name) in _CLIPPING for name in ("overflow-x", "overflow-y")):
        return None
    if _is_small(values, _HEIGHTS) or _is_small(values, _WIDTHS):
        return "zero-size box"
    if _is_thin(get("line-height", "")) and "height" not in values:
        return "zero-size box"
    padding = pixels(get("padding-top", "")) or pixels(get("padding-left", "")) or 0
    return "off-screen" if padding >= FAR_RIGHT else None


def _is_thin(line_height: str) -> bool:
    height = pixels(line_height)
    return height is not None and height < 0.15


def _font_size(values: dict[str, str]) -> tuple[float, str] | None:
    value = values.get("font-size", "")
    if value in _KEYWORD_SIZES:
        return _KEYWORD_SIZES[value], "px"
    if value in ("smaller", "larger"):
        return (0.83 if value == "smaller" else 1.2), "em"
    if match := _OF_PARENT.fullmatch(value):
        # Finite, so that it is nothing of a parent that has no size.
        factor = min(float(match.group(1)), LARGEST)
        return factor / {"em": 1.0, "%": 100.0, "ex": 2.0, "ch": 2.0}[match.group(2)], "em"
    size = pixels(value)
    return (max(size, 0.0), "px") if size is not None else None


def _background(values: dict[str, str]) -> tuple[Colour | None, bool]:
    """The background colour, and whether something that is no plain colour is painted there."""
    colour, image = values.get("background-color", ""), values.get("background-image", "")
    if is_unknown(colour):
        return None, True
    plain = read_colour(colour)
    if "gradient" in image:
        # Of a gradient from a colour to itself only that colour is seen.
        found = {stop for word in _COLOUR_WORD.findall(image) if (stop := read_colour(word)) is not None}
        return (found.pop(), False) if len(found) == 1 else (None, True)
    return plain, "(" in image
