"""What a value says of a colour, in CSS and in HTML attributes from before it."""

import re
from functools import lru_cache

from mail_archive_tools.mime.css.colours.channels import (
    FUNCTIONS,
    SPACES,
    UNREAD_SPACES,
    are_channels,
    from_channels,
)
from mail_archive_tools.mime.css.colours.colour import TRANSPARENT, Colour
from mail_archive_tools.mime.css.colours.names import COLOUR_NAMES
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import FUNCTION, separate, words_of

_HEX = re.compile(r"^#?([0-9a-f]{3,8})$")
_MIXING = re.compile(
    r"in (?:srgb|srgb-linear|display-p3|display-p3-linear|a98-rgb|prophoto-rgb|rec2020|lab|oklab|xyz|xyz-d50|xyz-d65|"
    r"(?:hsl|hwb|lch|oklch)(?: (?:shorter|longer|increasing|decreasing) hue)?)"
)
_CHANNEL_LETTERS = {
    "rgb": "r g b", "rgba": "r g b", "hsl": "h s l", "hsla": "h s l", "hwb": "h w b", "lab": "l a b", "oklab": "l a b",
    "lch": "l c h", "oklch": "l c h",
}  # fmt: skip
_NAMED = {name: Colour(int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for name, code in COLOUR_NAMES.items()}
_OF_THE_SYSTEM = frozenset(
    "currentcolor accentcolor accentcolortext activetext buttonborder buttontext field fieldtext graytext highlight "
    "highlighttext linktext mark marktext selecteditem selecteditemtext visitedtext activeborder activecaption "
    "appworkspace background buttonhighlight buttonshadow captiontext inactiveborder inactivecaption "
    "inactivecaptiontext infobackground infotext menu menutext scrollbar threeddarkshadow threedface threedhighlight "
    "threedlightshadow threedshadow windowframe -webkit-link -webkit-activelink -webkit-text".split()
)


@lru_cache(maxsize=1024)
def read_colour(value: str) -> Colour | None:
    """A CSS or legacy colour; None where it is none, or one that cannot be worked out here."""
    value = value.strip().lower()
    if value == "transparent":
        return TRANSPARENT
    if value in _NAMED:
        return _NAMED[value]
    digits = _HEX.match(value)
    if digits is not None:
        return _from_hex(digits.group(1))

    function = FUNCTION.fullmatch(value)
    if function is None:
        return None
    name, inner = function.group(1), function.group(2).strip()
    if name == "color-mix":
        return _mixed(inner)
    if name == "light-dark":
        return _of_light_page(inner)
    if name in FUNCTIONS:
        return from_channels(name, inner)
    return None


@lru_cache(maxsize=1024)
def is_colour(value: str, quirks: bool = False) -> bool:
    """Whether CSS takes it for a colour, known here or not."""
    if value in _OF_THE_SYSTEM:
        return True
    if read_colour(value) is None:
        return is_unknown(value)

    if value in _NAMED or value.startswith("#"):
        return True
    # In quirks mode digits do without "#" (Quirks Mode Standard, the hashless hex color quirk).
    return quirks or not _HEX.match(value)


def is_unknown(value: str) -> bool:
    """Whether it is a colour, and one that cannot be worked out here: of the system, made from another one, or of a
    rare space."""
    if value in _OF_THE_SYSTEM:
        return True
    function = FUNCTION.fullmatch(value)
    if function is None:
        return False

    name, inner = function.group(1), function.group(2).strip()
    if name == "color-mix":
        parts = _parts_of_mix(inner)
        return parts is not None and any(is_unknown(colour) for colour, _ in parts)
    if name == "contrast-color":
        colours = separate(inner)
        return len(colours) == 1 and is_colour(colours[0])
    if name == "light-dark":
        pair = _pair(inner)
        return pair is not None and read_colour(pair[0]) is None
    return name in FUNCTIONS and _is_unread_function(name, words_of(inner.replace("/", " / ")))


def _is_unread_function(name: str, words: list[str]) -> bool:
    """Whether a function of channels is one that they alone do not tell the colour of."""
    if words[:1] == ["from"]:
        return _is_relative(name, words[1:])
    if name != "color" or not words:
        return False
    return words[0] in UNREAD_SPACES and are_channels(words[1:])


def _is_relative(name: str, words: list[str]) -> bool:
    """Whether it makes a colour of another one: that one, then channels, each of which may name one of its channels
    (CSS Color 5, relative colours)."""
    if not words or not is_colour(words[0]):
        return False
    words = words[1:]
    if name != "color":
        return are_channels(words, name, f"{_CHANNEL_LETTERS[name]} alpha")

    if not words or words[0] not in SPACES | UNREAD_SPACES:
        return False
    letters = "x y z" if words[0].startswith("xyz") else "r g b"
    return are_channels(words[1:], name, f"{letters} alpha")


def _of_light_page(inner: str) -> Colour | None:
    """light-dark(): the first of two colours, since the page of a mail is a light one."""
    colours = _pair(inner)
    if colours is None:
        return None
    return read_colour(colours[0])


def _pair(inner: str) -> tuple[str, str] | None:
    """The two colours of light-dark(); None: they are none."""
    colours = separate(inner)
    if len(colours) != 2:
        return None
    light, dark = colours
    return (light, dark) if is_colour(light) and is_colour(dark) else None


def _parts_of_mix(inner: str) -> list[tuple[str, float | None]] | None:
    """The two colours of color-mix() and their shares in percent, where they are said; None: it is none."""
    method, *others = separate(inner)
    if not _MIXING.fullmatch(" ".join(method.split())):
        # Without a method it mixes in oklab (CSS Color 5).
        others = [method, *others]
    if len(others) != 2:
        return None

    parts: list[tuple[str, float | None]] = []
    for each in others:
        part = _part_of_mix(words_of(each))
        if part is None:
            return None
        parts.append(part)
    return parts


def _part_of_mix(words: list[str]) -> tuple[str, float | None] | None:
    """A colour, and its share before or behind it, perhaps."""
    share: float | None = None
    colours: list[str] = []
    for word in words:
        found = measure(word)
        if found is None:
            colours.append(word)
        elif share is None and found.kind == "percentage" and 0 <= found.amount <= 100:
            share = found.amount
        else:
            return None

    if len(colours) != 1 or not is_colour(colours[0]):
        return None
    return colours[0], share


def _mixed(inner: str) -> Colour | None:
    """color-mix(): by shares of both, in sRGB whatever the space; near white and near black all spaces agree."""
    parts = _parts_of_mix(inner)
    if parts is None:
        return None
    (one, first), (other, second) = parts
    colour, beside = read_colour(one), read_colour(other)
    if colour is None or beside is None:
        return None

    first, second = _shares(first, second)
    total = first + second
    if not total:
        return None
    return Colour(*((a * first + b * second) / total for a, b in zip(colour, beside, strict=True)))


def _shares(first: float | None, second: float | None) -> tuple[float, float]:
    """What has no share has what the other one leaves (CSS Color 5, color-mix)."""
    if first is None and second is None:
        return 50.0, 50.0
    if first is None:
        first = 100 - (second or 0.0)
    if second is None:
        second = 100 - first
    return first, second


def _from_hex(digits: str) -> Colour | None:
    # Of three or four digits each stands for two.
    if len(digits) in (3, 4):
        digits = "".join(each * 2 for each in digits)
    if len(digits) not in (6, 8):
        return None

    numbers = [int(digits[place : place + 2], 16) for place in range(0, len(digits), 2)]
    red, green, blue = numbers[:3]
    alpha = numbers[3] / 255 if len(numbers) == 4 else 1.0
    return Colour(red, green, blue, alpha)
