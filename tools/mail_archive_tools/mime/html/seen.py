"""What the elements of a document hand down of being seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mail_archive_tools.mime.css.colours.colour import BLACK, WHITE, Colour
from mail_archive_tools.mime.css.computed_style import ComputedStyle


@dataclass(slots=True, frozen=True)
class Clip:
    """Why what is in a box is clipped away; None: it is not. What is placed absolutely or fixed is clipped by those
    boxes alone that place it, and by what clips them (CSS Overflow 3, 3)."""

    in_flow: str | None = None
    absolute: str | None = None
    fixed: str | None = None

    def within(self, look: ComputedStyle, is_box: bool) -> "Clip":
        """What holds in an element of this look that stands where this holds."""
        around = {"absolute": self.absolute, "fixed": self.fixed}.get(look.position or "", self.in_flow)
        own = look.clipped if is_box else None
        in_flow = around or own
        absolute = in_flow if look.contains_absolute else self.absolute
        fixed = in_flow if look.contains_fixed else self.fixed
        return Clip(in_flow, absolute, fixed)


NO_CLIP = Clip()


@dataclass(slots=True, eq=False)
class Seen:
    """What an element hands down to what is in it. Not changed once it is made."""

    hidden: str | None = None
    clip: Clip = NO_CLIP
    visible: bool = True
    font_size: float = 16.0
    colour: Colour | None = BLACK
    painted: Colour | None = BLACK
    """What text is painted with: its colour, or, where it is `filled`, another. None: not known."""
    filled: bool = False
    scale: float = 1.0
    """How much an SVG drawing is made smaller."""
    drawing: float | None = None
    """The height of the SVG drawing, where the places of its texts can be told."""
    background: Colour | None = WHITE
    behind_blocks: Colour | None = WHITE
    """The background that a block here begins with. An inline element paints its background behind its own words alone,
    so that a block inside one stands on what is around the line."""
    indented: bool = False
    crowded: bool = False
    thin: bool = False
    """Lines have no height."""
    outlined: bool = False
    """Letters have a shadow or a stroke."""
    preformatted: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    why: str | None = None
    """The reason that applies to text here, worked out once."""
