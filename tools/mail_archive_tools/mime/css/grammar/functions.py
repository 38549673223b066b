"""Properties whose values are functions: transformations, filters and shapes."""

import re

from mail_archive_tools.mime.css.colours.reading import is_colour
from mail_archive_tools.mime.css.grammar.combining import Test
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import FUNCTION, separate, words_of
from mail_archive_tools.mime.css.units import Measure

URL = re.compile(r"url\([^()]*\)")
_ZERO = Measure(0.0, "number")

Signatures = dict[str, tuple[int, int, str]]
"""How few and how many arguments each function takes, and of which kinds, as `is_of` has them."""

TRANSFORMS: Signatures = {
    "matrix": (6, 6, "n"), "matrix3d": (16, 16, "n"), "translate": (1, 2, "lp"), "translatex": (1, 1, "lp"),
    "translatey": (1, 1, "lp"), "translatez": (1, 1, "l"), "translate3d": (3, 3, "lp"), "scale": (1, 2, "np"),
    "scalex": (1, 1, "np"), "scaley": (1, 1, "np"), "scalez": (1, 1, "np"), "scale3d": (3, 3, "np"),
    "rotate": (1, 1, "a"), "rotatex": (1, 1, "a"), "rotatey": (1, 1, "a"), "rotatez": (1, 1, "a"),
    "rotate3d": (4, 4, "na"), "skew": (1, 2, "a"), "skewx": (1, 1, "a"), "skewy": (1, 1, "a"),
    "perspective": (1, 1, "l0"),
}  # fmt: skip
_FILTERS: Signatures = {
    "blur": (0, 1, "l"), "brightness": (0, 1, "np"), "contrast": (0, 1, "np"), "grayscale": (0, 1, "np"),
    "hue-rotate": (0, 1, "a"), "invert": (0, 1, "np"), "opacity": (0, 1, "np"), "saturate": (0, 1, "np"),
    "sepia": (0, 1, "np"),
}  # fmt: skip
_SHAPES = {"inset": (1, 4), "circle": (0, 1), "ellipse": (0, 2), "rect": (4, 4), "xywh": (4, 4)}
"""How few and how many sizes each shape takes (CSS Shapes 1, 3)."""

_DRAWN_SHAPES = {
    "path": re.compile(r"""(?:(?:evenodd|nonzero)\s*,\s*)?["'][^"']+["']$"""),
    "shape": re.compile(r"(?:(?:evenodd|nonzero)\s+)?from\s+[^,]+,"),
}
"""How shapes begin that are drawn line by line: with a path as in SVG, or where the first line begins."""

_PLACE_WORDS = frozenset("left right top bottom center /".split())
_SHAPE_WORDS = frozenset("auto closest-side farthest-side closest-corner farthest-corner".split())
BOXES = frozenset("border-box padding-box content-box margin-box fill-box stroke-box view-box".split())


def functions(signatures: Signatures) -> Test:
    """`none`, or a list of functions."""

    def test(value: str, _: bool) -> bool:
        if value == "none":
            return True
        words = words_of(value)
        return bool(words) and all(_is_function(word, signatures) for word in words)

    return test


def filter_functions(value: str, _: bool) -> bool:
    """`none`, or references to filters, and functions (Filter Effects 1, 5)."""
    if value == "none":
        return True
    words = words_of(value)
    return bool(words) and all(_is_filter(word) for word in words)


def _is_filter(word: str) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None:
        return False
    name, inner = match.groups()
    if name == "drop-shadow":
        return _is_shadow(words_of(inner))

    if _is_function(word, _FILTERS):
        # Nothing negative, but for the angle that colours are turned by.
        return name == "hue-rotate" or not _is_negative(inner)
    return URL.fullmatch(word) is not None


def _is_shadow(words: list[str]) -> bool:
    """Two or three lengths in a row, and perhaps a colour before or behind them."""
    are_lengths = [is_of(word, "l") for word in words]
    count = are_lengths.count(True)
    if not 2 <= count <= 3 or len(words) - count > 1:
        return False

    first = are_lengths.index(True)
    are_in_a_row = all(are_lengths[first : first + count])
    if count == 3 and _is_negative(words[first + 2]):
        # The third is how far the shadow is blurred.
        return False
    others = words[:first] + words[first + count :]
    return are_in_a_row and all(map(is_colour, others))


def _is_negative(word: str) -> bool:
    found = measure(word)
    return found is not None and found.amount < 0


def _is_function(word: str, signatures: Signatures) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None:
        return False
    signature = signatures.get(match.group(1))
    if signature is None:
        return False

    least, most, kinds = signature
    inner = match.group(2).strip()
    arguments = separate(inner) if inner else ()
    if not least <= len(arguments) <= most:
        return False
    return all(is_of(argument, kinds) for argument in arguments)


def is_of(argument: str, kinds: str) -> bool:
    """Whether an argument is of one of the kinds, which are given by their first letters: number, percentage, length,
    angle; 0 stands for `none`."""
    found = measure(argument)
    if found is None:
        return argument == "none" and "0" in kinds
    if found.kind[0] in kinds:
        return True

    # A zero that is written needs no unit (CSS Values 4, 6).
    is_zero = found == _ZERO and "(" not in argument
    return is_zero and ("l" in kinds or "a" in kinds)


def shape(value: str, _: bool) -> bool:
    """clip-path: a shape, a box, both, or a reference (CSS Masking 1, 5.1)."""
    if value == "none" or URL.fullmatch(value):
        return True

    words = words_of(value)
    if not 1 <= len(words) <= 2:
        return False
    shapes = [word for word in words if word not in BOXES]
    if len(shapes) > 1:
        return False
    return all(_is_shape(each) for each in shapes)


def _is_shape(word: str) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None:
        return False
    name, inner = match.group(1), match.group(2).strip()
    if name in ("path", "shape"):
        return _DRAWN_SHAPES[name].match(inner) is not None
    if name == "polygon":
        return _is_polygon(list(separate(inner)))
    if name not in _SHAPES:
        return False

    words = words_of(inner.replace("/", " / "))
    behind = "round" if name in ("inset", "rect", "xywh") else "at"
    if behind in words:
        # How corners are rounded, and where the middle is, hides nothing, but has to be valid.
        place = words.index(behind)
        if not _are_places(words[place + 1 :]):
            return False
        words = words[:place]
    if name == "ellipse" and len(words) == 1:
        return False
    least, most = _SHAPES[name]
    return least <= len(words) <= most and _are_sizes(words)


def _is_polygon(points: list[str]) -> bool:
    """Points of two sizes each, and perhaps a word before them that says what is inside where lines cross."""
    if points[0] in ("evenodd", "nonzero"):
        points.pop(0)
    if not points:
        return False

    for point in points:
        place = words_of(point)
        if len(place) != 2 or not _are_sizes(place):
            return False
    return True


def _are_places(words: list[str]) -> bool:
    return bool(words) and all(word in _PLACE_WORDS or is_of(word, "lp") for word in words)


def _are_sizes(words: list[str]) -> bool:
    return all(word in _SHAPE_WORDS or is_of(word, "lp") for word in words)
