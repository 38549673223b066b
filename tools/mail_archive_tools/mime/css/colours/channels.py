"""Colours that are written as three channels and an opacity: `rgb()`, `hsl()`, `hwb()`, `lab()`, `lch()`, `color()`.

Those of rgb and hsl have an old form with commas; all have one with spaces, in which the opacity is behind a slash
(CSS Color 4).
"""

import colorsys
import re

from mail_archive_tools.mime.css.colours.colour import Colour
from mail_archive_tools.mime.css.measures import measure
from mail_archive_tools.mime.css.syntax import separate, words_of
from mail_archive_tools.mime.css.units import Measure

FUNCTIONS = frozenset("rgb rgba hsl hsla hwb lab lch oklab oklch color".split())
_LINEAR = frozenset("srgb-linear display-p3-linear".split())
SPACES = frozenset("srgb display-p3".split()) | _LINEAR
"""The spaces of `color()` that are read. Near white and near black the wider ones are as the narrow ones."""

UNREAD_SPACES = frozenset("a98-rgb prophoto-rgb rec2020 rec2100-pq rec2100-hlg xyz xyz-d50 xyz-d65".split())

_HUES = {"hsl": 0, "hsla": 0, "hwb": 0, "lch": 2, "oklch": 2}
"""Which channel is a hue: that one may be an angle, and no channel is a length."""

_NONE = Measure(0.0, "none")
_BRACKETS = re.compile(r"\([^()]*\)")


def are_channels(words: list[str], name: str = "", letters: str = "") -> bool:
    """Whether these are three channels of the function, and perhaps an opacity behind a slash. `letters` are words,
    between spaces, that may stand for numbers."""
    if len(words) not in (3, 5):
        return False
    if len(words) == 5 and words[3] != "/":
        return False
    if letters:
        # In a relative colour "r" is a number, and may stand in a calculation.
        known = re.compile(rf"(?<![\w-])(?:{letters.replace(' ', '|')})(?![\w-])")
        words = [known.sub("1", word) for word in words]

    hue = _HUES.get(name)
    for place, word in enumerate(words):
        if word in ("none", "/"):
            continue
        found = measure(word)
        if found is None or found.kind == "length":
            return False
        if found.kind == "angle" and place != hue:
            return False

    return True


def from_channels(name: str, inner: str) -> Colour | None:
    """The colour that a function makes of what is between its brackets; None: it is none."""
    space = ""
    if name == "color":
        space, _, inner = inner.partition(" ")
        if space not in SPACES:
            return None

    channels = _channels(name, inner)
    if channels is None:
        return None

    alpha = _within_one(_part(channels[3])) if len(channels) == 4 else 1.0
    red, green, blue = _levels(name, space, channels)
    return Colour(red * 255, green * 255, blue * 255, alpha)


def _channels(name: str, inner: str) -> list[Measure] | None:
    has_commas = "," in _BRACKETS.sub("", inner)
    if has_commas:
        return _between_commas(name, inner)
    return _between_spaces(name, inner)


def _between_commas(name: str, inner: str) -> list[Measure] | None:
    if name not in ("rgb", "rgba", "hsl", "hsla"):
        return None
    found = [measure(each) for each in separate(inner)]
    channels = [each for each in found if each is not None]
    if len(channels) < len(found) or len(channels) not in (3, 4):
        return None

    # In the old form there is no `none`, and rgb has percentages in all of its channels or in none.
    kinds = [each.kind for each in channels]
    if kinds[3:] not in ([], ["number"], ["percentage"]):
        return None
    if name.startswith("rgb"):
        fits = set(kinds[:3]) in ({"number"}, {"percentage"})
    else:
        fits = kinds[0] in ("number", "angle") and kinds[1:3] == ["percentage", "percentage"]
    return channels if fits else None


def _between_spaces(name: str, inner: str) -> list[Measure] | None:
    words = words_of(inner.replace("/", " / "))
    if not are_channels(words, name):
        return None

    channels: list[Measure] = []
    for word in words:
        found = _NONE if word == "none" else measure(word)
        # The slash measures nothing.
        if found is not None:
            channels.append(found)
    return channels


def _levels(name: str, space: str, channels: list[Measure]) -> tuple[float, float, float]:
    """Red, green and blue, each 0 to 1."""
    first, second, third = channels[:3]
    if name == "color":
        return _of_space(space, first), _of_space(space, second), _of_space(space, third)
    if name.startswith("rgb"):
        return _of_byte(first), _of_byte(second), _of_byte(third)

    if name.endswith(("lab", "lch")):
        # Near white and near black, which are what text is hidden in, colours differ in nothing but lightness.
        is_share = name.startswith("ok") and first.kind != "percentage"
        grey = _within_one(first.amount if is_share else first.amount / 100)
        return grey, grey, grey

    hue = first.amount / 360 % 1
    if name == "hwb":
        return _from_hwb(hue, _within_one(second.amount / 100), _within_one(third.amount / 100))
    return colorsys.hls_to_rgb(hue, _within_one(third.amount / 100), _within_one(second.amount / 100))


def _part(channel: Measure) -> float:
    """A number, or a percentage as the number that it stands for."""
    if channel.kind == "percentage":
        return channel.amount / 100
    return channel.amount


def _of_byte(channel: Measure) -> float:
    """A channel of rgb(), in which 255 is as much as 100%."""
    if channel.kind == "percentage":
        return _within_one(channel.amount / 100)
    return _within_one(channel.amount / 255)


def _of_space(space: str, channel: Measure) -> float:
    level = _within_one(_part(channel))
    if space not in _LINEAR:
        return level
    # From light to the level that stands for it in sRGB (CSS Color 4).
    if level <= 0.0031308:
        return 12.92 * level
    return float(1.055 * level ** (1 / 2.4) - 0.055)


def _from_hwb(hue: float, white: float, black: float) -> tuple[float, float, float]:
    # Where more than the whole is white and black, nothing is left of the hue (CSS Color 4, hwb).
    if white + black >= 1:
        grey = white / (white + black)
        return grey, grey, grey
    return colorsys.hsv_to_rgb(hue, 1 - white / (1 - black), 1 - black)


def _within_one(value: float) -> float:
    return min(max(value, 0.0), 1.0)
