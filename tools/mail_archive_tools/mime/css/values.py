"""Which values a property takes. A browser drops a declaration with any other, and the one before it holds.

For the properties that tell whether text is seen; what is valid and not understood here is taken for unknown by those
who read it. The others are left as they are: nobody looks at them.
"""

from functools import lru_cache

from mail_archive_tools.mime.css.grammar.combining import Test, none_or, one_of, up_to, words_among
from mail_archive_tools.mime.css.grammar.fonts import font
from mail_archive_tools.mime.css.grammar.functions import TRANSFORMS, filter_functions, functions, shape
from mail_archive_tools.mime.css.grammar.layers import background, mask
from mail_archive_tools.mime.css.grammar.paint import colour, fill, images
from mail_archive_tools.mime.css.grammar.single import (
    clip,
    display,
    fraction_or_percentage,
    rotation,
    size,
    text_indent,
    whole_number,
    zoom,
)
from mail_archive_tools.mime.css.longhands import FONT_SIZES, WIDE
from mail_archive_tools.mime.css.syntax import is_put_in_later


@lru_cache(maxsize=8192)
def is_valid(name: str, value: str, quirks: bool = False) -> bool:
    """Whether a browser takes this declaration; both in lower case."""
    test = PROPERTY_TESTS.get(name)
    if test is None:
        return True
    # What is put in later is looked at once more when it is known.
    if value in WIDE or is_put_in_later(value):
        return True
    return test(value, quirks)


def is_known(name: str) -> bool:
    """Whether a browser has a property of that name; custom properties begin with two hyphens."""
    return name in PROPERTY_TESTS or name in _OTHERS or name.startswith("--")


_SIZING = "min-content max-content fit-content stretch -webkit-fill-available -webkit-fit-content"
_BOX_SIZE = size(f"auto {_SIZING}", negative=False)
_BOX_MOST = size(f"none {_SIZING}", negative=False)
_OFFSET = size("auto")
_PADDING = size(negative=False)
_OVERFLOW = one_of("visible hidden clip scroll auto overlay -webkit-paged-x -webkit-paged-y")
_CLIPS = one_of("border-box padding-box content-box text border-area")
_TRANSFORM = functions(TRANSFORMS)

PROPERTY_TESTS: dict[str, Test] = {
    "display": display,
    "visibility": one_of("visible hidden collapse"),
    "content-visibility": one_of("visible auto hidden"),
    "opacity": fraction_or_percentage,
    "fill-opacity": fraction_or_percentage,
    "filter": filter_functions,
    "-webkit-filter": filter_functions,
    # It has no values but the words that every property takes.
    "all": one_of(""),
    "fill": fill,
    "mask": mask,
    "mask-image": images,
    "-webkit-mask": mask,
    "-webkit-mask-image": images,
    "letter-spacing": size("normal"),
    "clip": clip,
    "clip-path": shape,
    "-webkit-clip-path": shape,
    "position": one_of("static relative absolute fixed sticky -webkit-sticky"),
    "float": one_of("left right none inline-start inline-end"),
    "inset": up_to(4, _OFFSET),
    "z-index": whole_number,
    "text-indent": text_indent,
    "margin": up_to(4, _OFFSET),
    "padding": up_to(4, _PADDING),
    "transform": _TRANSFORM,
    "-webkit-transform": _TRANSFORM,
    "scale": none_or(up_to(3, fraction_or_percentage)),
    "rotate": rotation,
    # The unitless length quirk is for properties that its list names, and this is none of them.
    "translate": none_or(up_to(3, size(unitless=False))),
    "zoom": zoom,
    "backface-visibility": one_of("visible hidden"),
    "-webkit-backface-visibility": one_of("visible hidden"),
    "overflow": up_to(2, _OVERFLOW),
    "overflow-x": _OVERFLOW,
    "overflow-y": _OVERFLOW,
    "contain": words_among("none strict content size inline-size layout style paint"),
    "line-height": size("normal", negative=False, numbers=True),
    "font-size": size(" ".join(FONT_SIZES), negative=False),
    "font": font,
    "color": colour,
    "-webkit-text-fill-color": colour,
    "background-color": colour,
    "background": background,
    "background-image": images,
    "white-space": words_among(
        "normal pre nowrap pre-wrap pre-line break-spaces collapse preserve preserve-breaks preserve-spaces wrap"
    ),
    **dict.fromkeys(
        (
            "left top right bottom inset-inline-start inset-inline-end inset-block-start inset-block-end margin-left "
            "margin-top margin-right margin-bottom margin-inline-start margin-block-start"
        ).split(),
        _OFFSET,
    ),
    **dict.fromkeys(("height", "width", "block-size", "inline-size"), _BOX_SIZE),
    **dict.fromkeys(("max-height", "max-width", "max-block-size", "max-inline-size"), _BOX_MOST),
    **dict.fromkeys(
        "padding-top padding-right padding-bottom padding-left padding-inline-start padding-block-start".split(),
        _PADDING,
    ),
    **dict.fromkeys(("background-clip", "-webkit-background-clip"), _CLIPS),
}  # fmt: skip

# What style sheets ask for in @supports, beside those above.
_OTHERS = frozenset(
    "align-content align-items align-self animation appearance aspect-ratio border border-radius box-shadow box-sizing "
    "columns cursor direction flex flex-direction flex-wrap gap grid grid-area grid-template grid-template-areas "
    "grid-template-columns justify-content object-fit order outline text-align text-decoration text-shadow "
    "text-overflow text-transform transition vertical-align word-break -webkit-appearance".split()
)
