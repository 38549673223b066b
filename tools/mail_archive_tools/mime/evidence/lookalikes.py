"""Domain names that look like others: of several scripts, of look-alike letters, or a letter away."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

_LOOKALIKES = str.maketrans(
    {
        **dict(zip("аеорсухіјѕһԁԛԝвнкмтгьӏ", "aeopcyxijshdqwbhkmtrbl", strict=True)),
        **dict(zip("αβγεικνορτυχωη", "abyeikvoptuxwn", strict=True)),
        **dict(zip("օսոհցյզ", "ounhgjq", strict=True)),
        **dict(zip("ıɩƖǀɑɡɪʏɴʀᴀᴄᴇᴏᴠᴡᴢ", "ilIlagiynraceovwz", strict=True)),
        "0": "o", "1": "l", "3": "e", "5": "s", "|": "l", "!": "l", "$": "s",
    }
)  # fmt: skip
# Two letters that look like one, in most fonts.
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SCRIPTS = (
    "LATIN",
    "CYRILLIC",
    "GREEK",
    "ARMENIAN",
    "HEBREW",
    "ARABIC",
    "CHEROKEE",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
)
# What languages of East Asia write together, words in Latin letters among it (Unicode UTS 39, 5.2).
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "LATIN"})
_LABEL = re.compile(r"[^.]+")
_LEAST_LENGTH = 5
"""Of shorter labels many honest ones differ by a letter."""
_MOST_OF_A_LABEL = 63
_MOST_OF_A_DOMAIN = 253
"""Longer ones are no domains (RFC 1035, 2.3.4)."""
_KEPT_OF_A_KEY = 3
_FEW = 8


@lru_cache(maxsize=4096)
def registrable(domain: str) -> str | None:
    """The part of a domain that somebody registered, in Unicode, by the public suffix list: `b.co.uk` of `a.b.co.uk`.
    None of what nobody can register."""
    shown = in_unicode(domain.lower().rstrip("."))
    found: str | None = _public_suffixes().privatesuffix(shown)
    return found


def is_under_a_known_suffix(domain: str) -> bool:
    """Whether a domain ends with a suffix of the list: `x.yml` does not."""
    return _public_suffixes().publicsuffix(domain, accept_unknown=False) is not None


@cache
def _public_suffixes() -> Any:
    # Imported here: the list takes a while to be read, and most messages ask nothing of it.
    from publicsuffixlist import PublicSuffixList

    # In Unicode, as the list is written: to make punycode of it takes longer than all else.
    return PublicSuffixList(accept_encoded_idn=False)


def in_unicode(domain: str) -> str:
    """The domain with its punycode labels (RFC 5891) as the letters that they stand for, where they are good."""
    if "xn--" not in domain.lower():
        return domain
    return _LABEL.sub(_label_in_unicode, domain)


def _label_in_unicode(match: re.Match[str]) -> str:
    label = match.group()
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def scripts(domain: str) -> list[str]:
    """The scripts of a domain's letters, by Unicode's names in capitals."""
    # A dict, as each is named once, in their order.
    found: dict[str, None] = {}
    for letter in in_unicode(domain):
        if not letter.isalpha():
            continue
        name = unicodedata.name(letter, "")
        for script in _SCRIPTS:
            if name.startswith(script):
                found[script] = None

    return list(found)


def mixes_scripts(domain: str) -> bool:
    """Whether a label mixes scripts that no language writes together."""
    if _is_plain(domain):
        return False
    for label in in_unicode(domain).split("."):
        used = set(scripts(label))
        if len(used) > 1 and not used <= _TOGETHER:
            return True

    return False


def is_disguised(domain: str) -> bool:
    """Whether a label has no Latin letter, and each of its letters looks like one."""
    if _is_plain(domain):
        return False
    for label in in_unicode(domain).split("."):
        if label.isascii():
            continue
        letters = "".join(each for each in label.lower() if each.isalpha())
        if letters and letters.translate(_LOOKALIKES).isascii():
            return True

    return False


def _is_plain(domain: str) -> bool:
    return domain.isascii() and "xn--" not in domain.lower()


@lru_cache(maxsize=4096)
def skeleton(domain: str) -> str:
    """What the domain looks like: two that look alike have the same."""
    text = in_unicode(domain.lower().rstrip("."))
    if not text.isascii():
        # Letters without their accents, and those of full width as usual ones.
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(each for each in decomposed if not unicodedata.combining(each)).lower()
    text = text.translate(_LOOKALIKES)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return text


def looks_like(domain: str, other: str) -> bool:
    """Whether two different domains are easily taken for one another."""
    domain = domain.lower().rstrip(".")
    other = other.lower().rstrip(".")
    if not domain or not other:
        return False
    if within(domain, other) or within(other, domain):
        return False
    if skeleton(domain) == skeleton(other):
        return True
    return _differ_by_an_edit(domain.split("."), other.split("."))


def within(domain: str, other: str) -> bool:
    """Whether `domain` is `other` or below it."""
    return domain == other or domain.endswith("." + other)


def _differ_by_an_edit(labels: list[str], others: list[str]) -> bool:
    """Whether one label differs, by one edit, and is long enough that this is no accident."""
    if len(labels) != len(others):
        return False
    differing = [(one, other) for one, other in zip(labels, others, strict=True) if one != other]
    if len(differing) != 1:
        return False

    one, other = differing[0]
    if len(one) < _LEAST_LENGTH or len(other) < _LEAST_LENGTH:
        return False
    return _is_one_edit(one, other)


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one letter more, less or other, or two letters in the other order, makes one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False

    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    rest = one[same:]
    its = other[same:]
    # Another letter, a letter less, a letter more.
    if rest[1:] == its[1:] or rest[1:] == its or rest == its[1:]:
        return True
    are_swapped = rest[:2] == its[1::-1]
    return are_swapped and rest[2:] == its[2:]


class Lookalikes:
    """Domains, to be asked which of them look like another: that takes no longer where they are many."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = tuple(domains)
        self._by_keys: dict[int, tuple[str, ...]] = {}
        # As most mail has them: to compare each takes less than to make its keys.
        if len(self._domains) <= _FEW:
            return

        for domain in self._domains:
            alone = (domain,)
            for key in _keys(domain, is_asked_about=False):
                here = self._by_keys.setdefault(key, alone)
                # All of one key look like whatever has that key, so a few are enough; one may be what is asked about.
                if here is not alone and len(here) < _KEPT_OF_A_KEY:
                    self._by_keys[key] = here + alone

    def of(self, domain: str) -> list[str]:
        """Some of those that look like `domain`, by `looks_like`: wherever there is one, one is among them."""
        return sorted(each for each in self._candidates(domain) if looks_like(domain, each))

    def _candidates(self, domain: str) -> set[str]:
        if len(self._domains) <= _FEW:
            return set(self._domains)

        found: set[str] = set()
        for key in _keys(domain, is_asked_about=True):
            found.update(self._by_keys.get(key, ()))
        return found


def _keys(domain: str, is_asked_about: bool) -> Iterator[int]:
    """Numbers by which domains that look like each other are found.

    A domain that is kept and one that is asked about share a number exactly where they look the same, or where one edit
    of a label makes one of the other.
    """
    yield hash(("looks", skeleton(domain)))
    if len(domain) > _MOST_OF_A_DOMAIN:
        return

    labels = domain.lower().rstrip(".").split(".")
    # What is a letter more in one is a letter less in the other.
    whole, shorter = ("longer", "shorter") if is_asked_about else ("shorter", "longer")
    for place, label in enumerate(labels):
        if not _LEAST_LENGTH <= len(label) <= _MOST_OF_A_LABEL:
            continue

        others = hash((tuple(labels[:place]), tuple(labels[place + 1 :])))
        yield hash((others, whole, label))
        for at in range(len(label)):
            rest = label[:at] + label[at + 1 :]
            # A letter less, and a letter other than the one here.
            yield hash((others, shorter, rest))
            yield hash((others, at, rest))
        for at in range(len(label) - 1):
            one, other = label[at], label[at + 1]
            if one != other:
                # Two letters in whichever order.
                pair = one + other if one < other else other + one
                yield hash((others, label[:at], pair, label[at + 2 :]))
