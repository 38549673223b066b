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
_FUNCTION = re.compile(r"^(rgb|hsl|hwb)a?\(([^()]*)\)$")
_DIGITS = r"(?:\d{1,9}\.?\d{0,9}|\.\d{1,9})"
_BY_LIGHTNESS = re.compile(rf"^(ok)?(?:lab|lch)\(\s*({_DIGITS})(%?)[^()]*\)$")
_SRGB = re.compile(rf"^color\(\s*(?:srgb|display-p3)\s+({_DIGITS})\s+({_DIGITS})\s+({_DIGITS})\s*\)$")
_NUMBER = re.compile(rf"(-?{_DIGITS})(%|deg|turn|rad)?")
_NAMED = {name: Colour(int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)) for name, code in COLOUR_NAMES.items()}
TRANSPARENT = Colour(0, 0, 0, 0)


@lru_cache(maxsize=1024)
def read_colour(value: str) -> Colour | None:
    """A CSS or legacy colour; None where it is none that is known here."""
    value = value.strip().lower()
    if value == "transparent":
        return TRANSPARENT
    if value in _NAMED:
        return _NAMED[value]
    if match := _HEX.match(value):
        return _from_hex(match.group(1))
    if match := _FUNCTION.match(value):
        return _from_function(match.group(1), _NUMBER.findall(match.group(2)))
    if match := _BY_LIGHTNESS.match(value):
        # Near white and near black, which are what text is hidden in, colours differ in nothing but lightness.
        return _grey(float(match.group(2)) / (1 if match.group(1) and not match.group(3) else 100))
    if match := _SRGB.match(value):
        red, green, blue = (min(float(each), 1.0) * 255 for each in match.groups())
        return Colour(red, green, blue)

    return None


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


def _from_function(name: str, numbers: list[tuple[str, str]]) -> Colour | None:
    values = [float(number) / 100 if unit == "%" else float(number) for number, unit in numbers]
    if len(values) not in (3, 4):
        return None
    alpha = _within_one(values[3]) if len(values) == 4 else 1.0
    if name == "rgb":
        red, green, blue = (
            _within_one(value if unit == "%" else value / 255)
            for value, (_, unit) in zip(values, numbers[:3], strict=False)
        )
    else:
        hue = values[0] if numbers[0][1] == "turn" else values[0] / 360
        one, other = (
            _within_one(value if unit == "%" else value / 100)
            for value, (_, unit) in zip(values[1:3], numbers[1:3], strict=True)
        )
        red, green, blue = _from_hwb(hue % 1, one, other) if name == "hwb" else colorsys.hls_to_rgb(hue % 1, other, one)

    return Colour(red * 255, green * 255, blue * 255, alpha)


def _from_hwb(hue: float, white: float, black: float) -> tuple[float, float, float]:
    if white + black >= 1:
        grey = white / (white + black)
        return grey, grey, grey
    return colorsys.hsv_to_rgb(hue, 1 - white / (1 - black), 1 - black)


def _within_one(value: float) -> float:
    return min(max(value, 0.0), 1.0)
