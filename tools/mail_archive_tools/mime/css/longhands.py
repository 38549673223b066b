"""Each declaration as those of the properties that it sets: shorthands taken apart, other names of one property as one.

Of two declarations the later one wins also where one is a shorthand: `font: 0/0 a` behind `font-size: 16px`.
"""

from mail_archive_tools.mime.css.colours.reading import is_colour
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import separate, words_of

WIDE = frozenset("inherit initial unset revert revert-layer".split())
"""What every property takes."""

SYSTEM_FONTS = frozenset("caption icon menu message-box small-caption status-bar".split())

FONT_SIZES = frozenset(
    "xx-small x-small small medium large x-large xx-large xxx-large smaller larger math -webkit-xxx-large".split()
)

ALL = "all"

INITIAL = {
    "color": "canvastext", "-webkit-text-fill-color": "currentcolor", "font-size": "medium", "visibility": "visible",
    "white-space": "normal", "fill": "black", "line-height": "normal", "text-indent": "0", "letter-spacing": "normal",
    "display": "inline",
}  # fmt: skip
"""What properties begin with, where it matters; the others begin with nothing that hides."""

_INHERITED = frozenset(INITIAL) - {"display"}

_ONE = {
    "-webkit-transform": "transform", "-webkit-filter": "filter", "-webkit-clip-path": "clip-path",
    "-webkit-mask": "mask", "-webkit-mask-image": "mask-image", "-webkit-background-clip": "background-clip",
    "-webkit-backface-visibility": "backface-visibility", "inset-inline-start": "left", "inset-inline-end": "right",
    "inset-block-start": "top", "inset-block-end": "bottom", "margin-inline-start": "margin-left",
    "margin-block-start": "margin-top", "padding-inline-start": "padding-left", "padding-block-start": "padding-top",
    "block-size": "height", "inline-size": "width", "max-block-size": "max-height", "max-inline-size": "max-width",
}  # fmt: skip
"""Names of what has another name too, in a page that is written from left to right."""

_SIDES = ("top", "right", "bottom", "left")
_SEVERAL: dict[str, tuple[str, ...]] = {
    "font": ("font-size", "line-height"),
    "overflow": ("overflow-x", "overflow-y"),
    "margin": tuple(f"margin-{side}" for side in _SIDES),
    "padding": tuple(f"padding-{side}" for side in _SIDES),
    "inset": _SIDES,
    "background": ("background-color", "background-image", "background-clip"),
    "mask": ("mask-image",),
}


def longhands(name: str, value: str) -> tuple[tuple[str, str], ...]:
    """The properties that a valid declaration sets, with their values."""
    name = _ONE.get(name, name)
    names = _SEVERAL.get(name)
    if value in WIDE:
        return tuple([(each, _wide(each, value)) for each in names or (name,)])
    if names is None:
        return ((name, value),)
    return tuple(zip(names, _values(name, value), strict=True))


def _wide(name: str, value: str) -> str:
    """What a property is set to by a word that every property takes."""
    if value == "unset" and name != ALL:
        # As the property's parent has it, where children inherit it (CSS Cascade 4, 7.3).
        value = "inherit" if name in _INHERITED else "initial"
    if value == "initial":
        return INITIAL.get(name, value)
    return value


def _values(name: str, value: str) -> tuple[str, ...]:
    if name == "font":
        return _of_font(value)
    if name == "background":
        return _of_background(value)
    if name == "mask":
        return (value,)

    words = words_of(value)
    if name == "overflow":
        # One word is for both directions.
        return words[0], words[-1]
    return _of_sides(words)


def _of_sides(words: list[str]) -> tuple[str, str, str, str]:
    """Top, right, bottom and left: of fewer than four, each one that is missing is as the one across."""
    if len(words) == 1:
        return words[0], words[0], words[0], words[0]
    if len(words) == 2:
        return words[0], words[1], words[0], words[1]
    if len(words) == 3:
        return words[0], words[1], words[2], words[1]
    return words[0], words[1], words[2], words[3]


def _of_font(value: str) -> tuple[str, str]:
    """Size and line height."""
    if value in SYSTEM_FONTS:
        return "medium", "normal"
    # Style and weight stand before the size, families behind it: the first size is the one.
    for word in words_of(value.replace(" /", "/").replace("/ ", "/")):
        size, _, line_height = word.partition("/")
        if line_height or _is_font_size(size):
            return size, line_height or "normal"

    # In quirks mode a size may do without its unit: it is the last number before the family.
    numbers = [word for word in words_of(value) if measure(word)]
    return (numbers[-1], "normal") if numbers else ("medium", "normal")


def _is_font_size(word: str) -> bool:
    """Whether it is a size beyond doubt. A number other than zero may be the weight, an angle the slant."""
    if word in FONT_SIZES:
        return True
    found = measure(word)
    if found is None:
        return False
    if found.kind == "number":
        return found.amount == 0 and "(" not in word
    return found.kind in ("length", "percentage")


def _of_background(value: str) -> tuple[str, str, str]:
    """Colour, images and what the background is cut to, of the last layer but for the images."""
    layers = separate(value)
    words = words_of(layers[-1].replace("/", " / "))
    # The colour lies below all images, so that only the last layer has one (CSS Backgrounds 3, 2.10).
    colour = next((word for word in words if is_colour(word, True)), "transparent")
    boxes = [word for word in words if word.endswith("-box") or word == "text"]
    clip = boxes[-1] if boxes else "border-box"

    images = [word for layer in layers for word in words_of(layer) if _is_image(word)]
    return colour, ", ".join(images) or "none", clip


def _is_image(word: str) -> bool:
    """Whether a function in a valid background is an image: else it is a colour or a size."""
    return "(" in word and not is_colour(word) and measure(word) is None
