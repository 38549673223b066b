"""A colour, and how well it is seen on another one."""

from functools import lru_cache
from typing import NamedTuple


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

        mine, its = self.alpha, 1 - self.alpha
        return Colour(
            mine * self.red + its * below.red,
            mine * self.green + its * below.green,
            mine * self.blue + its * below.blue,
        )

    @property
    def luminance(self) -> float:
        """WCAG 2 relative luminance, 0 to 1."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)


def _linear(level: float) -> float:
    """How much light a level of sRGB is, 0 to 1."""
    share = level / 255
    # WCAG 2 has this bound from an old draft of sRGB.
    if share <= 0.03928:
        return share / 12.92
    return float(((share + 0.055) / 1.055) ** 2.4)


WHITE, BLACK, LINK = Colour(255, 255, 255), Colour(0, 0, 0), Colour(0, 0, 238)
"""The page, its text and its links, where nothing is said about them (HTML, Rendering)."""

TRANSPARENT = Colour(0, 0, 0, 0)


@lru_cache(maxsize=1024)
def contrast(colour: Colour, background: Colour) -> float:
    """WCAG 2 contrast ratio of text on a background: 1 (the same) to 21."""
    text, behind = colour.over(background).luminance, background.luminance
    return (max(text, behind) + 0.05) / (min(text, behind) + 0.05)
