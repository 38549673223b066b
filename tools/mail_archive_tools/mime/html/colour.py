"""Colours of CSS and of old HTML attributes, and how well one is seen on another."""

import colorsys
import re
from functools import lru_cache
from typing import NamedTuple

from mail_archive_tools.mime.html.colour_names import COLOUR_NAMES


class Colour(NamedTuple):
    """sRGB, each 0 to 255; `alpha` 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: "Colour") -> "Colour":
        """What is seen of this one painted over another."""
        if self.alpha >= 1:
            return self
        mixed = (self.alpha * mine + (1 - self.alpha) * its for mine, its in zip(self._rgb, below._rgb, strict=True))
        return Colour(*mixed)

    @property
    def luminance(self) -> float:
        """WCAG 2 relative luminance, 0 to 1."""
        red, green, blue = (
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
            for value in (each / 255 for each in self._rgb)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    @property
    def _rgb(self) -> tuple[float, float, float]:
        return self.red, self.green, self.blue


WHITE, BLACK, LINK = Colour(255, 255, 255), Colour(0, 0, 0), Colour(0, 0, 238)


@lru_cache(maxsize=1024)
def contrast(colour: Colour, background: Colour) -> float:
    """WCAG 2 contrast ratio of text on a background: 1 (the same) to 21."""
    one, other = colour.over(background).luminance, background.luminance
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


_HEX = re.compile(r"^#?([0-9a-f]{3,8})$")
_DIGITS = r"(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})"
_NUMBER = re.compile(rf"([+-]?{_DIGITS})(%|deg|turn|rad|grad)?")
_FUNCTION = re.compile(r"^([a-z-]+)\((.*)\)$", re.DOTALL)
_CHANNELS = frozenset("rgb rgba hsl hsla hwb lab lch oklab oklch color".split())
_LINEAR = frozenset("srgb-linear display-p3-linear".split())
_SPACES = frozenset("srgb display-p3".split()) | _LINEAR
_UNREAD_SPACES = frozenset("a98-rgb prophoto-rgb rec2020 rec2100-pq rec2100-hlg xyz xyz-d50 xyz-d65".split())
_NAMED = {name: Colour(int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for name, code in COLOUR_NAMES.items()}
_OF_THE_SYSTEM = frozenset(
    "currentcolor accentcolor accentcolortext activetext buttonborder buttontext field fieldtext graytext highlight "
    "highlighttext linktext mark marktext selecteditem selecteditemtext visitedtext activeborder activecaption "
    "appworkspace background buttonhighlight buttonshadow captiontext inactiveborder inactivecaption "
    "inactivecaptiontext infobackground infotext menu menutext scrollbar threeddarkshadow threedface threedhighlight "
    "threedlightshadow threedshadow windowframe -webkit-link -webkit-activelink -webkit-text".split()
)
TRANSPARENT = Colour(0, 0, 0, 0)


@lru_cache(maxsize=1024)
def read_colour(value: str) -> Colour | None:
    """A CSS or legacy colour; None where it is none, or one that cannot be worked out here."""
    value = value.strip().lower()
    if value == "transparent":
        return TRANSPARENT
    if value in _NAMED:
        return _NAMED[value]
    if match := _HEX.match(value):
        return _from_hex(match.group(1))
    if (match := _FUNCTION.match(value)) is None:
        return None
    name, inner = match.group(1), match.group(2).strip()
    if name == "color-mix":
        return _mixed(inner)
    if name == "light-dark":
        # The page of a mail is a light one.
        return read_colour(_arguments(inner)[0])
    return _from_channels(name, inner) if name in _CHANNELS else None


@lru_cache(maxsize=1024)
def is_colour(value: str, quirks: bool = False) -> bool:
    """Whether CSS takes it for a colour, known here or not; in quirks mode hexadecimal digits do without "#"."""
    if value in _OF_THE_SYSTEM:
        return True
    if read_colour(value) is None:
        return is_unknown(value)
    return value in _NAMED or quirks or value[:1] == "#" or not _HEX.match(value)


def is_unknown(value: str) -> bool:
    """Whether it is a colour, and one that cannot be worked out here: made from another one, or of a rare space."""
    if value in _OF_THE_SYSTEM:
        return True
    match = _FUNCTION.match(value)
    if match is None:
        return False
    name, inner = match.group(1), match.group(2).strip()
    if name in _CHANNELS and inner.startswith("from "):
        return True
    if name == "color":
        return inner.split(" ", 1)[0] in _UNREAD_SPACES
    if name in ("color-mix", "light-dark", "contrast-color"):
        return any(is_unknown(each.strip().split(" ", 1)[0]) for each in _arguments(inner)) or name == "contrast-color"
    return name in _CHANNELS and re.search(r"\b(?:calc|min|max|clamp|var)\(", inner) is not None


def _arguments(inner: str) -> list[str]:
    """By the commas that stand in no bracket."""
    return [each.strip() for each in re.findall(r"(?:[^,()]++|\((?:[^()]++|\([^()]*+\))*+\))++", inner)] or [""]


def _mixed(inner: str) -> Colour | None:
    """color-mix(): by shares of both, in sRGB whatever the space; near white and near black all spaces agree."""
    method, *others = _arguments(inner)
    if not method.startswith("in ") or len(others) != 2:
        return None
    parts: list[tuple[Colour, float | None]] = []
    for each in others:
        match = re.match(rf"^(?:({_DIGITS})%\s+)?(.*?)(?:\s+({_DIGITS})%)?$", each)
        colour = read_colour(match.group(2)) if match else None
        if match is None or colour is None:
            return None
        share = match.group(1) or match.group(3)
        parts.append((colour, float(share) if share else None))
    (one, first), (other, second) = parts
    first = first if first is not None else 100 - second if second is not None else 50.0
    second = second if second is not None else 100 - first
    total = first + second
    if not total:
        return None
    return Colour(*((a * first + b * second) / total for a, b in zip(one, other, strict=True)))


def _from_channels(name: str, inner: str) -> Colour | None:
    """The functions of three channels and an opacity, in their old form with commas and in their new one."""
    space = ""
    if name == "color":
        space, _, inner = inner.partition(" ")
        if space not in _SPACES:
            return None
    written = _channels(inner, commas=name in ("rgb", "rgba", "hsl", "hsla"))
    if written is None:
        return None
    channels, old = written
    units = [unit for _, unit in channels]
    if old and (len({unit == "%" for unit in units[:3]}) > 1 if name[:3] == "rgb" else units[1:3] != ["%", "%"]):
        return None
    if name == "color":
        return _from_space(space, channels)
    if name.endswith(("lab", "lch")):
        # Near white and near black, which are what text is hidden in, colours differ in nothing but lightness.
        lightness = channels[0][0] / (1 if name.startswith("ok") and units[0] != "%" else 100)
        return _grey(lightness)._replace(alpha=_alpha(channels))
    return _from_function(name.removesuffix("a"), channels)


def _channels(inner: str, commas: bool) -> tuple[list[tuple[float, str]], bool] | None:
    """Numbers with their units, and whether in the old form; None where they are none."""
    old = "," in inner
    if old and not commas:
        return None
    pieces = inner.split(",") if old else inner.replace("/", " / ").split()
    if not old and "/" in pieces:
        if len(pieces) != 5 or pieces[3] != "/":
            return None
        pieces.pop(3)
    elif not old and len(pieces) != 3:
        return None
    found = []
    for each in pieces:
        match = _NUMBER.fullmatch(each.strip())
        if match is None and (old or each != "none"):
            return None
        found.append((float(match.group(1)), match.group(2) or "") if match else (0.0, ""))
    return (found, old) if len(found) in (3, 4) else None


def _from_space(space: str, channels: list[tuple[float, str]]) -> Colour:
    levels = [_within_one(value / 100 if unit == "%" else value) for value, unit in channels[:3]]
    if space in _LINEAR:
        levels = [12.92 * each if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055 for each in levels]
    red, green, blue = (each * 255 for each in levels)
    return Colour(red, green, blue, _alpha(channels))


def _alpha(channels: list[tuple[float, str]]) -> float:
    if len(channels) < 4:
        return 1.0
    value, unit = channels[3]
    return _within_one(value / 100 if unit == "%" else value)


def _grey(lightness: float) -> Colour:
    level = min(max(lightness, 0.0), 1.0) * 255
    return Colour(level, level, level)


def _from_hex(digits: str) -> Colour | None:
    if len(digits) in (3, 4):
        digits = "".join(each * 2 for each in digits)
    if len(digits) not in (6, 8):
        return None
    numbers = [int(digits[place : place + 2], 16) for place in range(0, len(digits), 2)]
    red, green, blue = numbers[:3]
    return Colour(red, green, blue, numbers[3] / 255 if len(numbers) == 4 else 1.0)


def _from_function(name: str, channels: list[tuple[float, str]]) -> Colour:
    (one, unit), *others = channels[:3]
    if name == "rgb":
        red, green, blue = (
            _within_one(value / (100 if unit == "%" else 255)) for value, unit in ((one, unit), *others)
        )
    else:
        hue = one * {"turn": 1.0, "rad": 1 / 6.283185, "grad": 1 / 400}.get(unit, 1 / 360)
        second, third = (_within_one(value / 100) for value, _ in others)
        wheel = _from_hwb(hue % 1, second, third) if name == "hwb" else colorsys.hls_to_rgb(hue % 1, third, second)
        red, green, blue = wheel

    return Colour(red * 255, green * 255, blue * 255, _alpha(channels))


def _from_hwb(hue: float, white: float, black: float) -> tuple[float, float, float]:
    if white + black >= 1:
        grey = white / (white + black)
        return grey, grey, grey
    return colorsys.hsv_to_rgb(hue, 1 - white / (1 - black), 1 - black)


def _within_one(value: float) -> float:
    return min(max(value, 0.0), 1.0)
