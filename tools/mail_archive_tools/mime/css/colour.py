"""Colours of CSS and of old HTML attributes, and how well one is seen on another."""

import colorsys
import re
from functools import lru_cache
from typing import NamedTuple

from mail_archive_tools.mime.css.colour_names import COLOUR_NAMES
from mail_archive_tools.mime.css.measures import Measure, measure
from mail_archive_tools.mime.css.syntax import FUNCTION, separate, words_of


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
_CHANNELS = frozenset("rgb rgba hsl hsla hwb lab lch oklab oklch color".split())
_LINEAR = frozenset("srgb-linear display-p3-linear".split())
_SPACES = frozenset("srgb display-p3".split()) | _LINEAR
_UNREAD_SPACES = frozenset("a98-rgb prophoto-rgb rec2020 rec2100-pq rec2100-hlg xyz xyz-d50 xyz-d65".split())
_MIXING = re.compile(
    r"in (?:srgb|srgb-linear|display-p3|display-p3-linear|a98-rgb|prophoto-rgb|rec2020|lab|oklab|xyz|xyz-d50|xyz-d65|"
    r"(?:hsl|hwb|lch|oklch)(?: (?:shorter|longer|increasing|decreasing) hue)?)"
)
_CHANNEL_NAMES = {"rgb": "r g b", "hsl": "h s l", "hwb": "h w b", "lab": "l a b", "oklab": "l a b", "lch": "l c h",
                  "oklch": "l c h"}  # fmt: skip
_HUES = {"hsl": 0, "hsla": 0, "hwb": 0, "lch": 2, "oklch": 2}
"""Which channel is a hue: that one may be an angle, and no channel is a length (CSS Color 4)."""

_NONE = Measure(0.0, "none")
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
    if (match := FUNCTION.fullmatch(value)) is None:
        return None
    name, inner = match.group(1), match.group(2).strip()
    if name == "color-mix":
        return _mixed(inner)
    if name == "light-dark":
        # The page of a mail is a light one.
        colours = separate(inner)
        return read_colour(colours[0]) if len(colours) == 2 and all(map(is_colour, colours)) else None
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
    """Whether it is a colour, and one that cannot be worked out here: of the system, made from another one, or of a
    rare space."""
    if value in _OF_THE_SYSTEM:
        return True
    match = FUNCTION.fullmatch(value)
    if match is None:
        return False
    name, inner = match.group(1), match.group(2).strip()
    if name == "color-mix":
        parts = _parts_of_mix(inner)
        return parts is not None and any(is_unknown(colour) for colour, _ in parts)
    if name in ("light-dark", "contrast-color"):
        colours = separate(inner)
        wanted = 2 if name == "light-dark" else 1
        known = name == "light-dark" and read_colour(colours[0]) is not None
        return len(colours) == wanted and all(map(is_colour, colours)) and not known
    if name not in _CHANNELS:
        return False
    words = words_of(inner.replace("/", " / "))
    if words[:1] == ["from"]:
        return _is_relative(name, words[1:])
    return name == "color" and words[:1] != [] and words[0] in _UNREAD_SPACES and _are_channels(words[1:])


def _is_relative(name: str, words: list[str]) -> bool:
    """Whether it makes a colour of another one: that one, then channels, each of which may name one of its."""
    if not words or not is_colour(words[0]):
        return False
    words = words[1:]
    names = _CHANNEL_NAMES.get(name.removesuffix("a") if name != "color" else name, "")
    if name == "color":
        if not words or words[0] not in _SPACES | _UNREAD_SPACES:
            return False
        names = "x y z" if words[0].startswith("xyz") else "r g b"
        words = words[1:]
    return _are_channels(words, _HUES.get(name), f"{names} alpha")


def _are_channels(words: list[str], hue: int | None = None, names: str = "") -> bool:
    """Three channels, and an opacity behind a slash; the one at `hue` may be an angle, and `names` may stand for
    numbers."""
    if len(words) not in (3, 5) or (len(words) == 5 and words[3] != "/"):
        return False
    if names:
        known = re.compile(rf"(?<![\w-])(?:{names.replace(' ', '|')})(?![\w-])")
        words = [known.sub("1", word) for word in words]

    for place, word in enumerate(words):
        if word in ("none", "/"):
            continue
        found = measure(word)
        if found is None or found.kind == "length":
            return False
        if found.kind == "angle" and place != hue:
            return False

    return True


def _parts_of_mix(inner: str) -> list[tuple[str, float | None]] | None:
    """The colours of color-mix() and their shares in percent, where they are said; None: it is none."""
    method, *others = separate(inner)
    if not _MIXING.fullmatch(" ".join(method.split())):
        others = [method, *others]
    parts: list[tuple[str, float | None]] = []
    for each in others:
        words = words_of(each)
        shares = [found for word in words if (found := measure(word)) and found.kind == "percentage"]
        colours = [word for word in words if measure(word) is None]
        if len(colours) != 1 or len(shares) > 1 or len(shares) + 1 != len(words) or not is_colour(colours[0]):
            return None
        if shares and not 0 <= shares[0].amount <= 100:
            return None
        parts.append((colours[0], shares[0].amount if shares else None))
    return parts if len(parts) == 2 else None


def _mixed(inner: str) -> Colour | None:
    """color-mix(): by shares of both, in sRGB whatever the space; near white and near black all spaces agree."""
    parts = _parts_of_mix(inner)
    colours = [colour for each, _ in parts or () if (colour := read_colour(each)) is not None]
    if parts is None or len(colours) != 2:
        return None
    first, second = (share for _, share in parts)
    first = first if first is not None else 100 - second if second is not None else 50.0
    second = second if second is not None else 100 - first
    total = first + second
    return Colour(*((a * first + b * second) / total for a, b in zip(*colours, strict=True))) if total else None


def _from_channels(name: str, inner: str) -> Colour | None:
    """The functions of three channels and an opacity, in their old form with commas and in their new one."""
    space = ""
    if name == "color":
        space, _, inner = inner.partition(" ")
        if space not in _SPACES:
            return None
    old = "," in re.sub(r"\([^()]*\)", "", inner)
    if old and name not in ("rgb", "rgba", "hsl", "hsla"):
        return None
    channels = _old_channels(name, inner) if old else _new_channels(name, inner)
    if channels is None:
        return None
    if name == "color":
        return _from_space(space, channels)
    if name.endswith(("lab", "lch")):
        # Near white and near black, which are what text is hidden in, colours differ in nothing but lightness.
        scale = 1 if name.startswith("ok") and channels[0].kind != "percentage" else 100
        return _grey(channels[0].amount / scale)._replace(alpha=_alpha(channels))
    return _from_function(name.removesuffix("a"), channels)


def _old_channels(name: str, inner: str) -> list[Measure] | None:
    found = [measure(each) for each in separate(inner)]
    kinds = [each.kind if each else "" for each in found]
    if len(found) not in (3, 4) or "" in kinds:
        return None
    if name.startswith("rgb"):
        fits = set(kinds[:3]) in ({"number"}, {"percentage"})
    else:
        fits = kinds[0] in ("number", "angle") and kinds[1:3] == ["percentage", "percentage"]
    return [each for each in found if each] if fits and kinds[3:] in ([], ["number"], ["percentage"]) else None


def _new_channels(name: str, inner: str) -> list[Measure] | None:
    words = words_of(inner.replace("/", " / "))
    if not _are_channels(words, _HUES.get(name)):
        return None
    found = [_NONE if word == "none" else measure(word) for word in words if word != "/"]
    return [each for each in found if each is not None]


def _from_space(space: str, channels: list[Measure]) -> Colour:
    levels = [_within_one(each.amount / 100 if each.kind == "percentage" else each.amount) for each in channels[:3]]
    if space in _LINEAR:
        levels = [12.92 * each if each <= 0.0031308 else 1.055 * each ** (1 / 2.4) - 0.055 for each in levels]
    red, green, blue = (each * 255 for each in levels)
    return Colour(red, green, blue, _alpha(channels))


def _alpha(channels: list[Measure]) -> float:
    if len(channels) < 4:
        return 1.0
    amount, kind = channels[3]
    return _within_one(amount / 100 if kind == "percentage" else amount)


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


def _from_function(name: str, channels: list[Measure]) -> Colour:
    first, second, third = channels[:3]
    if name == "rgb":
        red, green, blue = (
            _within_one(each.amount / (100 if each.kind == "percentage" else 255)) for each in (first, second, third)
        )
    else:
        hue, one, other = first.amount / 360 % 1, _within_one(second.amount / 100), _within_one(third.amount / 100)
        red, green, blue = _from_hwb(hue, one, other) if name == "hwb" else colorsys.hls_to_rgb(hue, other, one)

    return Colour(red * 255, green * 255, blue * 255, _alpha(channels))


def _from_hwb(hue: float, white: float, black: float) -> tuple[float, float, float]:
    if white + black >= 1:
        grey = white / (white + black)
        return grey, grey, grey
    return colorsys.hsv_to_rgb(hue, 1 - white / (1 - black), 1 - black)


def _within_one(value: float) -> float:
    return min(max(value, 0.0), 1.0)
