"""The view of a search (MCP Apps): one page without any network, put together from the files beside this one.

`search.html` names its style and its scripts as a browser would load them; here they are put in their place, since a
host gets one document.
"""

import re
from functools import cache
from importlib import resources

URI = "ui://mail-archive/search.html"
"""What the page is called, in tools and resources."""

_STYLE = re.compile(r'<link rel="stylesheet" href="([a-z]+\.css)">')
_SCRIPT = re.compile(r'<script src="([a-z]+\.js)"></script>')


@cache
def page() -> str:
    """The whole page."""
    text = _file("search.html")
    text = _STYLE.sub(lambda found: f"<style>\n{_file(found[1])}</style>", text)
    return _SCRIPT.sub(lambda found: f"<script>\n{_file(found[1])}</script>", text)


def _file(name: str) -> str:
    return resources.files("mail_archive_server.viewer").joinpath(name).read_text("utf-8")
