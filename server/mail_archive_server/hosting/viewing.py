"""The view of a search for hosts that render MCP Apps: the page, the tool that it calls, and who is told of them.

The specification: https://modelcontextprotocol.io, extension `io.modelcontextprotocol/ui` of 2026-01-26.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mcp.server.apps import APP_MIME_TYPE, Apps, client_supports_apps
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resources import Resource
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, TextContent
from pydantic import PrivateAttr

from mail_archive_server.hosting.published import VIEW, PublishedTool, published_tools
from mail_archive_server.viewer import URI, page
from mail_archive_tools.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set

    from mail_archive_server.hosting.hosted import HostedTool

TOOL = "view_archive"
"""The tool that the page calls; no model is meant to."""

VIEWED = ("search_archive", "read_archive_message", "read_archive_attachment", "get_archive_thread")
"""The tools whose answers the page shows."""


class View(NamedTuple):
    """What a server has for its view: the tool that the page calls, the extension with the page, and the names of tools
    that hosts are told of only where they render MCP Apps. Nothing, where no view is offered."""

    tools: tuple[Tool, ...] = ()
    extensions: tuple[Apps, ...] = ()
    for_apps: frozenset[str] = frozenset()


def view_of(
    published: Sequence[PublishedTool], hosted: Callable[[PublishedTool], HostedTool], views: Literal["apps", "all"]
) -> View:
    """The view that goes with these tools; `hosted` makes the SDK's tool of one that is published. With `views` "all",
    every host is told of the tools that show it."""
    shown = {each.name for each in published if each.toolset == VIEW}
    if not shown:
        return View()

    # The page shows the same, whichever of these tools a model is offered.
    viewed = [hosted(each) for each in published_tools() if each.name in VIEWED]
    for_apps = {TOOL}
    if views == "apps":
        for_apps |= shown
    return View((ViewTool.over(viewed),), (_extension(),), frozenset(for_apps))


def _extension() -> Apps:
    """The extension, with the page. Without a `csp` member: declaring one would loosen what hosts set by themselves."""
    apps = Apps()
    apps.add_resource(
        _Page(
            uri=URI,
            name="search",
            title="View of a search",
            description="What hosts that render MCP Apps show of show_archive_search.",
            mime_type=APP_MIME_TYPE,
        )
    )
    return apps


class _Page(Resource):
    """The page, put together when a host first asks for it."""

    async def read(self) -> str:
        return page()


class ViewTool(Tool):
    """Answers the page as the tools do that a model calls, with the same checks, and leaves out what is written for a
    model."""

    _tools: dict[str, HostedTool] = PrivateAttr()

    @classmethod
    def over(cls, tools: Iterable[HostedTool]) -> ViewTool:
        tool = cls(
            fn=_not_called,
            name=TOOL,
            title="Answer the view",
            description="The view of show_archive_search calls this by itself; there is no use for it elsewhere.",
            parameters={
                "type": "object",
                "properties": {
                    "tool": {"type": "string", "enum": list(VIEWED), "description": "The tool whose answer is shown."},
                    "arguments": {"type": "object", "description": "Its arguments.", "properties": {}},
                },
                "required": ["tool", "arguments"],
            },
            fn_metadata=FuncMetadata(arg_model=ArgModelBase),
            is_async=True,
            context_kwarg="ctx",
            annotations=None,
            # The page may call it; a host offers it to no model.
            meta={"ui": {"visibility": ["app"]}},
        )
        tool._tools = {each.name: each for each in tools}
        return tool

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        name, given = arguments.get("tool"), arguments.get("arguments")
        tool = None
        if isinstance(name, str):
            tool = self._tools.get(name)
        if tool is None or not isinstance(given, dict):
            raise InvalidArgument(
                f"{TOOL} takes tool, one of {', '.join(VIEWED)}, and its arguments. Call that tool itself."
            )

        answer = await tool.run(given, context, convert_result)
        assert isinstance(answer, CallToolResult)
        return CallToolResult(
            content=[TextContent(type="text", text="This is shown in the view.")],
            structured_content=answer.structured_content,
        )


def tell_those_who_show_views(names: Set[str]) -> ServerMiddleware[Any]:
    """Tools of these names, and the page, are listed for hosts that render MCP Apps alone: others would pay for them in
    tokens."""

    async def middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if not isinstance(result, dict) or client_supports_apps(ctx):
            return result
        if ctx.method == "tools/list":
            tools = [each for each in result["tools"] if each["name"] not in names]
            return result | {"tools": tools}
        if ctx.method == "resources/list":
            others = [each for each in result["resources"] if each["uri"] != URI]
            return result | {"resources": others}
        return result

    return middleware


async def _not_called() -> None:
    """Stands where the SDK wants a function: `run` is what is called."""
