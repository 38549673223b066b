"""Whether browsers read a document as those of old, in quirks mode (HTML, 13.2.6.4.1)."""

import re

# White space, comments, and what is read as a comment.
_BEFORE_DOCTYPE = re.compile(r"(?:[\ufeff\s]++|<!--.*?-->|<\?[^>]*+>)*+", re.DOTALL)
_DOCTYPE = re.compile(
    r"""<!doctype\s*(?P<name>[^\s>]*)\s*"""
    r"""(?:public\s*(?P<q>["'])(?P<public>[^>]*?)(?P=q)\s*)?(?:system\s*)?(?:(?P<p>["'])(?P<system>[^>]*?)(?P=p))?""",
    re.IGNORECASE,
)
_OLD = (
    "-//ietf//dtd html", "-//w3c//dtd html 3", "-//w3c//dtd html 2", "-//w3c//dtd html experimental",
    "-//w3c//dtd w3 html", "-//w3o//dtd", "-//netscape", "-//microsoft//dtd internet explorer", "-//softquad",
    "-//sun microsystems", "-//webtechs", "-//as//dtd html 3", "html",
)  # fmt: skip
"""What public identifiers of documents of old begin with."""

_OLD_WITHOUT_PLACE = (
    "-//w3c//dtd html 4.01 frameset//",
    "-//w3c//dtd html 4.01 transitional//",
    "-//w3c//dtd html 4.0",
)
"""The same of those that are old only where they do not say where their definition lies."""


def has_quirks(html: str) -> bool:
    """True of a document without a doctype, or with one of HTML 4 or older that names no place."""
    begin = _BEFORE_DOCTYPE.match(html)
    doctype = _DOCTYPE.match(html, begin.end() if begin else 0)
    if doctype is None:
        return True

    name, public, system = doctype.group("name", "public", "system")
    public = (public or "").lower()
    if name.lower() != "html" or public.startswith(_OLD):
        return True
    return system is None and public.startswith(_OLD_WITHOUT_PLACE)
