"""A document as much of which is read as can be in little time, whatever its sender made of it."""

from typing import NamedTuple

from mail_archive_tools.mime.html.nesting import MAX_DEPTH, too_deep_at
from mail_archive_tools.mime.html.tags import MAX_ATTRIBUTES, within_limits

HTML_CHARS = 1_500_000
"""How much HTML is converted, in characters."""


class Limited(NamedTuple):
    """`left_out` says what is not there any more."""

    html: str
    left_out: tuple[str, ...] = ()


def within_all_limits(html: str) -> Limited:
    """The document within the limits of size, attributes and nesting. In linear time."""
    left_out: list[str] = []
    if len(html) > HTML_CHARS:
        left_out.append(f"HTML beyond {HTML_CHARS:,} characters was not read")
        html = html[:HTML_CHARS]

    html, has_fewer_attributes = within_limits(html)
    if has_fewer_attributes:
        left_out.append(f"of an element with more than {MAX_ATTRIBUTES} attributes the others were not read")

    end = too_deep_at(html)
    if end is not None:
        # What lies deeper is left out, since nobody could tell what of it is seen.
        left_out.insert(0, f"HTML nested deeper than {MAX_DEPTH:,} elements was not read")
        html = html[:end]
    return Limited(html, tuple(left_out))
