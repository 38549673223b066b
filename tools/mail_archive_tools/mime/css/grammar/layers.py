"""The shorthands of backgrounds and masks: layers of images, with where and how each is painted."""

from mail_archive_tools.mime.css.colours.reading import is_colour
from mail_archive_tools.mime.css.grammar.functions import BOXES, is_of
from mail_archive_tools.mime.css.grammar.paint import is_image
from mail_archive_tools.mime.css.syntax import separate, words_of

_ACROSS = frozenset({"left", "right"})
_DOWN = frozenset({"top", "bottom"})
_POSITIONS = _ACROSS | _DOWN | {"center"}
_REPEATS = frozenset("repeat no-repeat repeat-x repeat-y space round".split())
_BACKGROUND_WORDS = _REPEATS | frozenset(
    "scroll fixed border-box padding-box content-box text border-area local".split()
)
_MASK_WORDS = (
    _REPEATS | BOXES | frozenset("add subtract intersect exclude alpha luminance match-source no-clip".split())
)


def background(value: str, quirks: bool) -> bool:
    """Layers, of which the last may have a colour (CSS Backgrounds 3, 2.10)."""
    *layers, last = separate(value)
    for layer in layers:
        others = _beside_image(layer, _BACKGROUND_WORDS)
        if others is None or others:
            return False

    others = _beside_image(last, _BACKGROUND_WORDS)
    if others is None or len(others) > 1:
        return False
    return all(is_colour(word, quirks) for word in others)


def mask(value: str, _: bool) -> bool:
    """Layers, none with a colour (CSS Masking 1, 7.10)."""
    return all(_beside_image(layer, _MASK_WORDS) == [] for layer in separate(value))


def _beside_image(layer: str, known: frozenset[str]) -> list[str] | None:
    """What a layer has beside an image and known words that say where and how it is painted; None: it is no layer."""
    words = words_of(layer.replace("/", " / "))
    if not words or not _take_size(words):
        return None

    places = [place for place, word in enumerate(words) if _is_place(word)]
    positions = [words[place] for place in places]
    if places and places[-1] - places[0] >= len(places):
        # Something else stands between the words of one position.
        return None
    if not _is_position(positions):
        return None

    images = 0
    others: list[str] = []
    for word in words:
        if word in positions:
            continue
        if word == "none" or is_image(word):
            images += 1
        elif word not in known:
            others.append(word)
    return others if images <= 1 else None


def _take_size(words: list[str]) -> bool:
    """Take slash and size of the image out of a layer's words. False where they stand wrong: a size is of one or two
    words, behind a position and a slash."""
    if "/" not in words:
        return True
    slash = words.index("/")
    if slash == 0 or not _is_place(words[slash - 1]):
        return False

    count = 0
    for word in words[slash + 1 : slash + 3]:
        is_whole_size = word in ("cover", "contain") and not count
        if not is_whole_size and word != "auto" and not is_of(word, "lp"):
            break
        count += 1
    del words[slash : slash + 1 + count]
    return count > 0


def _is_place(word: str) -> bool:
    return word in _POSITIONS or is_of(word, "lp")


def _is_position(words: list[str]) -> bool:
    """Where an image is: across and down, each from an edge, perhaps (CSS Backgrounds 3, 2.6)."""
    across = sum(word in _ACROSS for word in words)
    down = sum(word in _DOWN for word in words)
    if across > 1 or down > 1:
        return False
    if len(words) > 2:
        # Three or four words: two of them name edges or the middle, the others are distances from these.
        return len(words) <= 4 and across + down + words.count("center") == 2 and words[0] in _POSITIONS
    if len(words) < 2:
        return True

    # Of two words that are in the wrong order both have to be names.
    first, second = words
    if second in _ACROSS and first not in _DOWN and first != "center":
        return False
    return first not in _DOWN or second in _ACROSS or second == "center"
