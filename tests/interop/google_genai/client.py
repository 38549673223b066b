"""Google Gen AI SDK: all tools as function declarations."""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, properties, report, told
from google.genai import types
from google.genai._mcp_utils import mcp_to_gemini_tools
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def names(schema: types.Schema | None, path: str = "") -> set[str]:
    """All properties of a converted schema, by their paths."""
    found: set[str] = set()
    if schema is None:
        return found
    for name, below in (schema.properties or {}).items():
        found |= {f"{path}.{name}"} | names(below, f"{path}.{name}")
    return found | names(schema.items, f"{path}[]")


async def main() -> None:
    facts = told()
    parameters = StdioServerParameters(command=facts.command, args=facts.args)
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        listed = {tool.name: tool for tool in (await session.list_tools()).tools}
        converted: dict[str, Any] = {}
        for tool in mcp_to_gemini_tools(list(listed.values())):
            (declaration,) = tool.function_declarations or ()
            converted[declaration.name] = declaration.parameters
        for name, tool in listed.items():
            schema = getattr(tool, "inputSchema", None) or tool.input_schema
            assert properties(schema) == names(converted[name]), name

        called = []
        for name, meant, words in facts.calls:
            schema = getattr(listed[name], "inputSchema", None) or listed[name].input_schema
            result = await session.call_tool(name, forced(schema, meant))
            assert words in str(result.content), (name, result)
            called.append(name)
        report(sorted(converted), called)


asyncio.run(main())
