"""What is published of each tool, read from a file of this package: a server that starts builds no model for it.

`schemas.py` makes the file from the types of the tools, and a test holds the one to the other.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

FILE = "tools.json"


@dataclass(frozen=True)
class PublishedTool:
    """A tool as a client sees it; `annotations` are MCP's hints by their names on the wire."""

    name: str
    title: str
    description: str
    toolset: str
    annotations: dict[str, bool]
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]


def published_tools() -> list[PublishedTool]:
    """All tools, in the catalog's order."""
    text = resources.files("mail_archive_server.hosting").joinpath(FILE).read_text("utf-8")
    return [
        PublishedTool(
            name=each["name"],
            title=each["title"],
            description=each["description"],
            toolset=each["toolset"],
            annotations=each["annotations"],
            input_schema=each["inputSchema"],
            output_schema=each["outputSchema"],
        )
        for each in json.loads(text)
    ]
