"""A tool of the catalog as a tool of the MCP SDK: injected access, both output channels, tidy schemas."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ValidationError

from mail_archive_server.schemas import tidy_schema
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.catalog import CatalogTool
from mail_archive_tools.models import Output
from mail_archive_tools.patience import Progress

Accessor = Callable[[], Access]
"""Gives the access of whoever is calling."""

_INJECTED = ("access", "progress")
_CONTEXT = "ctx"
_SHOWN_VALUE = 80
_SHOWN_FAULTS = 3


class HostedTool(Tool):
    """A tool whose refusal of arguments is a sentence, and which refuses arguments that it does not have."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        known = self.parameters["properties"]
        if unknown := [name for name in arguments if name not in known]:
            raise ToolError(f"{self.name} has no argument {unknown[0][:_SHOWN_VALUE]!r}. It takes {', '.join(known)}.")
        try:
            self.fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            raise ToolError(_sentence(self.name, error, known)) from error
        return await super().run(arguments, context, convert_result)


def hosted(entry: CatalogTool, access: Accessor) -> Tool:
    """The SDK's tool for a catalog entry."""
    function, result_type = _adapted(entry.function, access)
    # Put together here rather than by `Tool.from_function`, which would make each schema once more, untidily.
    metadata = func_metadata(function, skip_names=[_CONTEXT], structured_output=False)
    metadata.output_model = result_type
    metadata.output_schema = tidy_schema(result_type, "serialization")
    return HostedTool(
        fn=function,
        name=entry.name,
        title=entry.title,
        description=entry.description,
        parameters=tidy_schema(metadata.arg_model, "validation") | {"additionalProperties": False},
        fn_metadata=metadata,
        is_async=True,
        context_kwarg=_CONTEXT,
        annotations=ToolAnnotations(
            title=entry.title,
            read_only_hint=entry.read_only,
            destructive_hint=entry.destructive,
            idempotent_hint=entry.idempotent,
            open_world_hint=entry.open_world,
        ),
    )


def _adapted(
    function: Callable[..., Awaitable[Output]], access: Accessor
) -> tuple[Callable[..., Awaitable[CallToolResult]], type[Output]]:
    """`function` as the SDK wants it (the context instead of what is injected, both channels as the result), and
    what it returns."""
    signature = inspect.signature(function, eval_str=True)
    wants_progress = "progress" in signature.parameters

    async def call(ctx: Context[Any, Any], **arguments: Any) -> CallToolResult:
        injected: dict[str, Any] = {"access": access()}
        if wants_progress:
            injected["progress"] = _progress(ctx)
        result = await function(**arguments, **injected)
        return CallToolResult(
            content=[TextContent(type="text", text=render(result))], structured_content=result.structured()
        )

    parameters = [each for name, each in signature.parameters.items() if name not in _INJECTED]
    call.__name__ = function.__name__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call, signature.return_annotation


def _progress(ctx: Context[Any, Any]) -> Progress:
    async def report(done: float, total: float | None, sentence: str) -> None:
        await ctx.report_progress(done, total, sentence)

    return report


def _sentence(tool: str, error: ValidationError, parameters: dict[str, Any]) -> str:
    """What is wrong with the arguments, and what they should be."""
    faults = [_fault(cast(dict[str, Any], each), parameters) for each in error.errors(include_url=False)]
    more = f" And {len(faults) - _SHOWN_FAULTS} more." if len(faults) > _SHOWN_FAULTS else ""
    return f"{tool} cannot use these arguments. {' '.join(dict.fromkeys(faults[:_SHOWN_FAULTS]))}{more}"


def _fault(fault: dict[str, Any], parameters: dict[str, Any]) -> str:
    path = [str(step) for step in fault["loc"]]
    name = ".".join(path) or "the arguments"
    meaning = parameters.get(path[0], {}).get("description", "") if path else ""
    if fault["type"] == "missing":
        return f"{name} is missing. {meaning}".strip()
    value = repr(fault["input"])
    shown = value if len(value) <= _SHOWN_VALUE else value[:_SHOWN_VALUE] + "…"
    if fault["type"] == "string_pattern_mismatch":
        return f"{name} is {shown}, which is none. {meaning}".strip()
    problem = fault["msg"].removeprefix("Value error, ")
    return f"{name} is {shown}: {problem[0].lower()}{problem[1:]}. {meaning}".strip()
