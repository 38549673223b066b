"""Whether the text of an element is seen, by its looks and by those of the elements around it."""

from collections.abc import Mapping
from copy import copy

from selectolax.lexbor import LexborNode

from mail_archive_tools.mime.css.cascade import Rule, cascade
from mail_archive_tools.mime.css.colours.colour import BLACK, LINK, Colour, contrast
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
from mail_archive_tools.mime.css.out_of_sight import OUT_OF_FLOW
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
from mail_archive_tools.mime.html.seen import NO_CLIP, Clip, Seen

LEAST_CONTRAST = 1.2
"""Text with less (WCAG 2 ratio) is taken to be in the background's colour."""

_LEAST_ALPHA = 0.1
_HIDING = frozenset(("hidden", "popover"))
_TINY = ("0", "1", "0%")
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


class Visibility:
    """What holds for the elements of one document, asked for from the outermost inwards."""

    def __init__(self, sheet: Sheet, quirks: bool, *, only_certain: bool = False) -> None:
        """`quirks`: the document has no doctype, so tables do not take colour and size from around them. With
        `only_certain`, rules whose condition cannot be decided are left aside."""
        self._sheet = sheet
        self._only_certain = only_certain
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
        # A block in a line leaves the line's background.
        return seen.background is not seen.behind_blocks and tag in _BOXES

    def inside(self, node: LexborNode, tag: str, attributes: dict[str, str | None], seen: Seen) -> Seen:
        """What holds for the text in an element, by what holds around it."""
        get = attributes.get
        style, place = get("style"), None
        if tag in DRAWN:
            style, place = drawn_style(attributes), place_of(attributes)
        own = None
        if tag in _CLOSABLE:
            own = _own_reason(tag, attributes)
        elif tag in PLACED:
            own = outside_drawing(node, tag, attributes, seen.drawing)
        legacy = _legacy(attributes)
        found = self._sheet.found(node) if self._styles_all else ()

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

        rules = self._rules(tag, attributes, found)
        look, variables = self._look(style or "", rules, seen)
        inside = seen
        if look is not NOTHING or _differs_by_itself(tag, legacy, own, seen):
            inside = self._styled(tag, attributes, look, own, seen, variables)
        self._known[key] = (seen, inside)
        return inside

    def _rules(self, tag: str, attributes: dict[str, str | None], found: tuple[Rule, ...]) -> list[Rule]:
        if not self._has_rules:
            return []
        rules = self._sheet.rules(tag, attributes, found)
        if not self._only_certain:
            return rules
        return [rule for rule in rules if rule.is_certain]

    def begin_page(self, body: Seen, attributes: dict[str, str | None]) -> None:
        """Take note of what holds in the body: tables go back to it in quirks mode, links take its colour."""
        self.page = body
        link_colour = read_colour(attributes.get("link") or "")
        if link_colour is not None:
            self._link_colour = link_colour

    def shut(self, seen: Seen) -> Seen:
        """What holds in a part that shows only after a click."""
        shut = copy(seen)
        shut.hidden = shut.why = seen.hidden or "closed"
        return shut

    def _look(self, style: str, rules: list[Rule], seen: Seen) -> tuple[ComputedStyle, Mapping[str, str]]:
        """What style attribute and rules make of an element, and the custom properties that it hands down."""
        has_variables = seen.variables or "var(" in style or "--" in style
        if not rules and not has_variables:
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
        colour = self._colour(tag, attributes, look, seen)
        painted, filled = _painted(tag, look, seen, colour)
        visible = seen.visible if look.visible is None else look.visible
        crowded = seen.crowded if look.crowded is None else look.crowded
        outlined = seen.outlined if look.outlined is None else look.outlined
        thin = seen.thin if look.thin is None else look.thin
        preformatted = look.preformatted
        if preformatted is None:
            preformatted = seen.preformatted or tag in _PREFORMATTED

        is_box = _is_box(tag, look)
        indented, behind_blocks = seen.indented, seen.behind_blocks
        background = _background(attributes, look, self._behind(look, behind_blocks if is_box else seen.background))
        if is_box:
            around, behind_blocks = behind_blocks, background
            if look.indented is not None:
                indented = look.indented
            if thin and not look.has_height:
                # A block whose lines have no height has none, either: its words stand on what is around it.
                background = around

        hidden = seen.hidden
        if hidden is None:
            hidden = _hidden(tag, attributes, look, is_box) or own

        inside = Seen(
            hidden=hidden,
            clip=_clip(seen.clip, look, is_box),
            visible=visible,
            font_size=self._font_size(tag, look, seen),
            colour=colour,
            painted=painted,
            filled=filled,
            scale=scale_of(attributes) if tag == "svg" else seen.scale,
            drawing=drawing_height(tag, attributes, seen.drawing),
            background=background,
            behind_blocks=behind_blocks,
            indented=indented,
            crowded=crowded,
            thin=thin,
            outlined=outlined,
            preformatted=preformatted,
            variables=variables,
        )
        inside.why = _why(inside)
        return inside

    def _behind(self, look: ComputedStyle, around: Colour | None) -> Colour | None:
        """The colour behind an element; None where it is not known. What is taken out of the flow may stand beside the
        box that it is in."""
        if look.position in OUT_OF_FLOW and around != self.page.background:
            return None
        return around

    def _font_size(self, tag: str, look: ComputedStyle, seen: Seen) -> float:
        size = seen.font_size
        if self._quirks and tag == "table":
            # Tables begin anew in quirks mode (HTML, 15.3.8).
            size = 16.0
        if look.font_size is None:
            return size
        number, unit = look.font_size
        return min(number * size if unit == "em" else number, LARGEST_TEXT)

    def _colour(self, tag: str, attributes: dict[str, str | None], look: ComputedStyle, seen: Seen) -> Colour | None:
        if look.colour is not None:
            is_that_around = look.colour.inherited or look.colour.current
            return seen.colour if is_that_around else look.colour.colour

        legacy = read_colour(attributes.get(_COLOUR_ATTRIBUTES.get(tag, "")) or "")
        if legacy is not None:
            return legacy
        if tag == "a" and "href" in attributes:
            return self._link_colour
        if tag == "table" and self._quirks:
            return self.page.colour
        return seen.colour


def _differs_by_itself(tag: str, legacy: tuple[object, ...] | None, own: str | None, seen: Seen) -> bool:
    """Whether an element that has no styles may look otherwise than what is around it."""
    if legacy or own or tag in _SPECIAL:
        return True
    return seen.background is not seen.behind_blocks


def _hidden(tag: str, attributes: dict[str, str | None], look: ComputedStyle, is_box: bool) -> str | None:
    """Why the element and what is in it are not seen, by its looks."""
    if look.hidden:
        return look.hidden
    if look.display in (None, "none") and not _HIDING.isdisjoint(attributes):
        # A style that displays it wins over what the attributes say (HTML, 15.3.1).
        return "hidden"
    if tag == "mphantom":
        # MathML's element for the room that its content would take (MathML Core).
        return "not rendered"
    if look.flat and tag == "textarea":
        return "zero-size box"
    return look.boxless if is_box else None


def _clip(around: Clip, look: ComputedStyle, is_box: bool) -> Clip:
    """What clips the words of an element; for most, nothing does."""
    if around is NO_CLIP and look.clipped is None:
        return NO_CLIP
    return around.within(look, is_box)


def _own_reason(tag: str, attributes: dict[str, str | None]) -> str | None:
    """Why the element is not seen, by what it is: a dialog that is not open, a marquee without a size."""
    if tag == "dialog":
        return None if "open" in attributes else "closed"
    if tag == "marquee" and is_tiny(attributes):
        return "zero-size box"
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
    if around is None:
        return None
    return own.over(around)


def _why(seen: Seen) -> str | None:
    """Why text that looks like this is not seen; None: it is."""
    if seen.hidden:
        return seen.hidden
    if seen.clip.in_flow:
        return seen.clip.in_flow
    if not seen.visible:
        return "visibility:hidden"
    if seen.indented:
        return "off-screen"
    if seen.crowded:
        return "letter-spacing"
    if seen.font_size * seen.scale < SMALLEST_TEXT:
        return "tiny text"
    if seen.painted is None or seen.outlined:
        return None
    if seen.painted.alpha < _LEAST_ALPHA:
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
        if not fill.current:
            return fill.colour, True
        # Text in drawings is painted with a fill anyway, others with their colour again.
        return colour, tag in DRAWN

    if tag == "svg":
        # A fill is black at first, whatever the colour of text is (SVG 2, Fill Properties).
        return BLACK, True
    if seen.filled:
        return seen.painted, True
    return colour, False


def is_tiny(attributes: dict[str, str | None]) -> bool:
    """Whether a width or height attribute leaves nothing to be seen."""
    for name in ("width", "height"):
        size = attributes.get(name)
        # Most sizes begin with another digit, and are done with by that.
        if size is not None and size[:1] in " 01" and size.strip().rstrip("px") in _TINY:
            return True
    return False
