"""How Sphinx makes the site: Markdown by MyST, nothing fetched."""

project = "mail-archive-mcp"
author = "The mail-archive-mcp authors"
extensions = ["myst_parser"]
exclude_patterns = ["parts"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mail-archive-mcp"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
