"""What values are made of, property by property: sizes, functions, shapes, images, fonts (the grammars of CSS modules).

Each test says whether a browser takes a value, in lower case; its second argument, whether in quirks mode.
"""

import re
from collections.abc import Callable

from mail_archive_tools.mime.css.colour import is_colour
from mail_archive_tools.mime.css.longhands import FONT_SIZES, SYSTEM_FONTS
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import FUNCTION, separate, words_of

Test = Callable[[str, bool], bool]

_URL = re.compile(r"url\([^()]*\)")


def one_of(words: str) -> Test:
    known = frozenset(words.split())
    return lambda value, _: value in known


def words_among(words: str) -> Test:
    """Any of these words, each between spaces."""
    known = frozenset(words.split())
    return lambda value, _: set(value.split()) <= known


def none_or(test: Test) -> Test:
    return lambda value, quirks: value == "none" or test(value, quirks)


def size(
    keywords: str = "",
    *,
    negative: bool = True,
    percentage: bool = True,
    numbers: bool = False,
    unitless: bool = True,
) -> Test:
    """A length; `unitless`: in quirks mode without a unit too."""
    known = frozenset(keywords.split())

    def test(value: str, quirks: bool) -> bool:
        if value in known:
            return True
        if (found := measure(value)) is None:
            return False
        if found.kind == "number":
            if not (numbers or found.amount == 0 or (quirks and unitless and "(" not in value)):
                return False
        elif found.kind not in (("length", "percentage") if percentage else ("length",)):
            return False
        return negative or found.amount >= 0 or "(" in value

    return test


def up_to(most: int, each: Test) -> Test:
    def test(value: str, quirks: bool) -> bool:
        words = words_of(value)
        return 1 <= len(words) <= most and all(each(word, quirks) for word in words)

    return test


def display(value: str, _: bool) -> bool:
    if value in _DISPLAYS:
        return True
    words = value.split()
    if not 1 < len(words) <= 3 or len(set(words)) < len(words):
        return False
    kinds = (
        {"block", "inline", "run-in"},
        {"flow", "flow-root", "table", "flex", "grid", "ruby", "math"},
        {"list-item"},
    )
    return all(any(word in kind for kind in kinds) for word in words) and all(
        len(kind.intersection(words)) <= 1 for kind in kinds
    )


def rotation(value: str, _: bool) -> bool:
    """An angle, before or behind the axis that it is around."""
    words = words_of(value)
    found = [measure(word) for word in words]
    angles = [place for place, each in enumerate(found) if each and each.kind == "angle"]
    if value == "none" or len(angles) != 1 or angles[0] not in (0, len(words) - 1):
        return value == "none"
    axis = [place for place in range(len(words)) if place != angles[0]]
    if len(axis) == 1:
        return words[axis[0]] in ("x", "y", "z")
    numbers = [each for place in axis if (each := found[place]) and each.kind == "number"]
    return not axis or len(numbers) == len(axis) == 3


def fraction_or_percentage(value: str, _: bool) -> bool:
    found = measure(value)
    return found is not None and found.kind in ("number", "percentage")


def zoom(value: str, _: bool) -> bool:
    found = measure(value)
    return value == "normal" or (found is not None and found.kind in ("number", "percentage") and found.amount >= 0)


def _number(value: str, _: bool) -> bool:
    found = measure(value)
    return found is not None and found.kind == "number"


def whole_number(value: str, _: bool) -> bool:
    return value == "auto" or re.fullmatch(r"[+-]?\d+", value) is not None or (_number(value, False) and "(" in value)


def text_indent(value: str, quirks: bool) -> bool:
    words = words_of(value)
    sizes = [word for word in words if word not in ("hanging", "each-line")]
    return len(sizes) == 1 and len(set(words)) == len(words) and size()(sizes[0], quirks)


def functions(names: dict[str, tuple[int, int, str]]) -> Test:
    """`none`, or a list of functions: how few and how many arguments each takes, of which kinds."""

    def test(value: str, _: bool) -> bool:
        words = words_of(value)
        return value == "none" or (bool(words) and all(_is_function(word, names) for word in words))

    return test


def filter_functions(value: str, quirks: bool) -> bool:
    """References to filters, and functions, which take nothing negative but an angle."""
    words = words_of(value)
    for word in words:
        match = FUNCTION.fullmatch(word)
        if match and match.group(1) == "drop-shadow":
            if not _is_shadow(words_of(match.group(2))):
                return False
        elif _URL.fullmatch(word):
            continue
        elif not _is_function(word, _FILTERS):
            return value == "none"
        elif match and match.group(1) != "hue-rotate" and (found := measure(match.group(2))) and found.amount < 0:
            return False
    return bool(words)


def _is_shadow(words: list[str]) -> bool:
    """Two or three lengths in a row, and a colour before or behind them."""
    are_lengths = [_is_of(word, "l") for word in words]
    first = are_lengths.index(True) if True in are_lengths else 0
    lengths = sum(are_lengths)
    in_a_row = all(are_lengths[first : first + lengths])
    others = [word for word, is_length in zip(words, are_lengths, strict=True) if not is_length]
    return 2 <= lengths <= 3 and in_a_row and len(others) <= 1 and all(map(is_colour, others))


def _is_function(word: str, names: dict[str, tuple[int, int, str]]) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None or match.group(1) not in names:
        return False
    least, most, kinds = names[match.group(1)]
    arguments = separate(match.group(2)) if match.group(2).strip() else ()
    if not least <= len(arguments) <= most:
        return False
    return all(_is_of(argument, kinds) for argument in arguments)


def _is_of(argument: str, kinds: str) -> bool:
    """Whether an argument is of one of the kinds, by their first letters: number, percentage, length, angle; 0 stands
    for `none`. A zero needs no unit."""
    if (found := measure(argument)) is None:
        return argument == "none" and "0" in kinds
    return found.kind[0] in kinds or (found.kind == "number" and found.amount == 0 and bool({"l", "a"} & set(kinds)))


def shape(value: str, _: bool) -> bool:
    """clip-path: a shape, a box, both, or a reference."""
    if value == "none" or _URL.fullmatch(value):
        return True
    words = words_of(value)
    shapes = [word for word in words if word not in _BOXES]
    return 1 <= len(words) <= 2 and len(shapes) <= 1 and all(_is_shape(each) for each in shapes)


def _is_shape(word: str) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None:
        return False
    name, inner = match.group(1), match.group(2).strip()
    if name in ("path", "shape"):
        return bool(inner)
    if name == "polygon":
        points = list(separate(inner))
        if points[0] in ("evenodd", "nonzero"):
            points.pop(0)
        return bool(points) and all(_are_sizes(words_of(point), 2, 2) for point in points)
    words = words_of(inner)
    for begin in ("round", "at"):
        # How corners are rounded, and where the middle is, hides nothing.
        words = words[: words.index(begin)] if begin in words else words
    if name == "ellipse" and len(words) == 1:
        return False
    least, most = _SHAPES.get(name, (1, 0))
    return _are_sizes(words, least, most)


def _are_sizes(words: list[str], least: int, most: int) -> bool:
    return least <= len(words) <= most and all(_is_of(word, "lp") or word in _SHAPE_WORDS for word in words)


def clip(value: str, quirks: bool) -> bool:
    match = re.fullmatch(r"rect\((.*)\)", value)
    if match is None:
        return value == "auto"
    sides = [each for each in re.split(r"[\s,]+", match.group(1).strip()) if each]
    return len(sides) == 4 and all(size("auto", percentage=False)(each, quirks) for each in sides)


def colour(value: str, quirks: bool) -> bool:
    return is_colour(value, quirks)


def background(value: str, quirks: bool) -> bool:
    """The shorthand: layers, of which the last may have a colour."""
    layers = separate(value)
    return all(
        _is_layer(words_of(layer.replace("/", " / ")), _BACKGROUND_WORDS, quirks if place == len(layers) else None)
        for place, layer in enumerate(layers, 1)
    )


def mask(value: str, _: bool) -> bool:
    """The shorthand: layers, none with a colour."""
    return all(_is_layer(words_of(layer.replace("/", " / ")), _MASK_WORDS, None) for layer in separate(value))


def _is_layer(words: list[str], known: frozenset[str], colour_in_quirks: bool | None) -> bool:
    """One image with where and how it is painted. A size stands behind a position and a slash; `colour_in_quirks` is
    None where there may be no colour."""
    if "/" in words:
        slash = words.index("/")
        size = 0
        for word in words[slash + 1 : slash + 3]:
            if not (word == "auto" or _is_of(word, "lp") or (word in ("cover", "contain") and not size)):
                break
            size += 1
        if not size or not slash or not (words[slash - 1] in _POSITIONS or _is_of(words[slash - 1], "lp")):
            return False
        del words[slash : slash + 1 + size]
    places = [place for place, word in enumerate(words) if word in _POSITIONS or _is_of(word, "lp")]
    positions = [words[place] for place in places]
    others = [word for word in words if word not in positions]
    images = [word for word in others if word == "none" or _image(word)]
    rest = [word for word in others if word not in images and word not in known]
    colours = [word for word in rest if colour_in_quirks is not None and is_colour(word, colour_in_quirks)]
    together = not places or places[-1] - places[0] == len(places) - 1
    return (
        bool(words)
        and together
        and _is_position(positions)
        and len(images) <= 1
        and len(colours) <= 1
        and colours == rest
    )


def _is_position(words: list[str]) -> bool:
    """Where an image is: across and down, each from an edge, perhaps."""
    across, down = {"left", "right"}, {"top", "bottom"}
    named = [word for word in words if word in across | down]
    if len(named) > 2 or (len(named) == 2 and sum(word in across for word in named) != 1):
        return False
    if len(words) <= 2:
        return len(words) < 2 or (
            (words[1] not in across or words[0] in down | {"center"})
            and (words[0] not in down or words[1] in across | {"center"})
        )
    return len(words) <= 4 and len(named) + words.count("center") == 2 and words[0] in _POSITIONS


def images(value: str, _: bool) -> bool:
    return all(each == "none" or _image(each) for each in separate(value))


def _image(word: str) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None or words_of(word) != [word]:
        return False
    if match.group(1).endswith("-gradient") and match.group(1) != "-webkit-gradient":
        return _GRADIENT.fullmatch(match.group(1)) is not None and _is_gradient(list(separate(match.group(2))))
    return match.group(1) in _IMAGES


def _is_gradient(arguments: list[str]) -> bool:
    """Stops of colours, behind where it leads, perhaps; what is between two stops may be a hint of the place."""
    if arguments and not any(is_colour(word) for word in words_of(arguments[0])):
        lead = arguments.pop(0)
        if not all(word in _GRADIENT_WORDS or measure(word) for word in words_of(lead)):
            return False
    stops = 0
    for argument in arguments:
        words = words_of(argument)
        colours = [word for word in words if is_colour(word)]
        places = [word for word in words if measure(word)]
        if len(colours) > 1 or len(colours) + len(places) != len(words) or len(places) > 2 or not words:
            return False
        stops += len(colours)
    return stops > 0


def fill(value: str, quirks: bool) -> bool:
    if value in ("none", "context-fill", "context-stroke") or is_colour(value, quirks):
        return True
    first, *others = words_of(value) or [""]
    return _URL.fullmatch(first) is not None and (not others or fill(" ".join(others), quirks))


def font(value: str, quirks: bool) -> bool:
    """The shorthand: a system font, or size and family behind style, weight and stretch."""
    if value in SYSTEM_FONTS:
        return True
    words = words_of(re.sub(r"\s*/\s*", "/", value))
    while words and (words[0] in _FONT_WORDS or re.fullmatch(r"[1-9]\d{0,2}", words[0])):
        words.pop(0)
    if len(words) < 2:
        return False
    size, _, line = words[0].partition("/")
    families = separate(" ".join(words[1:]))
    return (
        _FONT_SIZE(size, quirks)
        and (not line or _LINE_HEIGHT(line, quirks))
        and all(_FAMILY.fullmatch(family) for family in families)
    )


_DISPLAYS = frozenset(
    "none contents block inline inline-block list-item flow-root table inline-table table-row table-cell table-caption "
    "table-column table-column-group table-row-group table-header-group table-footer-group flex inline-flex grid "
    "inline-grid ruby ruby-base ruby-text math flow run-in -webkit-box -webkit-inline-box -webkit-flex "
    "-webkit-inline-flex grid-lanes inline-grid-lanes".split()
)
_BOXES = frozenset("border-box padding-box content-box margin-box fill-box stroke-box view-box".split())
_SHAPES = {"inset": (1, 4), "circle": (0, 1), "ellipse": (0, 2), "rect": (4, 4), "xywh": (4, 4)}
_SHAPE_WORDS = frozenset("auto closest-side farthest-side closest-corner farthest-corner".split())
_IMAGES = frozenset(
    "url src image image-set -webkit-image-set cross-fade -webkit-cross-fade element paint -webkit-gradient".split()
)
_GRADIENT = re.compile(r"(?:-webkit-|-moz-|-o-)?(?:repeating-)?(?:linear|radial|conic)-gradient")
_GRADIENT_WORDS = frozenset(
    "to top bottom left right center circle ellipse at from closest-side farthest-side closest-corner farthest-corner "
    "contain cover in srgb srgb-linear oklab lab hsl hwb lch oklch xyz shorter longer increasing decreasing hue".split()
)
_POSITIONS = frozenset("left right top bottom center".split())
_REPEATS = frozenset("repeat no-repeat repeat-x repeat-y space round".split())
_BACKGROUND_WORDS = _REPEATS | frozenset(
    "scroll fixed border-box padding-box content-box text border-area local".split()
)
_MASK_WORDS = (
    _REPEATS | _BOXES | frozenset("add subtract intersect exclude alpha luminance match-source no-clip".split())
)
_FAMILY_WORD = r"""-?(?:[a-z_]|[^\x00-\x7f])[^\s,()"']*"""
_FAMILY = re.compile(rf"""{_FAMILY_WORD}(?:\s+{_FAMILY_WORD})*|"[^"]*"|'[^']*'""")
_FONT_WORDS = frozenset(
    "normal italic oblique small-caps bold bolder lighter ultra-condensed extra-condensed condensed semi-condensed "
    "semi-expanded expanded extra-expanded ultra-expanded".split()
)
TRANSFORMS = {
    "matrix": (6, 6, "n"), "matrix3d": (16, 16, "n"), "translate": (1, 2, "lp"), "translatex": (1, 1, "lp"),
    "translatey": (1, 1, "lp"), "translatez": (1, 1, "l"), "translate3d": (3, 3, "lp"), "scale": (1, 2, "np"),
    "scalex": (1, 1, "np"), "scaley": (1, 1, "np"), "scalez": (1, 1, "np"), "scale3d": (3, 3, "np"),
    "rotate": (1, 1, "a"), "rotatex": (1, 1, "a"), "rotatey": (1, 1, "a"), "rotatez": (1, 1, "a"),
    "rotate3d": (4, 4, "na"), "skew": (1, 2, "a"), "skewx": (1, 1, "a"), "skewy": (1, 1, "a"),
    "perspective": (1, 1, "l0"),
}  # fmt: skip
_FILTERS = {
    "blur": (0, 1, "l"), "brightness": (0, 1, "np"), "contrast": (0, 1, "np"), "grayscale": (0, 1, "np"),
    "hue-rotate": (0, 1, "a"), "invert": (0, 1, "np"), "opacity": (0, 1, "np"), "saturate": (0, 1, "np"),
    "sepia": (0, 1, "np"),
}  # fmt: skip
_FONT_SIZE = size(" ".join(FONT_SIZES), negative=False)
_LINE_HEIGHT = size("normal", negative=False, numbers=True)
