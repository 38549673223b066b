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
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    plain: dict[str, str] = {}
    differing: dict[str, None] = {}
    for name, quoted, bare in _PARAMETER.findall(rest):
        text = _QUOTED_PAIR.sub(r"\1", quoted) if quoted else _COMMENT.sub("", bare.strip()).strip()
        section = _SECTION.match(name.lower())
        if section is None:
            continue
        base, number, extended = section.groups()
        if number is None and not extended:
            if plain.setdefault(base, text) != text:
                differing[base] = None
        else:
            sections.setdefault(base, {}).setdefault(int(number or 0), (text, extended is not None))

    parameters = {name: decode_words(text) for name, text in plain.items()}
    for name, numbered in sections.items():
        text = _joined(numbered)
        if parameters.setdefault(name, text) != text:
            # The extended form says more than the plain one that stands beside it for old readers (RFC 6266, 4.3).
            parameters[name] = text
            differing[name] = None

    return Valued(_COMMENT.sub("", head.strip()).strip().lower(), parameters, tuple(differing))


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """The sections of one parameter in their order; extended ones are percent-encoded in the first one's charset."""
    charset, data = "", b""
    for number in sorted(numbered):
        text, extended = numbered[number]
        if not extended:
            data += text.encode("utf-8", "replace")
            continue
        if number == min(numbered) and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text)

    return charsets.decode(data, charset)
