"""Pydantic AI: all tools with the strict schemas that it makes for OpenAI's models."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, report, same_properties, told
from fastmcp.client.transports import StdioTransport
from pydantic_ai import RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.profiles.openai import OpenAIJsonSchemaTransformer
from pydantic_ai.usage import RunUsage


async def main() -> None:
    facts = told()
    toolset = MCPToolset(StdioTransport(facts.command, facts.args))
    context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    async with toolset:
        tools = await toolset.get_tools(context)
        strict = {}
        for name, tool in tools.items():
            before = tool.tool_def.parameters_json_schema
            strict[name] = OpenAIJsonSchemaTransformer(before, strict=True).walk()
            same_properties(name, before, strict[name])

        called = []
        for name, meant, words in facts.calls:
            arguments = forced(strict[name], meant, tools[name].tool_def.parameters_json_schema)
            answer = await toolset.call_tool(name, arguments, context, tools[name])
            assert words in str(answer), (name, arguments, answer)
            called.append(name)
        report(sorted(strict), called)


asyncio.run(main())
