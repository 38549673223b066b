"""Content-Type and Content-Disposition (RFC 2045, RFC 2183): a value and its parameters, RFC 2231 put together."""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from mail_archive_tools.mime.codecs import charsets
from mail_archive_tools.mime.fields.headers import decode_words

VALUE_CHARS = 20_000
"""How much of such a field is read, in characters."""

_PARAMETER = re.compile(
    r"""\s*([^\s=;:"]{1,200})\s*=\s*(?:"((?:[^"\\]++|\\.?)*+)"?|([^;"]*+(?:"[^";]*+)*+))[^;]*+(?:;|$)""", re.DOTALL
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?$")
_COMMENT = re.compile(r"\([^()]*\)\s*$")


class Valued(NamedTuple):
    """`value` in lower case; `parameters` by name in lower case, decoded; `differing` names parameters that came
    twice with different values, of which the first stands."""

    value: str
    parameters: dict[str, str]
    differing: tuple[str, ...] = ()


def read_parameters(field: str) -> Valued:
    """An unfolded field body as its value and parameters. Linear, whatever comes."""
    head, _, rest = field[:VALUE_CHARS].partition(";")
    # By name: the whole ones, and those in sections (RFC 2231, 3), by number, with whether a section is extended.
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    differing: dict[str, None] = {}
    for name, quoted, bare in _PARAMETER.findall(rest):
        section = _SECTION.match(name.lower())
        if section is None:
            continue

        text = _text(quoted, bare)
        base, number, extended = section.groups()
        if number or extended:
            numbered = sections.setdefault(base, {})
            numbered.setdefault(int(number or 0), (text, extended is not None))
        elif plain.setdefault(base, text) != text:
            differing[base] = None

    parameters = {name: decode_words(text) for name, text in plain.items()}
    for name, numbered in sections.items():
        text = _joined(numbered)
        # The extended form says more than the plain one that stands beside it for old readers (RFC 6266, 4.3).
        if parameters.get(name, text) != text:
            differing[name] = None
        parameters[name] = text

    value = _COMMENT.sub("", head.strip()).strip().lower()
    return Valued(value, parameters, tuple(differing))


def _text(quoted: str, bare: str) -> str:
    if quoted:
        return _QUOTED_PAIR.sub(r"\1", quoted)
    # A comment behind it is none of the value (RFC 2045, 5.1).
    return _COMMENT.sub("", bare.strip()).strip()


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """The sections of one parameter in their order; extended ones are percent-encoded in the first one's charset."""
    charset = ""
    data = b""
    first = min(numbered)
    for number in sorted(numbered):
        text, extended = numbered[number]
        if not extended:
            data += text.encode("utf-8", "replace")
            continue
        # charset'language'text (RFC 2231, 4).
        if number == first and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text)

    return charsets.decode(data, charset)
