"""What declarations do to an element's text: whether a reader sees it, and what its children inherit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mail_archive_tools.mime.html.colour import Colour, read_colour
from mail_archive_tools.mime.html.css import VIEWPORT, Declaration, read_declarations

SMALLEST_TEXT = 5.0
"""Text below this size (CSS pixels) is taken for unreadable."""

LEAST_OPACITY = 0.15
LEAST_BOX = 5.0
"""A box that clips what is larger, and is smaller than this (CSS pixels), shows nothing."""

FAR_OFF = 150.0
"""Text that is moved this far (CSS pixels) to the left of or above its place is taken to be off the page."""

FAR_RIGHT = 3000.0
_EM = 16.0
_UNITS = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "rem": _EM, "em": _EM,
    "ex": 8.0, "ch": 8.0, "vw": VIEWPORT / 100, "vh": 6.0, "vmin": 6.0, "vmax": 8.0, "%": VIEWPORT / 100,
}  # fmt: skip
_LENGTH = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z%]*)$")
_TERM = re.compile(r"\s*([+*/-]?)\s*([+-]?(?:\d+\.?\d*|\.\d+))([a-z%]*)")
_MEASURE = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(%|[a-z]*)")
_ARGUMENTS = re.compile(r"([\w-]+)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_FONT_SIZE = re.compile(
    r"(?:^|\s)([+-]?(?:\d+\.?\d*|\.\d+)(?:px|pt|em|rem|ex|ch|%|pc|in|cm|mm|vw|vh)?)(?:\s*/\s*\S+)?\s+\S"
)
_KEYWORD_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*(?:\([^()]*\)[^()]*)*))?\)")
_COLOUR_WORD = re.compile(r"#[0-9a-f]{3,8}\b|(?:rgb|hsl|hwb)a?\([^()]*\)|\b[a-z]+\b(?!\()")
_NOT_DISPLAYED = ("none", "table-column", "table-column-group")
_CLIPPING = ("hidden", "clip", "scroll", "auto")
_EDGE_ON = re.compile(r"(?:90|270)deg|\b0?\.25turn|1\.57\d*rad|100grad")
_OUT_OF_FLOW = ("absolute", "fixed")


@dataclass(frozen=True)
class ComputedStyle:
    """What an element's own declarations say. None: nothing. `hidden` and `boxless` are reasons, the second for
    elements that have a box of their own (blocks, and what is displayed as one)."""

    hidden: str | None = None
    boxless: str | None = None
    visible: bool | None = None
    font_size: tuple[float, str] | None = None
    """A factor of the parent's size with unit "em", or CSS pixels with unit "px"."""
    colour: Colour | None = None
    background: Colour | None = None
    background_unknown: bool = False
    display: str | None = None
    preformatted: bool | None = None
    clips_text_to_background: bool = False


NOTHING = ComputedStyle()


@lru_cache(maxsize=4096)
def style_of(declarations: tuple[Declaration, ...]) -> ComputedStyle:
    """The look that these declarations, in their order, give; later ones win, important ones over others."""
    values: dict[str, str] = {}
    for important in (False, True):
        for each in declarations:
            if each.important is important:
                values[each.name] = each.value
    return _look(values) if values else NOTHING


@lru_cache(maxsize=4096)
def style_of_attribute(style: str) -> ComputedStyle:
    """The look that a style attribute gives by itself."""
    return style_of(read_declarations(style)) if style else NOTHING


def with_variables(
    declarations: tuple[Declaration, ...], variables: Mapping[str, str]
) -> tuple[tuple[Declaration, ...], Mapping[str, str]]:
    """The declarations with `var()` replaced, and the custom properties that children inherit."""
    own = {each.name: each.value for each in declarations if each.name.startswith("--")}
    known = {**variables, **own} if own else variables

    def value(match: re.Match[str]) -> str:
        return known.get(match.group(1), (match.group(2) or "").strip())

    return tuple(
        each._replace(value=_VARIABLE.sub(value, each.value)) if "var(" in each.value else each for each in declarations
    ), known


def _look(values: dict[str, str]) -> ComputedStyle:
    get = values.get
    colour = read_colour(get("-webkit-text-fill-color", "")) or read_colour(get("color", ""))
    background, unknown = _background(values)
    return ComputedStyle(
        hidden=_hidden(values),
        boxless=_boxless(values),
        visible={"hidden": False, "collapse": False, "visible": True}.get(get("visibility", "")),
        font_size=_font_size(values),
        colour=colour,
        background=background,
        background_unknown=unknown,
        display=get("display"),
        preformatted=get("white-space", "").startswith(("pre", "break-spaces")) if "white-space" in values else None,
        clips_text_to_background="text" in (get("background-clip", ""), get("-webkit-background-clip", "")),
    )


def _hidden(values: dict[str, str]) -> str | None:
    """Why nothing in the element is seen, whatever kind of element it is."""
    get = values.get
    if get("display") in _NOT_DISPLAYED:
        return "display:none"
    if get("content-visibility") == "hidden":
        return "content-visibility"
    opacity = _fraction(get("opacity", ""))
    if opacity is not None and opacity < LEAST_OPACITY:
        return "opacity"
    if _filtered_away(get("filter", "") or get("-webkit-filter", "")):
        return "opacity"
    mask = get("mask", "") + get("mask-image", "") + get("-webkit-mask", "") + get("-webkit-mask-image", "")
    if "transparent" in mask and not re.search(r"black|#0{3}|white|#f{3}|url", mask):
        return "mask"
    spacing = _pixels(get("letter-spacing", ""))
    if spacing is not None and spacing <= -6:
        return "letter-spacing"
    if (get("clip-path") or get("-webkit-clip-path") or get("clip")) and _clipped(values):
        return "clipped"
    if _moved_off(values):
        return "off-screen"
    return None


def _filtered_away(value: str) -> bool:
    for name, argument in _ARGUMENTS.findall(value):
        amount = _fraction(argument)
        if name == "opacity" and amount is not None and amount < LEAST_OPACITY:
            return True
        if name == "blur" and (_pixels(argument) or 0) >= 8:
            return True
    return False


def _clipped(values: dict[str, str]) -> bool:
    if values.get("position") in _OUT_OF_FLOW and values.get("clip", "").startswith("rect("):
        sides = [_pixels(each) or 0.0 for each in re.split(r"[\s,]+", values["clip"][5:].strip(") "))]
        if len(sides) == 4 and "auto" not in values["clip"] and (sides[2] - sides[0] < 2 or sides[1] - sides[3] < 2):
            return True

    path = values.get("clip-path") or values.get("-webkit-clip-path") or ""
    for name, argument in _ARGUMENTS.findall(path):
        numbers = [(float(number), unit) for number, unit in _MEASURE.findall(argument)]
        sizes = [number for number, _ in numbers]
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
    sides = [number if unit == "%" else (100.0 if number > 1000 else 0.0) for number, unit in numbers[:4]]
    top, right, bottom, left = (sides * 4)[:4] if len(sides) in (1, 2) else ([*sides, sides[1]])[:4]
    return top + bottom >= 99 or left + right >= 99


def _moved_off(values: dict[str, str]) -> bool:
    get = values.get
    position = get("position")
    if position in (*_OUT_OF_FLOW, "relative", "sticky"):
        for side in ("left", "top", "right", "bottom", "inset", "inset-inline-start", "inset-block-start"):
            offsets = [_pixels(each) for each in get(side, "").split()]
            for offset in offsets:
                if offset is not None and (offset <= -FAR_OFF or offset >= FAR_RIGHT):
                    return True
        if position in _OUT_OF_FLOW and any(_is_whole(get(side, "")) for side in ("left", "top", "right", "bottom")):
            return True
        layer = _number(get("z-index", ""))
        if layer is not None and layer < 0:
            return True

    indent = _pixels(get("text-indent", "").split(" ")[0])
    if indent is not None and (indent <= -FAR_OFF or indent >= FAR_RIGHT):
        return True
    if get("text-indent", "").endswith("%") and indent is not None and indent >= VIEWPORT:
        return True
    for name in ("margin-left", "margin-top", "margin"):
        margins = [margin for each in get(name, "").split() if (margin := _pixels(each)) is not None]
        if any(margin <= -FAR_OFF * 2 or margin >= FAR_RIGHT for margin in margins):
            return True

    return _transformed_away(values)


def _is_whole(value: str) -> bool:
    """Whether an offset moves a box by a whole window or more."""
    return value.endswith(("%", "vw", "vh")) and abs(_number(value.rstrip("%vwh")) or 0) >= 100


def _transformed_away(values: dict[str, str]) -> bool:
    """Whether a transformation leaves nothing of it, or moves it off the page."""
    transform = values.get("transform") or values.get("-webkit-transform") or ""
    if any(_makes_unseen(name, argument) for name, argument in _ARGUMENTS.findall(transform)):
        return True
    if any(_is_near_zero(each) for each in values.get("scale", "").split()) or _is_near_zero(values.get("zoom", "")):
        return True
    if "180deg" in transform and "hidden" in (
        values.get("backface-visibility"),
        values.get("-webkit-backface-visibility"),
    ):
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
        a, b, c, d, x, y = (_number(each) or 0.0 for each in arguments)
        return abs(a * d - b * c) < 0.003 or min(x, y) <= -FAR_OFF or max(x, y) >= FAR_RIGHT

    return name == "matrix3d" and _is_near_zero(arguments[0])


def _is_near_zero(value: str) -> bool:
    number = _fraction(value)
    return number is not None and abs(number) < 0.05


def _is_far(value: str) -> bool:
    """Whether a translation leads off the page; a percentage is of the element's own size."""
    if value.endswith("%"):
        return abs(_number(value[:-1]) or 0.0) > 100
    offset = _pixels(value)
    return offset is not None and (offset <= -FAR_OFF or offset >= FAR_RIGHT)


def _boxless(values: dict[str, str]) -> str | None:
    """Why a box shows nothing of what is in it: it has no size and clips."""
    get = values.get
    overflow = " ".join(get(name, "") for name in ("overflow", "overflow-x", "overflow-y"))
    contained = any(word in get("contain", "") for word in ("strict", "paint", "content"))
    if not contained and not any(word in overflow.split() for word in _CLIPPING):
        return None
    for name in (
        "height",
        "max-height",
        "width",
        "max-width",
        "block-size",
        "inline-size",
        "max-block-size",
        "max-inline-size",
    ):
        size = _pixels(get(name, ""))
        if size is not None and size < LEAST_BOX:
            return "zero-size box"

    line = get("line-height", "")
    height = _number(line) if _number(line) is not None else _pixels(line)
    if height is not None and height < 0.15 and "height" not in values:
        return "zero-size box"
    padding = _pixels(get("padding-top", "").split(" ")[0]) or _pixels(get("padding-left", "").split(" ")[0]) or 0
    return "off-screen" if padding >= FAR_RIGHT else None


def _font_size(values: dict[str, str]) -> tuple[float, str] | None:
    value = values.get("font-size", "")
    if not value and "font" in values:
        match = _FONT_SIZE.search(values["font"])
        value = match.group(1) if match else ""
    if not value or value == "inherit":
        return None
    if value in _KEYWORD_SIZES:
        return _KEYWORD_SIZES[value], "px"
    if value in ("smaller", "larger"):
        return (0.83 if value == "smaller" else 1.2), "em"
    if (match := _LENGTH.match(value)) and match.group(2) in ("em", "%", "ex", "ch"):
        return abs(float(match.group(1))) / {"em": 1.0, "%": 100.0, "ex": 2.0, "ch": 2.0}[match.group(2)], "em"
    pixels = _pixels(value)
    return (pixels, "px") if pixels is not None and pixels >= 0 else None


def _background(values: dict[str, str]) -> tuple[Colour | None, bool]:
    """The background colour, and whether something that is no plain colour is painted there."""
    shorthand, image = values.get("background", ""), values.get("background-image", "")
    plain = read_colour(values.get("background-color", "")) or read_colour(shorthand)
    painted = shorthand + image
    if "gradient" in painted:
        # Of a gradient from a colour to itself only that colour is seen.
        found = {colour for word in _COLOUR_WORD.findall(painted) if (colour := read_colour(word)) is not None}
        return (found.pop(), False) if len(found) == 1 else (None, True)
    if "url(" in painted:
        return plain, True
    if plain is None and shorthand:
        plain = next((colour for word in _COLOUR_WORD.findall(shorthand) if (colour := read_colour(word))), None)
    return plain, False


def _pixels(value: str) -> float | None:
    """A length in CSS pixels; sums, products and choices of lengths are worked out. None: it is none."""
    value = value.strip()
    if match := _LENGTH.match(value):
        return float(match.group(1)) * _UNITS[match.group(2)] if match.group(2) in _UNITS else None
    if value.endswith(")") and "(" in value:
        name, _, inner = value[:-1].partition("(")
        if name in ("calc", "-webkit-calc"):
            return _calculated(inner)
        sizes = [size for each in inner.split(",") if (size := _calculated(each)) is not None]
        if sizes and name in ("min", "max", "clamp"):
            return {"min": min(sizes), "max": max(sizes), "clamp": max(sizes[0], sizes[len(sizes) // 2])}[name]

    return None


def _calculated(expression: str) -> float | None:
    """A chain of terms, from left to right; enough for what mail computes."""
    total: float | None = None
    for operator, number, unit in _TERM.findall(expression.replace("(", " ").replace(")", " ")):
        size = float(number) * _UNITS.get(unit, 1.0)
        if total is None:
            total = -size if operator == "-" else size
        elif operator == "*":
            total *= size
        elif operator == "/":
            total = total / size if size else total
        else:
            total += -size if operator == "-" else size

    return total


def _fraction(value: str) -> float | None:
    if value.endswith(")"):
        return _pixels(value)
    number = _number(value.rstrip("%"))
    return number / 100 if number is not None and value.endswith("%") else number


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
