"""What is published of each tool, read from a file of this package: a server that starts builds no model for it.

`schemas.py` makes the file from the types of the tools, and a test holds the one to the other.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mail_archive_server.settings import SettingError, Settings

FILE = "tools.json"
DEFAULT_TOOLSETS = ("read", "view")
VIEW = "view"
"""The toolset of what a person looks at, in hosts that render MCP Apps."""


@dataclass(frozen=True)
class PublishedTool:
    """A tool as a client sees it; `annotations` are MCP's hints by their names on the wire, `meta` is its `_meta`."""

    name: str
    title: str
    description: str
    toolset: str
    iam_actions: tuple[str, ...]
    annotations: dict[str, bool]
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    meta: dict[str, Any]


def chosen_tools(settings: Settings) -> list[PublishedTool]:
    """The tools that these settings offer, in the catalog's order: those of the toolsets, and those that are named.

    Raises:
        SettingError: there is no such tool or toolset.
    """
    tools = published_tools()
    toolsets = settings.toolsets
    if not settings.toolsets and not settings.tools:
        toolsets = DEFAULT_TOOLSETS
    _refuse_unknown("toolset", toolsets, {each.toolset for each in tools})
    _refuse_unknown("tool", settings.tools, {each.name for each in tools})
    return [each for each in tools if each.toolset in toolsets or each.name in settings.tools]


def change_something(tools: Sequence[PublishedTool]) -> bool:
    """Whether there are tools among these that ask before they do something."""
    return any("consent_code" in tool.input_schema["properties"] for tool in tools)


def refuse_exports_to_anywhere(settings: Settings) -> None:
    """
    Raises:
        SettingError: there is no such tool or toolset, or one exports and nobody said where to.
    """
    if settings.export_to:
        return
    for tool in chosen_tools(settings):
        if any(action.startswith("s3:") for action in tool.iam_actions):
            raise SettingError(
                f"{tool.name} is offered only with --export-to (MAIL_ARCHIVE_EXPORT_TO): name the bucket and prefix "
                "that exports may go to, such as s3://bucket/prefix."
            )


def names_views(settings: Settings) -> bool:
    """Whether these settings name what shows views; it is offered as well where no toolset is named."""
    shown = {each.name for each in published_tools() if each.toolset == VIEW}
    return VIEW in settings.toolsets or not shown.isdisjoint(settings.tools)


def _refuse_unknown(kind: str, names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingError(f"--{kind}s: there is no {kind} {name}. There are {', '.join(sorted(known))}.")


@cache
def published_tools() -> tuple[PublishedTool, ...]:
    """All tools, in the catalog's order."""
    text = Path(__file__).with_name(FILE).read_text("utf-8")
    tools = [
        PublishedTool(
            name=each["name"],
            title=each["title"],
            description=each["description"],
            toolset=each["toolset"],
            iam_actions=tuple(each["iamActions"]),
            annotations=each["annotations"],
            input_schema=each["inputSchema"],
            output_schema=each["outputSchema"],
            meta=each.get("meta", {}),
        )
        for each in json.loads(text)
    ]
    return tuple(tools)
