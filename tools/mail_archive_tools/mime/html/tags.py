"""Tags as the parser may have them: it takes quadratic time for the attributes of one element.

Mail has some ten attributes in a tag. What is over the limits here is written to keep a reader busy.
"""

import re

MAX_ATTRIBUTES = 250
"""Attributes of one tag that are kept."""

TAG_CHARS = 20_000
"""How long a tag may be, in characters."""

VALUE_CHARS = 5_000
"""How much is kept of each value in a tag that is too long: most often it holds a picture in a data: URL."""

MAX_ROOT_TAGS = 50
"""Tags `html` and `body` whose attributes are kept: the parser adds those of each to the first."""

# As a browser reads a tag (HTML, 13.2.5): a quote begins a value behind "=" only, and what never ends goes on to the
# end of the document.
_ATTRIBUTE = (
    r"""(?P<name>[^\s/>=][^\s/>=]*+|=[^\s/>=]*+)"""
    r"""(?:\s*+=\s*+(?P<value>"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?+)?+"""
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TAG = re.compile(rf"(?P<head></?+[a-zA-Z][^\s/>]*+)(?:[\s/]++|{_ATTRIBUTE})*+>?")
# Nearly every document has no such tag, and is done with by these two: without a ">" in a value, a tag ends at one.
_LONG = re.compile(rf"<[^>]{{{MAX_ATTRIBUTES * 2},}}")
_UNUSUAL = re.compile(r"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
_ROOT = re.compile(r"<(?:html|body)(?=[\s/>])", re.IGNORECASE)


def within_limits(html: str) -> tuple[str, bool]:
    """The document with no tag over the limits, and whether attributes were left out. In linear time."""
    has_many_roots = len(_ROOT.findall(html)) > MAX_ROOT_TAGS
    if not has_many_roots and not _LONG.search(html) and not _UNUSUAL.search(html):
        return html, False

    pieces: list[str] = []
    position, root_tags, left_out = 0, 0, False
    for match in _TAG.finditer(html):
        tag = match.group()
        if has_many_roots and _ROOT.match(tag):
            root_tags += 1
            if root_tags > MAX_ROOT_TAGS:
                pieces.append(html[position : match.start()])
                position, left_out = match.end(), True
                continue

        # No attribute takes less than two characters: one, and what separates it.
        if len(tag) <= MAX_ATTRIBUTES * 2:
            continue
        head = match.group("head")
        found = list(_ATTRIBUTES.finditer(tag, len(head)))
        if len(found) > MAX_ATTRIBUTES:
            left_out = True
        elif len(tag) <= TAG_CHARS:
            continue
        pieces += (html[position : match.start()], _cut(head, found))
        position = match.end()

    return "".join([*pieces, html[position:]]), left_out


def _cut(head: str, found: list[re.Match[str]]) -> str:
    """The tag with its first attributes, none of them too long."""
    kept = []
    for each in found[:MAX_ATTRIBUTES]:
        value = each.group("value")
        if value is None:
            kept.append(each.group())
        else:
            kept.append(f"{each.group('name')}={_shortened(value)}")
    return f"{head} {' '.join(kept)}>"


def _shortened(value: str) -> str:
    if len(value) <= VALUE_CHARS:
        return value
    quote = value[0] if value[0] in "\"'" else '"'
    return f"{quote}{value.strip(quote)[:VALUE_CHARS]}{quote}"
