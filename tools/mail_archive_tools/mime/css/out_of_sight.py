"""Whether declarations leave nothing of an element to be seen: it is not shown, cut away, moved off the page or shrunk.

`values` are those of an element's properties by name, as `longhands` gives them.
"""

import re

from mail_archive_tools.mime.css.longhands import WIDE
from mail_archive_tools.mime.css.measures import fraction, number, pixels, pixels_or_zero
from mail_archive_tools.mime.css.syntax import words_of
from mail_archive_tools.mime.css.units import VIEWPORT

LEAST_OPACITY = 0.15
LEAST_BOX = 5.0
"""A box that clips what is larger, and is smaller than this (CSS pixels), shows nothing."""

FAR_OFF = 800.0
"""Text that is moved this far (CSS pixels) to the left of or above its place is taken to be off the page."""

FAR_RIGHT = 3000.0
OUT_OF_FLOW = ("absolute", "fixed")
HEIGHTS = ("height", "max-height")
_WIDTHS = ("width", "max-width")
_HIGHER = ("min-height", "padding-bottom")
_SIDES = ("left", "top", "right", "bottom")
_CROWDED = -6.0
"""Letters that are moved together so far (CSS pixels) stand on one another."""

_LEAST_LINE = 0.15
"""Lines that are lower than this (CSS pixels) show nothing."""

_BLURRED = 8.0
"""What is blurred so far (CSS pixels) cannot be read."""

_LEAST_SCALE = 0.05
_MEASURE = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(%|[a-z]*)")
# Functions with what is between their brackets, which may have one more level of brackets in it.
_ARGUMENTS = re.compile(r"([\w-]+)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# A mask shows what is below its opaque parts, whatever their colour (CSS Masking 1, 7.1).
_OPAQUE = re.compile(r"black|#0{3}|white|#f{3}|url")
# Columns of a table are there for widths and backgrounds; what is in them is not shown (CSS 2, 17.2).
_NOT_DISPLAYED = ("none", "table-column", "table-column-group")
_CLIPPING = ("hidden", "clip", "scroll", "auto")
_OVERFLOWS = ("overflow-x", "overflow-y")
_CONTAINING = ("strict", "paint", "content")
_POSITIONED = (*OUT_OF_FLOW, "relative", "sticky")
_PLACING = ("transform", "translate", "rotate", "scale", "filter")
_PLACING_CONTAINMENT = (*_CONTAINING, "layout")
_ANIMATING = ("animation", "animation-name")
_EDGE_ON = re.compile(r"(?:90|270)deg|\b0?\.25turn|1\.57\d*rad|100grad")


def hidden(values: dict[str, str]) -> str | None:
    """Why nothing in the element is seen, whatever kind of element it is."""
    get = values.get
    if get("display") in _NOT_DISPLAYED:
        return "display:none"
    if is_animated(values):
        # How it looks once it has moved, nobody can tell without running it (CSS Animations 1).
        return None
    if _is_faint(get("opacity", "")) or _is_faint(get("fill-opacity", "")) or _filtered_away(get("filter", "")):
        return "opacity"

    mask = get("mask-image", "")
    if "transparent" in mask and not _OPAQUE.search(mask):
        return "mask"
    if _cut_off(values) or _cut_away(get("clip-path", "")):
        return "clipped"
    if _moved_off(values):
        return "off-screen"
    return None


def is_animated(values: dict[str, str]) -> bool:
    """Whether a change over time is begun."""
    return any(values.get(name, "none") not in ("none", *WIDE) for name in _ANIMATING)


def _is_faint(value: str) -> bool:
    opacity = fraction(value)
    if opacity is None:
        return False
    return opacity < LEAST_OPACITY


def _filtered_away(value: str) -> bool:
    return any(_filter_hides(name, argument) for name, argument in _ARGUMENTS.findall(value))


def _filter_hides(name: str, argument: str) -> bool:
    if name == "opacity":
        return _is_faint(argument)
    if name == "blur":
        return pixels_or_zero(argument) >= _BLURRED
    return False


def _cut_off(values: dict[str, str]) -> bool:
    """Whether `clip` leaves less than two pixels; it holds for what is out of the flow (CSS Masking 1, appendix A)."""
    clip = values.get("clip", "")
    if values.get("position") not in OUT_OF_FLOW or not clip.startswith("rect("):
        return False
    edges = [pixels_or_zero(each) for each in re.split(r"[\s,]+", clip[5:].strip(") "))]
    if len(edges) != 4 or "auto" in clip:
        return False

    top, right, bottom, left = edges
    return bottom - top < 2 or right - left < 2


def _cut_away(clip_path: str) -> bool:
    return any(_leaves_nothing(name, argument) for name, argument in _ARGUMENTS.findall(clip_path))


def _leaves_nothing(shape: str, argument: str) -> bool:
    """Whether what is inside a shape is as good as nothing."""
    found = _MEASURE.findall(argument)
    sizes = [float(size) for size, _ in found]
    if not sizes:
        return shape == "polygon"

    if shape == "inset":
        return _inset_away([_share_of_box(float(size), unit) for size, unit in found[:4]])
    if shape in ("circle", "ellipse"):
        return sizes[0] <= 1
    if shape == "polygon":
        # All its points are in one place.
        return max(sizes) - min(sizes) <= 1
    if shape == "rect":
        return max(sizes) <= 1
    return False


def _share_of_box(size: float, unit: str) -> float:
    """In percent. How large the box is, is not known: of what is no percentage only what is huge counts."""
    if unit == "%":
        return size
    return 100.0 if size > 1000 else 0.0


def _inset_away(sides: list[float]) -> bool:
    """Whether nothing is left between the edges; each that is missing is as the one across."""
    if len(sides) == 1:
        sides = sides * 2
    if len(sides) == 2:
        sides = sides * 2
    if len(sides) == 3:
        sides = [*sides, sides[1]]
    top, right, bottom, left = sides
    return top + bottom >= 99 or left + right >= 99


def _moved_off(values: dict[str, str]) -> bool:
    get = values.get
    position = get("position")
    if position in (*OUT_OF_FLOW, "relative"):
        offsets = [get(side, "") for side in _SIDES]
        if any(_is_far_off(each) for each in offsets):
            return True
        if position in OUT_OF_FLOW and any(_is_whole_window(each) for each in offsets):
            return True

    return is_beyond(get("margin-left", ""))


def _is_far_off(offset: str) -> bool:
    size = pixels(offset)
    if size is None:
        return False
    return not -FAR_OFF < size < FAR_RIGHT


def is_beyond(margin: str) -> bool:
    """Whether a margin leads off the page."""
    size = pixels(margin)
    if size is None:
        return False
    return not -FAR_OFF * 2 < size < FAR_RIGHT


def _is_whole_window(offset: str) -> bool:
    """Whether an offset moves a box by a whole window or more."""
    if not offset.endswith(("%", "vw", "vh")):
        return False
    return abs(_number_or_zero(offset.rstrip("%vwh"))) >= 100


def is_indented(value: str) -> bool | None:
    """Whether the first line begins off the page; None: as around it."""
    if value == "initial":
        return False
    if value in WIDE:
        return None

    indent = 0.0
    for word in words_of(value):
        size = pixels(word)
        if size is not None:
            indent = size
            break
    # A percentage is of the element's own width.
    most = VIEWPORT if "%" in value else FAR_RIGHT
    return not -FAR_OFF < indent < most


def is_crowded(value: str) -> bool | None:
    """Whether all letters stand on one place; None: as around it."""
    if value == "initial":
        return False
    if value in WIDE:
        return None
    return pixels_or_zero(value) <= _CROWDED


def is_small(values: dict[str, str], names: tuple[str, ...]) -> bool:
    """Whether one of these sizes is less than what can be seen."""
    for name in names:
        size = pixels(values.get(name, ""))
        if size is not None and size < LEAST_BOX:
            return True
    return False


def is_thin(line_height: str) -> bool:
    """Whether lines have no height."""
    height = pixels(line_height)
    if height is None:
        return False
    return height < _LEAST_LINE


def boxless(values: dict[str, str]) -> str | None:
    """Why a box shows nothing of what is in it: it has no size and clips, or is moved away."""
    get = values.get
    if is_animated(values):
        return None
    if get("content-visibility") == "hidden":
        return "content-visibility"
    if _transformed_away(values):
        return "off-screen"
    if is_beyond(get("margin-top", "")):
        return "off-screen"

    padding = pixels_or_zero(get("padding-top", "")) or pixels_or_zero(get("padding-left", ""))
    if _clips(values) and padding >= FAR_RIGHT:
        return "off-screen"
    return None


def clipped(values: dict[str, str]) -> str | None:
    """Why a box shows nothing of what it clips. What is larger than a box shows beyond it, unless the box clips."""
    if not _clips(values) or is_animated(values):
        return None
    is_higher = max(pixels_or_zero(values.get(name, "")) for name in _HIGHER) >= LEAST_BOX
    is_flat = is_small(values, HEIGHTS) and not is_higher
    if is_flat or is_small(values, _WIDTHS):
        return "zero-size box"
    if is_thin(values.get("line-height", "")) and "height" not in values:
        return "zero-size box"
    return None


def contains_absolute(values: dict[str, str]) -> bool:
    """Whether what is placed absolutely in a box is placed, and so clipped, by it (CSS Positioned Layout 3, 2.1)."""
    return values.get("position") in _POSITIONED or contains_fixed(values)


def contains_fixed(values: dict[str, str]) -> bool:
    """Whether even what is fixed is placed by the box and not by the window: where the box is transformed, filtered or
    contained (CSS Transforms 1, 3; Filter Effects 1, 5; CSS Containment 2, 3.4)."""
    if any(values.get(name, "none") != "none" for name in _PLACING):
        return True
    contain = values.get("contain", "")
    return any(word in contain for word in _PLACING_CONTAINMENT)


def _clips(values: dict[str, str]) -> bool:
    """Paint containment clips as `overflow` does (CSS Containment 2, 3.4)."""
    if any(values.get(name) in _CLIPPING for name in _OVERFLOWS):
        return True
    contain = values.get("contain", "")
    return any(word in contain for word in _CONTAINING)


def _transformed_away(values: dict[str, str]) -> bool:
    """Whether a transformation leaves nothing of it, or moves it off the page."""
    get = values.get
    transform = get("transform", "")
    if any(_makes_unseen(name, argument) for name, argument in _ARGUMENTS.findall(transform)):
        return True
    if "180deg" in transform and get("backface-visibility") == "hidden":
        return True

    rotate = get("rotate", "")
    if rotate.startswith(("x", "y")) and _EDGE_ON.search(rotate):
        return True
    if any(_is_near_zero(each) for each in get("scale", "").split()):
        return True
    return any(_is_far(each) for each in get("translate", "").split())


def _makes_unseen(name: str, argument: str) -> bool:
    """Whether a function of a transformation leaves nothing to be seen."""
    arguments = [each.strip() for each in argument.split(",")]
    if name.startswith("scale"):
        return any(_is_near_zero(each) for each in arguments)
    if name.startswith("translate"):
        return any(_is_far(each) for each in arguments)
    if name in ("rotatex", "rotatey", "rotate3d") or name.startswith("skew"):
        return _EDGE_ON.search(argument) is not None
    if name == "matrix" and len(arguments) == 6:
        return _matrix_makes_unseen([_number_or_zero(each) for each in arguments])
    return name == "matrix3d" and _is_near_zero(arguments[0])


def _matrix_makes_unseen(numbers: list[float]) -> bool:
    a, b, c, d, x, y = numbers
    # The determinant is the factor of the area.
    if abs(a * d - b * c) < 0.003:
        return True
    return min(x, y) <= -FAR_OFF or max(x, y) >= FAR_RIGHT


def _is_near_zero(value: str) -> bool:
    factor = fraction(value)
    if factor is None:
        return False
    return abs(factor) < _LEAST_SCALE


def _is_far(value: str) -> bool:
    """Whether a translation leads off the page; a percentage is of the element's own size."""
    if value.endswith("%"):
        return abs(_number_or_zero(value[:-1])) > 100
    return _is_far_off(value)


def _number_or_zero(value: str) -> float:
    return number(value) or 0.0
