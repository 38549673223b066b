"""Text in SVG drawings: its looks by presentation attributes, and whether it stands where it can be seen (SVG 2)."""

from selectolax.lexbor import LexborNode

from mail_archive_tools.mime.css.measures import number, pixels
from mail_archive_tools.mime.css.out_of_sight import FAR_OFF, FAR_RIGHT

DRAWN = frozenset("svg g text tspan textpath".split())
"""Elements of drawings that hold text, or what does."""

PLACED = frozenset(("svg", "text"))
"""Those of them whose place may be outside of what is shown."""

Attributes = dict[str, str | None]

_ASCENT = 40.0
"""How far up letters may reach from where they stand, in CSS pixels."""

_PRESENTATION = ("display", "visibility", "opacity", "fill", "fill-opacity", "font-size", "transform")
_MOVING = frozenset(("dy", "dominant-baseline", "transform"))
_PLACE = ("x", "y", "dy", "width", "height", "viewBox", "viewbox", "transform", "dominant-baseline")


def drawn_style(attributes: Attributes) -> str:
    """The presentation attributes (SVG 2, 6.6) as declarations, before those of the style attribute."""
    declared: list[str] = []
    for name in _PRESENTATION:
        value = attributes.get(name)
        if value:
            declared.append(f"{name}:{value}")
    declared.append(attributes.get("style") or "")
    return ";".join(declared)


def place_of(attributes: Attributes) -> tuple[str | None, ...]:
    """What tells where an element of a drawing is, and how large."""
    return tuple(attributes.get(name) for name in _PLACE)


def scale_of(attributes: Attributes) -> float:
    """How much smaller a drawing is shown than it is made (SVG 2, 8.2)."""
    box = [number(each) for each in _box(attributes).replace(",", " ").split()]
    if len(box) != 4:
        return 1.0
    _, _, width, height = box
    if not width or not height:
        return 1.0

    # It is shown as large as it is made where no size is said.
    shown_width = _size(attributes, "width") or width
    shown_height = _size(attributes, "height") or height
    return min(shown_width / width, shown_height / height)


def drawing_height(tag: str, attributes: Attributes, around: float | None) -> float | None:
    """How high the drawing is that an element is or is in; None where what moves its texts is in between."""
    if "transform" in attributes or "transform" in (attributes.get("style") or ""):
        return None
    if tag != "svg":
        return around
    if _box(attributes):
        return None
    # What has no height has 150 pixels (CSS 2, 10.6.2).
    return _size(attributes, "height", "150")


def outside_drawing(node: LexborNode, tag: str, attributes: Attributes, height: float | None) -> str | None:
    """Why nothing is seen of a drawing, or of a text in one that is so high, by where it is."""
    if tag == "svg":
        is_empty = _is_nothing(attributes, "width") or _is_nothing(attributes, "height")
        return "zero-size box" if is_empty else None

    right, down = _place(attributes, "x"), _place(attributes, "y")
    if _is_outside(right) or _is_outside(down):
        return "off-screen"
    if height is None or down is None or not _MOVING.isdisjoint(attributes):
        return None
    if next(node.iter(), None) is not None:
        # What is in it may stand elsewhere.
        return None

    # A text stands on its place: at the upper edge it is above the drawing.
    is_outside = down < 1 or down > height + _ASCENT
    return "off-screen" if is_outside else None


def _is_nothing(attributes: Attributes, name: str) -> bool:
    size = _size(attributes, name)
    return size is not None and size < 2


def _place(attributes: Attributes, name: str) -> float | None:
    """Where a text begins: the first of the places, of which each letter may have its own (SVG 2, Text)."""
    places = attributes.get(name) or "0"
    return pixels(places.split(" ")[0])


def _is_outside(offset: float | None) -> bool:
    if offset is None:
        return False
    return not -FAR_OFF < offset < FAR_RIGHT


def _box(attributes: Attributes) -> str:
    return attributes.get("viewBox") or attributes.get("viewbox") or ""


def _size(attributes: Attributes, name: str, otherwise: str = "") -> float | None:
    return pixels((attributes.get(name) or otherwise).strip())
