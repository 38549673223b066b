"""Resources: the list of archives and single messages, as text; and completion of archive ids.

The tools that they are made with are loaded when one is read.
"""

from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from mail_archive_server.hosting.calls import Calls
from mail_archive_tools.errors import ArchiveError, InvalidArgument, NotFound

COMPLETIONS = 100
"""The protocol's limit on completion values."""


def add_resources(server: MCPServer, calls: Calls, tools: Set[str]) -> None:
    """Give the server its resources: those that need no more rights than its tools do."""
    if "list_archives" in tools:
        _add_archives(server, calls)
    if {"get_archive_message", "get_archive_message_content"} <= tools:
        _add_message(server, calls)


def _add_archives(server: MCPServer, calls: Calls) -> None:
    @server.resource("mail-archive://archives", title="Mail archives", mime_type="text/plain")
    async def archives() -> str:
        """The archives of this account and Region."""
        from mail_archive_tools.answers.rendering import render
        from mail_archive_tools.archives import list_archives

        async with calls.begun("resource", "archives", {}), _as_resource_errors():
            return render(await list_archives(access=calls.access()))


def _add_message(server: MCPServer, calls: Calls) -> None:
    @server.resource(
        "mail-archive://messages/{archived_message_id}", title="An archived message", mime_type="text/plain"
    )
    async def message(archived_message_id: str) -> str:
        """One archived message: envelope, metadata and the beginning of its text."""
        from pydantic import TypeAdapter, ValidationError

        from mail_archive_tools.answers.rendering import render
        from mail_archive_tools.messages import get_archive_message, get_archive_message_content
        from mail_archive_tools.models.base import MessageId

        try:
            TypeAdapter(MessageId).validate_python(archived_message_id)
        except ValidationError:
            raise ResourceNotFoundError(
                "The URI names no message: an ArchivedMessageId has 1 to 1024 characters."
            ) from None

        arguments = {"archived_message_id": archived_message_id}
        async with calls.begun("resource", "messages", arguments), _as_resource_errors():
            access = calls.access()
            details = await get_archive_message(archived_message_id, access=access)
            content = await get_archive_message_content(archived_message_id, access=access)
            return f"{render(details)}\n\n{render(content)}"


def add_completion(server: MCPServer, calls: Calls, tools: Set[str]) -> None:
    """Let clients complete archive ids as the user types."""
    if "list_archives" not in tools:
        return

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # untyped in the SDK
    async def complete(
        reference: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        if argument.name != "archive_id":
            return None

        from mail_archive_tools.archives import list_archives

        try:
            async with calls.begun("completion", argument.name, {}):
                found = (await list_archives(access=calls.access())).archives
        except ArchiveError:
            # Completing is a convenience; the call itself will say what is wrong.
            return None

        typed = argument.value.lower()
        ids = []
        for each in found:
            name = (each.archive_name or "").lower()
            if each.archive_id.startswith(typed) or typed in name:
                ids.append(each.archive_id)
        return Completion(values=ids[:COMPLETIONS], total=len(ids), has_more=len(ids) > COMPLETIONS)


@asynccontextmanager
async def _as_resource_errors() -> AsyncIterator[None]:
    """A resource answers with protocol errors where a tool answers with text."""
    try:
        yield
    except (NotFound, InvalidArgument) as error:
        raise ResourceNotFoundError(str(error)) from error
    except ArchiveError as error:
        raise ResourceError(str(error)) from error
