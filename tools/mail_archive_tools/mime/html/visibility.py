"""Whether the text of an element is seen, by its looks and by those of the elements around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from mail_archive_tools.mime.css.cascade import Rule, cascade
from mail_archive_tools.mime.css.colours.colour import BLACK, LINK, WHITE, Colour, contrast
from mail_archive_tools.mime.css.colours.reading import read_colour
from mail_archive_tools.mime.css.computed_style import (
    LARGEST_TEXT,
    NOTHING,
    SMALLEST_TEXT,
    ComputedStyle,
    style_of,
    style_of_attribute,
)
from mail_archive_tools.mime.css.declarations import read_declarations
from mail_archive_tools.mime.css.longhands import WIDE
from mail_archive_tools.mime.css.sheets import Sheet
from mail_archive_tools.mime.html.drawings import (
    DRAWN,
    PLACED,
    drawing_height,
    drawn_style,
    outside_drawing,
    place_of,
    scale_of,
)

LEAST_CONTRAST = 1.2
"""Text with less (WCAG 2 ratio) is taken to be in the background's colour."""

BLOCKS = frozenset(
    (
        "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main nav ol p pre section summary table tr ul marquee "
        "caption search menu dir listing xmp plaintext option"
    ).split()
)
_BOXES = BLOCKS | frozenset("td th tbody thead tfoot img input button textarea select".split())
_LEGACY = frozenset("bgcolor background color text hidden link popover".split())
_COLOUR_ATTRIBUTES = {"font": "color", "body": "text"}
_STYLING = _LEGACY | {"style"}
_PREFORMATTED = frozenset("pre xmp listing plaintext".split())
_CLOSABLE = frozenset("dialog marquee mphantom".split())
_SPECIAL = _PREFORMATTED | _CLOSABLE | DRAWN | {"a", "table", "body", "foreignobject"}


@dataclass(slots=True, eq=False)
class Seen:
    """What an element hands down to what is in it. Not changed once it is made."""

    hidden: str | None = None
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
    """The background of a block here: what is in line has its own behind words alone, not behind blocks in it."""
    indented: bool = False
    crowded: bool = False
    thin: bool = False
    """Lines have no height."""
    preformatted: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    why: str | None = None
    """The reason that applies to text here, worked out once."""


class Visibility:
    """What holds for the elements of one document, asked for from the outermost inwards."""

    def __init__(self, sheet: Sheet, quirks: bool) -> None:
        """`quirks`: the document has no doctype, so tables do not take colour and size from around them."""
        self._sheet = sheet
        self._quirks = quirks
        self._styling = _STYLING | sheet.attributes
        self._styled_tags = _SPECIAL | sheet.tags
        self._styles_all = sheet.is_for_all
        self._has_rules = bool(sheet.tags or sheet.attributes or sheet.is_for_all)
        self._link_colour = LINK
        self.page = Seen()
        self._known: dict[tuple[object, ...], tuple[Seen, Seen]] = {}

    def may_differ(self, tag: str, attributes: dict[str, str | None], seen: Seen) -> bool:
        """Whether an element may look otherwise than what is around it. False for most, and cheap."""
        if tag in self._styled_tags or self._styles_all or not self._styling.isdisjoint(attributes):
            return True
        return seen.background is not seen.behind_blocks and tag in _BOXES

    def inside(self, node: LexborNode, tag: str, attributes: dict[str, str | None], seen: Seen) -> Seen:
        """What holds for the text in an element, by what holds around it."""
        get = attributes.get
        style = drawn_style(attributes) if tag in DRAWN else get("style")
        legacy = _legacy(attributes)
        own = self._own_reason(tag, attributes) if tag in _CLOSABLE else None
        if tag in PLACED:
            own = outside_drawing(node, tag, attributes, seen.drawing)
        found = self._sheet.found(node) if self._styles_all else ()
        place = place_of(attributes) if tag in DRAWN else None

        # The same markup comes a hundred times in one mail. What is around it is kept, so that its id stays its own.
        key = (
            id(seen),
            tag,
            style,
            get("class"),
            get("id"),
            legacy,
            own,
            found,
            place,
            tag == "a" and "href" in attributes,
        )
        known = self._known.get(key)
        if known is not None:
            return known[1]

        look, variables = self._look(style or "", self._rules(tag, attributes, found), seen)
        inside = seen
        if look is not NOTHING or legacy or own or tag in _SPECIAL or seen.background is not seen.behind_blocks:
            inside = self._styled(tag, attributes, look, own, seen, variables)
        self._known[key] = (seen, inside)
        return inside

    def begin_page(self, body: Seen, attributes: dict[str, str | None]) -> None:
        """Take note of what holds in the body: tables go back to it in quirks mode, links take its colour."""
        self.page = body
        self._link_colour = read_colour(attributes.get("link") or "") or self._link_colour

    def _rules(self, tag: str, attributes: dict[str, str | None], found: tuple[Rule, ...]) -> list[Rule]:
        return self._sheet.rules(tag, attributes, found) if self._has_rules else []

    def _look(self, style: str, rules: list[Rule], seen: Seen) -> tuple[ComputedStyle, Mapping[str, str]]:
        """What style attribute and rules make of an element, and the custom properties that it hands down."""
        if not rules and not seen.variables and "var(" not in style and "--" not in style:
            return style_of_attribute(style, self._quirks), seen.variables
        declared = read_declarations(style, self._quirks)
        declarations, variables = cascade(rules, declared, seen.variables, self._quirks)
        return style_of(declarations), variables

    def _styled(
        self,
        tag: str,
        attributes: dict[str, str | None],
        look: ComputedStyle,
        own: str | None,
        seen: Seen,
        variables: Mapping[str, str],
    ) -> Seen:
        colour, size = self._colour(tag, attributes, look, seen), seen.font_size
        if self._quirks and tag == "table":
            size = 16.0
        painted, filled = _painted(tag, look, seen, colour)
        if look.font_size is not None:
            number, unit = look.font_size
            size = min(number * size if unit == "em" else number, LARGEST_TEXT)

        hidden = seen.hidden or self._hidden(tag, attributes, look) or own
        visible = seen.visible if look.visible is None else look.visible
        preformatted = tag in _PREFORMATTED or seen.preformatted
        if look.preformatted is not None:
            preformatted = look.preformatted
        is_box = _is_box(tag, look)
        around = seen.behind_blocks if is_box else seen.background
        background = _background(attributes, look, around)
        thin = seen.thin if look.thin is None else look.thin
        inside = Seen(
            hidden=hidden,
            visible=visible,
            font_size=size,
            colour=colour,
            painted=painted,
            filled=filled,
            scale=scale_of(attributes) if tag == "svg" else seen.scale,
            drawing=drawing_height(tag, attributes, seen.drawing),
            # A block whose lines have no height has none, either: its words stand on what is around it.
            background=around if is_box and thin and not look.has_height else background,
            behind_blocks=background if is_box else seen.behind_blocks,
            indented=seen.indented if look.indented is None or not is_box else look.indented,
            crowded=seen.crowded if look.crowded is None else look.crowded,
            thin=thin,
            preformatted=preformatted,
            variables=variables,
        )
        inside.why = _why(inside)
        return inside

    def _colour(self, tag: str, attributes: dict[str, str | None], look: ComputedStyle, seen: Seen) -> Colour | None:
        if look.colour is not None:
            return seen.colour if look.colour.inherited or look.colour.current else look.colour.colour
        if legacy := read_colour(attributes.get(_COLOUR_ATTRIBUTES.get(tag, "")) or ""):
            return legacy
        if tag == "a" and "href" in attributes:
            return self._link_colour
        return self.page.colour if self._quirks and tag == "table" else seen.colour

    def _hidden(self, tag: str, attributes: dict[str, str | None], look: ComputedStyle) -> str | None:
        """Why the element and what is in it are not seen, by its looks."""
        if look.hidden:
            return look.hidden
        if ("hidden" in attributes or "popover" in attributes) and look.display in (None, "none"):
            return "hidden"
        if tag == "mphantom":
            return "not rendered"
        if look.flat and tag == "textarea":
            return "zero-size box"
        if look.boxless and _is_box(tag, look):
            return look.boxless
        return None

    def _own_reason(self, tag: str, attributes: dict[str, str | None]) -> str | None:
        """Why the element is not seen, by what it is and where it stands."""
        if tag == "dialog":
            return None if "open" in attributes else "closed"
        if tag == "marquee":
            return "zero-size box" if any(is_tiny(attributes.get(name)) for name in ("width", "height")) else None
        return None


def _legacy(attributes: dict[str, str | None]) -> tuple[object, ...] | None:
    """What the attributes from before CSS say; None where there are none."""
    if _LEGACY.isdisjoint(attributes):
        return None
    get = attributes.get
    present = ("background" in attributes, "hidden" in attributes, "popover" in attributes)
    return (get("bgcolor"), get("color"), get("text"), *present)


def _is_box(tag: str, look: ComputedStyle) -> bool:
    """Whether an element is a box of its own, rather than in line with the words around it."""
    if look.taken_out:
        return True
    if look.display is None:
        return tag in _BOXES
    return look.display not in ("inline", "contents", *WIDE)


def _background(attributes: dict[str, str | None], look: ComputedStyle, around: Colour | None) -> Colour | None:
    """The colour behind the text; None where it is not known."""
    if look.background_unknown or look.clips_text_to_background or attributes.get("background"):
        return None
    own = look.background or read_colour(attributes.get("bgcolor") or "")
    if own is None or own.alpha <= 0:
        return around
    if own.alpha >= 1:
        return own
    return own.over(around) if around is not None else None


def _why(seen: Seen) -> str | None:
    """Why text that looks like this is not seen; None: it is."""
    if seen.hidden:
        return seen.hidden
    if not seen.visible:
        return "visibility:hidden"
    if seen.indented:
        return "off-screen"
    if seen.crowded:
        return "letter-spacing"
    if seen.font_size * seen.scale < SMALLEST_TEXT:
        return "tiny text"
    if seen.painted is None:
        return None
    if seen.painted.alpha < 0.1:
        return "transparent text"
    if seen.background is not None and contrast(seen.painted, seen.background) < LEAST_CONTRAST:
        return "text in the background's colour"
    return None


def _painted(tag: str, look: ComputedStyle, seen: Seen, colour: Colour | None) -> tuple[Colour | None, bool]:
    """What text is painted with, and whether that is handed down instead of the colour."""
    if tag == "foreignobject":
        return colour, False
    fill = look.svg_fill if tag in DRAWN else look.fill
    if fill is not None and not fill.inherited:
        return (colour, False) if fill.current and tag not in DRAWN else (colour if fill.current else fill.colour, True)
    if tag == "svg":
        return BLACK, True
    return (seen.painted, True) if seen.filled else (colour, False)


def is_tiny(size: str | None) -> bool:
    """Whether a width or height attribute leaves nothing to be seen."""
    return size is not None and size[:1] in " 01" and size.strip().rstrip("px") in ("0", "1", "0%")
