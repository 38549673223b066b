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
_PLACE = ("x", "y", "dy", "width", "height", "viewBox", "viewbox", "transform", "dominant-baseline")


def drawn_style(attributes: Attributes) -> str:
    """The presentation attributes (SVG 2, 6.6) as declarations, before those of the style attribute."""
    declared = [f"{name}:{value}" for name in _PRESENTATION if (value := attributes.get(name))]
    return ";".join([*declared, attributes.get("style") or ""])


def place_of(attributes: Attributes) -> tuple[str | None, ...]:
    """What tells where an element of a drawing is, and how large."""
    return tuple(attributes.get(name) for name in _PLACE)


def scale_of(attributes: Attributes) -> float:
    """How much smaller a drawing is shown than it is made (SVG 2, 8.2)."""
    box = [number(each) for each in _box(attributes).replace(",", " ").split()]
    width, height = (_size(attributes, name) for name in ("width", "height"))
    if len(box) != 4 or not box[2] or not box[3]:
        return 1.0
    return min((shown or made) / made for shown, made in ((width, box[2]), (height, box[3])))


def drawing_height(tag: str, attributes: Attributes, around: float | None) -> float | None:
    """How high the drawing is that an element is or is in; None where what moves its texts is in between."""
    if "transform" in attributes or "transform" in (attributes.get("style") or ""):
        return None
    if tag != "svg":
        return around
    return None if _box(attributes) else _size(attributes, "height", "150")


def outside_drawing(node: LexborNode, tag: str, attributes: Attributes, height: float | None) -> str | None:
    """Why nothing is seen of a drawing, or of a text in one that is so high, by where it is."""
    if tag == "svg":
        sizes = (_size(attributes, name) for name in ("width", "height"))
        return "zero-size box" if any(size is not None and size < 2 for size in sizes) else None
    left, down = (pixels((attributes.get(name) or "0").split(" ")[0]) for name in ("x", "y"))
    if any(offset and not -FAR_OFF < offset < FAR_RIGHT for offset in (left, down)):
        return "off-screen"
    # A text stands on its place: at the upper edge it is above the drawing.
    if height is None or down is None or not {"dy", "dominant-baseline", "transform"}.isdisjoint(attributes):
        return None
    # What is in it may stand elsewhere.
    if next(node.iter(), None) is not None:
        return None
    return "off-screen" if down < 1 or down > height + _ASCENT else None


def _box(attributes: Attributes) -> str:
    return attributes.get("viewBox") or attributes.get("viewbox") or ""


def _size(attributes: Attributes, name: str, otherwise: str = "") -> float | None:
    return pixels((attributes.get(name) or otherwise).strip())
