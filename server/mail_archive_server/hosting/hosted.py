"""A tool of the catalog as a tool of the MCP SDK: injected access, both output channels, published as the package says.

What a tool is made of is loaded at its first call: a server that only lists its tools needs none of it.
"""

from __future__ import annotations

import inspect
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata, func_metadata
from mcp_types import CallToolResult, ContentBlock, ImageContent, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import PrivateAttr, ValidationError

from mail_archive_server.hosting.asking import InputNeeded
from mail_archive_server.hosting.calls import ASKED, Calls
from mail_archive_server.hosting.consenting import Consents

if TYPE_CHECKING:
    from mail_archive_server.hosting.published import PublishedTool
    from mail_archive_tools.access import Access
    from mail_archive_tools.calls.patience import Progress
    from mail_archive_tools.catalog import CatalogTool
    from mail_archive_tools.models import Output

_INJECTED = ("access", "progress", "consent")
_CONTEXT = "ctx"


class HostedTool(Tool):
    """A tool that is listed as it was published, and made when it is first called. Its refusal of arguments is a
    sentence."""

    _calls: Calls = PrivateAttr()
    _consents: Consents = PrivateAttr()

    @classmethod
    def of(cls, published: PublishedTool, calls: Calls, consents: Consents) -> HostedTool:
        """The tool of that name in the catalog, called as one of `calls`; before it changes something, `consents` ask
        the user."""
        tool = cls(
            fn=_not_made_yet,
            name=published.name,
            title=published.title,
            description=published.description,
            parameters=published.input_schema,
            fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_schema=published.output_schema),
            is_async=True,
            context_kwarg=_CONTEXT,
            annotations=_annotations(published),
            meta=published.meta or None,
        )
        tool._calls, tool._consents = calls, consents
        return tool

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        # Imported here, as all that only calls need.
        from mail_archive_server.hosting.arguments import meant, sentence

        async with self._calls.begun("tool", self.name, arguments) as call:
            given = meant(self.name, arguments, self.parameters)
            try:
                result = await self._made.run(given, context, convert_result)
            except ToolError as error:
                if isinstance(error.__cause__, ValidationError):
                    raise ToolError(sentence(self.name, error.__cause__, self.parameters)) from error.__cause__
                raise

            if isinstance(result, InputRequiredResult):
                call.outcome = ASKED
            return result

    @cached_property
    def _made(self) -> Tool:
        """The SDK's tool that calls ours."""
        from mail_archive_tools.catalog import entry_named

        function = _adapted(entry_named(self.name).function, self._calls, self._consents)
        # What goes out is made from the model that was published: nothing is left to be validated.
        metadata = func_metadata(function, skip_names=[_CONTEXT], structured_output=False)
        return Tool(
            fn=function,
            name=self.name,
            title=self.title,
            description=self.description,
            parameters=self.parameters,
            annotations=self.annotations,
            fn_metadata=metadata,
            is_async=True,
            context_kwarg=_CONTEXT,
        )


def argument_model(entry: CatalogTool) -> type[ArgModelBase]:
    """The model of a tool's arguments, as a caller gives them."""
    function = _adapted(entry.function, Calls(_no_access), Consents())
    return func_metadata(function, skip_names=[_CONTEXT], structured_output=False).arg_model


def _adapted(
    function: Callable[..., Awaitable[Output]], calls: Calls, consents: Consents
) -> Callable[..., Awaitable[CallToolResult | InputRequiredResult]]:
    """`function` as the SDK wants it: the context instead of what is injected, both channels as the result, or a
    question to the user."""
    from mail_archive_tools.answers.rendering import render
    from mail_archive_tools.models.base import Drawn

    taken = inspect.signature(function, eval_str=True).parameters
    wants_progress = "progress" in taken
    wants_consent = "consent" in taken

    async def call(ctx: Context[Any, Any], **arguments: Any) -> CallToolResult | InputRequiredResult:
        injected: dict[str, Any] = {"access": calls.access()}
        if wants_progress:
            injected["progress"] = _progress(ctx)
        if wants_consent:
            injected["consent"] = consents.of(ctx)
        try:
            result = await function(**arguments, **injected)
        except InputNeeded as needed:
            return needed.result

        content: list[ContentBlock] = [TextContent(type="text", text=render(result))]
        if isinstance(result, Drawn) and result.picture is not None:
            content.append(ImageContent(type="image", data=b64encode(result.picture).decode(), mime_type="image/png"))
        return CallToolResult(content=content, structured_content=result.structured())

    call.__name__ = function.__name__
    call.__signature__ = inspect.Signature(list(_given(taken)))  # type: ignore[attr-defined]
    return call


def _given(taken: Mapping[str, inspect.Parameter]) -> Iterator[inspect.Parameter]:
    """What a caller gives, each by its name, in the order of the tool's schema: words of a search that a function takes
    as one stand beside its other arguments."""
    from mail_archive_tools.models.query import WORDS_FOLLOW

    words: list[inspect.Parameter] = []
    for each in taken.values():
        if each.kind is each.VAR_KEYWORD:
            words.extend(_each_word(each))

    for name, each in taken.items():
        if name in _INJECTED or each.kind is each.VAR_KEYWORD:
            continue
        yield each.replace(kind=each.KEYWORD_ONLY)
        if name == WORDS_FOLLOW:
            yield from words


def _each_word(words: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """The members of the `TypedDict` that a `**words: Unpack[...]` is annotated with."""
    (members,) = get_args(words.annotation)
    for name, annotation in get_type_hints(members, include_extras=True).items():
        yield inspect.Parameter(name, words.KEYWORD_ONLY, default=None, annotation=annotation)


def _annotations(published: PublishedTool) -> ToolAnnotations | None:
    if not published.annotations:
        return None
    return ToolAnnotations.model_validate({"title": published.title, **published.annotations})


def _progress(ctx: Context[Any, Any]) -> Progress:
    async def report(done: float, total: float | None, sentence: str) -> None:
        await ctx.report_progress(done, total, sentence)

    return report


async def _not_made_yet() -> None:
    """Stands for the function of a tool that was not called yet."""


def _no_access() -> Access:
    raise LookupError("arguments are described without an access")
