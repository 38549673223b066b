"""Properties that say what is painted with: colours, and images with their gradients."""

import re

from mail_archive_tools.mime.css.colours.reading import is_colour
from mail_archive_tools.mime.css.grammar.functions import URL
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import FUNCTION, separate, words_of

_IMAGES = frozenset(
    "url src image image-set -webkit-image-set cross-fade -webkit-cross-fade element paint -webkit-gradient".split()
)
_GRADIENT = re.compile(r"(?:-webkit-|-moz-|-o-)?(?:repeating-)?(?:linear|radial|conic)-gradient")
_GRADIENT_WORDS = frozenset(
    "to top bottom left right center circle ellipse at from closest-side farthest-side closest-corner farthest-corner "
    "contain cover in srgb srgb-linear oklab lab hsl hwb lch oklch xyz shorter longer increasing decreasing hue".split()
)


def colour(value: str, quirks: bool) -> bool:
    return is_colour(value, quirks)


def fill(value: str, quirks: bool) -> bool:
    """What SVG is painted with: a colour, nothing, or a reference with what is to be taken where it leads nowhere."""
    rest = value
    words = words_of(value)
    while words and URL.fullmatch(words[0]):
        words.pop(0)
        if not words:
            return True
        rest = " ".join(words)

    return rest in ("none", "context-fill", "context-stroke") or is_colour(rest, quirks)


def images(value: str, _: bool) -> bool:
    return all(each == "none" or is_image(each) for each in separate(value))


def is_image(word: str) -> bool:
    match = FUNCTION.fullmatch(word)
    if match is None or words_of(word) != [word]:
        return False

    name, inner = match.groups()
    if name in _IMAGES:
        return True
    return _GRADIENT.fullmatch(name) is not None and _is_gradient(list(separate(inner)))


def _is_gradient(arguments: list[str]) -> bool:
    """Stops of colours, behind where it leads, perhaps (CSS Images 3, 3)."""
    lead = words_of(arguments[0])
    if not any(is_colour(word) for word in lead):
        if not all(word in _GRADIENT_WORDS or measure(word) for word in lead):
            return False
        arguments = arguments[1:]

    stops = 0
    for argument in arguments:
        colours, places = 0, 0
        for word in words_of(argument):
            if is_colour(word):
                colours += 1
            elif measure(word):
                places += 1
            else:
                return False
        # A place without a colour is a hint: there the colours before and behind it are mixed half and half.
        if colours > 1 or places > 2 or not colours + places:
            return False
        stops += colours
    return stops > 0
