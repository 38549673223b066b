"""What declarations do to an element's text: whether a reader sees it, and what its children inherit."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mail_archive_tools.mime.css.cascade import in_order
from mail_archive_tools.mime.css.colours.colour import BLACK, TRANSPARENT, Colour
from mail_archive_tools.mime.css.colours.reading import is_unknown, read_colour
from mail_archive_tools.mime.css.declarations import Declaration, read_declarations
from mail_archive_tools.mime.css.longhands import ALL, INITIAL, WIDE
from mail_archive_tools.mime.css.measures import pixels, pixels_or_zero
from mail_archive_tools.mime.css.out_of_sight import (
    HEIGHTS,
    LEAST_BOX,
    OUT_OF_FLOW,
    boxless,
    clipped,
    contains_absolute,
    contains_fixed,
    hidden,
    is_animated,
    is_crowded,
    is_indented,
    is_small,
    is_thin,
)
from mail_archive_tools.mime.css.units import LARGEST

SMALLEST_TEXT = 3.0
"""Text below this size (CSS pixels) is taken for unreadable. Some footers have three."""

LARGEST_TEXT = 10_000.0
"""The size (CSS pixels) beyond which Chromium makes no text larger: what is inside is a fraction of that."""

_OF_PARENT = re.compile(r"\+?((?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)(em|%|ex|ch)")
_UNITS_OF_PARENT = {"em": 1.0, "%": 100.0, "ex": 2.0, "ch": 2.0}
"""How many make up the parent's size."""

# As browsers have them where a reader has set nothing: `medium` is 16 pixels (CSS Fonts 4, 2.5).
_KEYWORD_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
_COLOUR_WORD = re.compile(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl|hwb)a?\([^()]*\)|\b[a-z]+\b(?!\()")
_VISIBILITIES = {"hidden": False, "collapse": False, "visible": True}
_OUTLINES = ("text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-width")
_NO_OUTLINE = ("none", "0", "0px", *WIDE)
_HIGHER = ("height", "min-height", "padding-top", "padding-bottom")


class Paint(NamedTuple):
    """A colour that is set: None where it cannot be worked out, or is `inherit`ed, or the `current` colour."""

    colour: Colour | None = None
    inherited: bool = False
    current: bool = False


_INHERITED, _CURRENT, _UNKNOWN = Paint(inherited=True), Paint(current=True), Paint()


@dataclass(frozen=True)
class ComputedStyle:
    """What an element's own declarations say. None: nothing. `hidden`, `boxless` and `clipped` are reasons, the last
    two for elements that have a box of their own (blocks, and what is displayed or placed as one)."""

    hidden: str | None = None
    boxless: str | None = None
    clipped: str | None = None
    """Of what the box clips. What is placed out of it is not clipped."""
    position: str | None = None
    contains_absolute: bool = False
    contains_fixed: bool = False
    """Whether what is placed absolutely, or fixed, in it is placed by it."""
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
    outlined: bool | None = None
    """Whether its letters have a shadow or a stroke, which are seen whatever their colour is; children inherit that."""


NOTHING = ComputedStyle()


@lru_cache(maxsize=4096)
def style_of(declarations: tuple[Declaration, ...]) -> ComputedStyle:
    """The look that these declarations, in their order, give; later ones win, important ones over others."""
    values: dict[str, str] = {}
    for each in in_order(declarations):
        if each.name == ALL and each.value == "initial":
            values |= INITIAL
        elif each.name == ALL and each.value == "unset":
            # What children inherit is inherited, as it is where nothing is said; `display` is none of that.
            values["display"] = INITIAL["display"]
        else:
            values[each.name] = each.value
    return _look(values) if values else NOTHING


@lru_cache(maxsize=4096)
def style_of_attribute(style: str, quirks: bool) -> ComputedStyle:
    """The look that a style attribute gives by itself."""
    if not style:
        return NOTHING
    return style_of(read_declarations(style, quirks))


def _look(values: dict[str, str]) -> ComputedStyle:
    get = values.get
    background, is_unknown_background = _background(get("background-color", ""), get("background-image", ""))
    is_taken_out = get("position") in OUT_OF_FLOW or get("float") in ("left", "right")
    return ComputedStyle(
        hidden=hidden(values),
        boxless=boxless(values),
        clipped=clipped(values),
        position=get("position"),
        contains_absolute=contains_absolute(values),
        contains_fixed=contains_fixed(values),
        taken_out=is_taken_out,
        indented=is_indented(get("text-indent", "inherit")),
        crowded=is_crowded(get("letter-spacing", "inherit")),
        flat=is_small(values, HEIGHTS),
        visible=_visible(values),
        font_size=_font_size(get("font-size", "")),
        colour=_paint(get("color")),
        fill=_paint(get("-webkit-text-fill-color")),
        svg_fill=_svg_paint(get("fill")),
        background=background,
        background_unknown=is_unknown_background,
        display=get("display"),
        preformatted=_is_preformatted(get("white-space")),
        clips_text_to_background=get("background-clip") == "text",
        thin=_is_thin(get("line-height")),
        has_height=_has_height(values),
        outlined=_is_outlined(values),
    )


def _visible(values: dict[str, str]) -> bool | None:
    """What it says of being seen; None: as around it."""
    if is_animated(values):
        return True
    return _VISIBILITIES.get(values.get("visibility", ""))


def _is_outlined(values: dict[str, str]) -> bool | None:
    """Whether something beside the letters' own colour is painted; None: as around it."""
    if is_animated(values):
        return True
    said = [values[name] for name in _OUTLINES if name in values]
    if not said:
        return None
    return any(value not in _NO_OUTLINE for value in said)


def _is_preformatted(white_space: str | None) -> bool | None:
    """Whether white space stays as it is written; None: as around it."""
    if white_space is None:
        return None
    return white_space.startswith(("pre", "break-spaces"))


def _is_thin(line_height: str | None) -> bool | None:
    """Whether its lines have no height; None: as around it."""
    if line_height is None:
        return None
    return is_thin(line_height)


def _has_height(values: dict[str, str]) -> bool:
    return max(pixels_or_zero(values.get(name, "")) for name in _HIGHER) >= LEAST_BOX


def _paint(value: str | None) -> Paint | None:
    """What a property of a colour says; None: nothing."""
    if value is None:
        return None
    # Colours of text are inherited, so that to take them back is to inherit them.
    if value in ("inherit", "unset", "revert", "revert-layer"):
        return _INHERITED
    if value == "currentcolor":
        return _CURRENT
    if value == "initial":
        return Paint(BLACK)

    colour = read_colour(value)
    if colour is not None:
        return Paint(colour)
    return _UNKNOWN if is_unknown(value) else None


def _svg_paint(value: str | None) -> Paint | None:
    """What the fill of SVG text says: a colour, nothing, or what is defined elsewhere."""
    if value == "none":
        return Paint(TRANSPARENT)
    if value is not None and value.startswith("url("):
        return _UNKNOWN
    return _paint(value)


def _font_size(value: str) -> tuple[float, str] | None:
    if value in _KEYWORD_SIZES:
        return _KEYWORD_SIZES[value], "px"
    # From one keyword to the next is about a factor of 1.2 (CSS Fonts 4, 2.5).
    if value == "smaller":
        return 0.83, "em"
    if value == "larger":
        return 1.2, "em"

    of_parent = _OF_PARENT.fullmatch(value)
    if of_parent is not None:
        # Finite, so that it is nothing of a parent that has no size.
        factor = min(float(of_parent.group(1)), LARGEST)
        return factor / _UNITS_OF_PARENT[of_parent.group(2)], "em"
    size = pixels(value)
    if size is None:
        return None
    return max(size, 0.0), "px"


def _background(colour: str, image: str) -> tuple[Colour | None, bool]:
    """The background colour, and whether something that is no plain colour is painted there."""
    if is_unknown(colour):
        return None, True
    if "gradient" not in image:
        return read_colour(colour), "(" in image

    # Of a gradient from a colour to itself only that colour is seen.
    stops = {read_colour(word) for word in _COLOUR_WORD.findall(image)} - {None}
    if len(stops) == 1:
        return stops.pop(), False
    return None, True
