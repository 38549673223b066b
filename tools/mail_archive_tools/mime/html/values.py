"""Which values a property takes. A browser drops a declaration with any other, and the one before it holds.

For the properties that tell whether text is seen; what is valid and not understood here is taken for unknown by those
who read it. The others are left as they are: nobody looks at them.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from mail_archive_tools.mime.html.colour import is_colour
from mail_archive_tools.mime.html.measures import is_for_later, measure

Test = Callable[[str, bool], bool]
"""Whether a value is one that the property takes; the second argument says whether in quirks mode."""

_FOR_ALL = frozenset("inherit initial unset revert revert-layer".split())
_WORDS = re.compile(r"[^\s()]*+(?:\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)[^\s()]*+)++|[^\s()]++")
_FUNCTION = re.compile(r"([\w-]+)\((.*)\)", re.DOTALL)
_URL = re.compile(r"url\([^()]*\)")


@lru_cache(maxsize=8192)
def is_valid(name: str, value: str, quirks: bool = False) -> bool:
    """Whether a browser takes this declaration; both in lower case."""
    test = _TABLE.get(name)
    if test is None:
        return True
    return value in _FOR_ALL or is_for_later(value) or test(value, quirks)


def is_known(name: str) -> bool:
    """Whether a browser has a property of that name."""
    return name in _TABLE or name in _OTHERS or name.startswith("--")


def words_of(value: str) -> list[str]:
    """The parts of a value between white space; a function is one of them."""
    return _WORDS.findall(value)


def _one_of(words: str) -> Test:
    known = frozenset(words.split())
    return lambda value, _: value in known


def _size(
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
            return _is_sizing_function(value) and "fit-content" in known
        if found.kind == "number":
            if not (numbers or found.amount == 0 or (quirks and unitless and "(" not in value)):
                return False
        elif found.kind not in (("length", "percentage") if percentage else ("length",)):
            return False
        return negative or found.amount >= 0 or "(" in value

    return test


def _is_sizing_function(value: str) -> bool:
    return value.startswith(("fit-content(", "calc-size(", "anchor-size(")) and value.endswith(")")


def _up_to(most: int, each: Test) -> Test:
    def test(value: str, quirks: bool) -> bool:
        words = words_of(value)
        return 1 <= len(words) <= most and all(each(word, quirks) for word in words)

    return test


def _display(value: str, _: bool) -> bool:
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


def _fraction(value: str, _: bool) -> bool:
    found = measure(value)
    return found is not None and found.kind in ("number", "percentage")


def _number(value: str, _: bool) -> bool:
    found = measure(value)
    return found is not None and found.kind == "number"


def _whole(value: str, _: bool) -> bool:
    return value == "auto" or re.fullmatch(r"[+-]?\d+", value) is not None or (_number(value, False) and "(" in value)


def _text_indent(value: str, quirks: bool) -> bool:
    words = words_of(value)
    sizes = [word for word in words if word not in ("hanging", "each-line")]
    return len(sizes) == 1 and len(set(words)) == len(words) and _size()(sizes[0], quirks)


def _functions(names: dict[str, tuple[int, int, str]], *more: str) -> Test:
    """`none`, one of `more`, or a list of functions: how few and how many arguments each takes, of which kinds."""

    def test(value: str, _: bool) -> bool:
        if value == "none" or value in more:
            return True
        words = words_of(value)
        return bool(words) and all(_URL.fullmatch(word) or _is_function(word, names) for word in words)

    return test


def _is_function(word: str, names: dict[str, tuple[int, int, str]]) -> bool:
    match = _FUNCTION.fullmatch(word)
    if match is None or match.group(1) not in names:
        return False
    least, most, kinds = names[match.group(1)]
    arguments = [each.strip() for each in _separate(match.group(2))] if match.group(2).strip() else []
    if not least <= len(arguments) <= most:
        return False
    return all(_is_of(argument, kinds) for argument in arguments)


def _separate(arguments: str) -> list[str]:
    """Arguments by the commas between them, not those within brackets."""
    found, depth, start = [], 0, 0
    for place, mark in enumerate(arguments):
        depth += (mark == "(") - (mark == ")")
        if mark == "," and not depth:
            found.append(arguments[start:place])
            start = place + 1
    return [*found, arguments[start:]]


def _is_of(argument: str, kinds: str) -> bool:
    """Whether an argument is of one of the kinds, by their first letters: number, percentage, length, angle; * stands
    for anything. A zero needs no unit."""
    if "*" in kinds:
        return bool(argument)
    if (found := measure(argument)) is None:
        return False
    return found.kind[0] in kinds or (found.kind == "number" and found.amount == 0 and bool({"l", "a"} & set(kinds)))


def _shape(value: str, _: bool) -> bool:
    """clip-path: a shape, a box, both, or a reference."""
    if value == "none" or _URL.fullmatch(value):
        return True
    words = words_of(value)
    shapes = [word for word in words if word not in _BOXES]
    return 1 <= len(words) <= 2 and len(shapes) <= 1 and all(_is_shape(each) for each in shapes)


def _is_shape(word: str) -> bool:
    match = _FUNCTION.fullmatch(word)
    if match is None:
        return False
    name, inner = match.group(1), match.group(2).strip()
    pieces = re.split(
        r"[\s,]+", re.sub(r"\b(?:round|at|evenodd|nonzero)\b.*|^(?:evenodd|nonzero)\s*,", "", inner).strip()
    )
    sizes = [each for each in pieces if each]
    if name in ("path", "shape"):
        return bool(inner)
    if not all(_is_of(each, "lp") or each in _SHAPE_WORDS or "(" in each or ")" in each for each in sizes):
        return False
    if name == "polygon":
        return bool(sizes) and len(sizes) % 2 == 0
    least, most = _SHAPES.get(name, (1, 0))
    return least <= len(sizes) <= most


def _clip(value: str, quirks: bool) -> bool:
    match = re.fullmatch(r"rect\((.*)\)", value)
    if match is None:
        return value == "auto"
    sides = [each for each in re.split(r"[\s,]+", match.group(1).strip()) if each]
    return len(sides) == 4 and all(_size("auto", percentage=False)(each, quirks) for each in sides)


def _colour(value: str, quirks: bool) -> bool:
    return is_colour(value, quirks)


def _background(value: str, quirks: bool) -> bool:
    """The shorthand: no part may be none that it takes, and of colours there may be one."""
    words = [word for layer in _separate(value) for word in words_of(layer.replace("/", " / "))]
    colours = [word for word in words if _colour(word, quirks) and word not in _BACKGROUND_WORDS]
    return (
        bool(words)
        and len(colours) <= 1
        and all(word in _BACKGROUND_WORDS or _colour(word, quirks) or _image(word) or measure(word) for word in words)
    )


def _images(value: str, _: bool) -> bool:
    return all(each.strip() == "none" or _image(each.strip()) for each in _separate(value))


def _image(word: str) -> bool:
    return _IMAGE.fullmatch(word) is not None


def _font(value: str, quirks: bool) -> bool:
    """The shorthand: a system font, or size and family behind style, weight and stretch."""
    if value in _SYSTEM_FONTS:
        return True
    words = words_of(re.sub(r"\s*/\s*", "/", value))
    while words and (words[0] in _FONT_WORDS or re.fullmatch(r"[1-9]\d{0,2}", words[0])):
        words.pop(0)
    if len(words) < 2:
        return False
    size, _, line = words[0].partition("/")
    return _FONT_SIZE(size, quirks) and (not line or _LINE_HEIGHT(line, quirks))


_DISPLAYS = frozenset(
    "none contents block inline inline-block list-item flow-root table inline-table table-row table-cell table-caption "
    "table-column table-column-group table-row-group table-header-group table-footer-group flex inline-flex grid "
    "inline-grid ruby ruby-base ruby-text math flow run-in -webkit-box -webkit-inline-box -webkit-flex "
    "-webkit-inline-flex grid-lanes inline-grid-lanes".split()
)
_BOXES = frozenset("border-box padding-box content-box margin-box fill-box stroke-box view-box".split())
_SHAPES = {"inset": (1, 4), "circle": (0, 1), "ellipse": (0, 2), "rect": (4, 4), "xywh": (4, 4)}
_SHAPE_WORDS = frozenset("auto closest-side farthest-side closest-corner farthest-corner".split())
_IMAGE = re.compile(
    r"(?:url|src|image|image-set|-webkit-image-set|cross-fade|element|paint|light-dark|"
    r"(?:-webkit-|-moz-|-o-)?(?:repeating-)?(?:linear|radial|conic)-gradient|-webkit-gradient)\(.*\)",
    re.DOTALL,
)
_BACKGROUND_WORDS = frozenset(
    "/ none repeat no-repeat repeat-x repeat-y space round scroll fixed left right top bottom center cover contain "
    "auto border-box padding-box content-box text border-area local".split()
)
_FONT_WORDS = frozenset(
    "normal italic oblique small-caps bold bolder lighter ultra-condensed extra-condensed condensed semi-condensed "
    "semi-expanded expanded extra-expanded ultra-expanded".split()
)
_SYSTEM_FONTS = frozenset("caption icon menu message-box small-caption status-bar".split())
_WHITE_SPACES = frozenset(
    "normal pre nowrap pre-wrap pre-line break-spaces collapse preserve preserve-breaks preserve-spaces wrap".split()
)
_TRANSFORMS = {
    "matrix": (6, 6, "n"), "matrix3d": (16, 16, "n"), "translate": (1, 2, "lp"), "translatex": (1, 1, "lp"),
    "translatey": (1, 1, "lp"), "translatez": (1, 1, "l"), "translate3d": (3, 3, "lp"), "scale": (1, 2, "np"),
    "scalex": (1, 1, "np"), "scaley": (1, 1, "np"), "scalez": (1, 1, "np"), "scale3d": (3, 3, "np"),
    "rotate": (1, 1, "a"), "rotatex": (1, 1, "a"), "rotatey": (1, 1, "a"), "rotatez": (1, 1, "a"),
    "rotate3d": (4, 4, "na"), "skew": (1, 2, "a"), "skewx": (1, 1, "a"), "skewy": (1, 1, "a"),
    "perspective": (1, 1, "l"),
}  # fmt: skip
_FILTERS = {
    "blur": (0, 1, "l"), "brightness": (0, 1, "np"), "contrast": (0, 1, "np"), "drop-shadow": (1, 1, "*"),
    "grayscale": (0, 1, "np"), "hue-rotate": (0, 1, "a"), "invert": (0, 1, "np"), "opacity": (0, 1, "np"),
    "saturate": (0, 1, "np"), "sepia": (0, 1, "np"),
}  # fmt: skip
_SIZING = "min-content max-content fit-content stretch -webkit-fill-available -webkit-fit-content contain"
_BOX_SIZE = _size(f"auto {_SIZING}", negative=False)
_BOX_MOST = _size(f"none {_SIZING}", negative=False)
_OFFSET = _size("auto")
_PADDING = _size(negative=False)
_FONT_SIZE = _size(
    "xx-small x-small small medium large x-large xx-large xxx-large smaller larger math -webkit-xxx-large",
    negative=False,
)
_LINE_HEIGHT = _size("normal", negative=False, numbers=True)
_OVERFLOW = _one_of("visible hidden clip scroll auto overlay -webkit-paged-x -webkit-paged-y")
_CONTAINMENTS = frozenset("none strict content size inline-size layout style paint".split())
_CLIPS = _one_of("border-box padding-box content-box text border-area border")
_SCALE = _up_to(3, _fraction)
_TRANSFORM = _functions(_TRANSFORMS)
_FILTER = _functions(_FILTERS)

_TABLE: dict[str, Test] = {
    "display": _display,
    "visibility": _one_of("visible hidden collapse"),
    "content-visibility": _one_of("visible auto hidden"),
    "opacity": _fraction,
    "fill-opacity": _fraction,
    "filter": _FILTER,
    "-webkit-filter": _FILTER,
    "mask-image": _images,
    "-webkit-mask-image": _images,
    "letter-spacing": _size("normal"),
    "clip": _clip,
    "clip-path": _shape,
    "-webkit-clip-path": _shape,
    "position": _one_of("static relative absolute fixed sticky -webkit-sticky"),
    "inset": _up_to(4, _OFFSET),
    "z-index": _whole,
    "text-indent": _text_indent,
    "margin": _up_to(4, _OFFSET),
    "padding": _up_to(4, _PADDING),
    "transform": _TRANSFORM,
    "-webkit-transform": _TRANSFORM,
    "scale": lambda value, quirks: value == "none" or _SCALE(value, quirks),
    "rotate": lambda value, quirks: value == "none" or _is_rotation(value),
    "translate": lambda value, quirks: value == "none" or _up_to(3, _size(unitless=False))(value, quirks),
    "zoom": lambda value, quirks: value in ("normal", "reset") or _fraction(value, quirks),
    "backface-visibility": _one_of("visible hidden"),
    "-webkit-backface-visibility": _one_of("visible hidden"),
    "overflow": _up_to(2, _OVERFLOW),
    "overflow-x": _OVERFLOW,
    "overflow-y": _OVERFLOW,
    "contain": lambda value, _: set(value.split()) <= _CONTAINMENTS,
    "line-height": _LINE_HEIGHT,
    "font-size": _FONT_SIZE,
    "font": _font,
    "color": _colour,
    "-webkit-text-fill-color": _colour,
    "background-color": _colour,
    "background": _background,
    "background-image": _images,
    "white-space": lambda value, _: set(value.split()) <= _WHITE_SPACES,
    **dict.fromkeys(
        "left top right bottom inset-inline-start inset-block-start margin-left margin-top".split(), _OFFSET
    ),
    **dict.fromkeys(("height", "width", "block-size", "inline-size"), _BOX_SIZE),
    **dict.fromkeys(("max-height", "max-width", "max-block-size", "max-inline-size"), _BOX_MOST),
    **dict.fromkeys(("padding-top", "padding-left"), _PADDING),
    **dict.fromkeys(("background-clip", "-webkit-background-clip"), _CLIPS),
}  # fmt: skip

_OTHERS = frozenset(
    "align-content align-items align-self animation appearance aspect-ratio border border-radius box-shadow box-sizing "
    "columns cursor direction flex flex-direction flex-wrap float gap grid grid-area grid-template grid-template-areas "
    "grid-template-columns justify-content object-fit order outline text-align text-decoration text-shadow "
    "text-overflow text-transform transition vertical-align word-break -webkit-appearance mask -webkit-mask".split()
)


def _is_rotation(value: str) -> bool:
    words = words_of(value)
    angles = [each for each in words if (found := measure(each)) and (found.kind == "angle" or found.amount == 0)]
    return bool(angles) and len(words) in (1, 2, 4)
