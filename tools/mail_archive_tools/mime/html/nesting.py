"""How deep elements are nested: the parser takes quadratic time for what is nested deeply."""

import re

MAX_DEPTH = 2_000
"""Levels of nested elements that are read: nobody nests like this in earnest."""

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,30})")
_ENDS_ITSELF = frozenset(
    (
        "area base br col embed hr img input link meta source track wbr p li dt dd td th tr thead tbody tfoot option "
        "optgroup colgroup caption"
    ).split()
)
"""Elements that have no end tag, or that another one of their kind ends (HTML, 13.1.2)."""


def too_deep_at(html: str) -> int | None:
    """Where more elements are open at once than `MAX_DEPTH`; None: nowhere. Counts by name: an end tag closes its own
    kind only."""
    # Nearly every document has too few tags to be too deep.
    if html.count("<") <= MAX_DEPTH:
        return None

    open_elements: dict[str, int] = {}
    depth = 0
    for match in _TAG.finditer(html):
        slash, name = match.groups()
        name = name.lower()
        if name in _ENDS_ITSELF:
            continue

        count = open_elements.get(name, 0)
        if not slash:
            open_elements[name] = count + 1
            depth += 1
        elif count:
            open_elements[name] = count - 1
            depth -= 1
        if depth > MAX_DEPTH:
            return match.start()
    return None
