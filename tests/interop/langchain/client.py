"""LangChain's MCP adapters: all tools as strict OpenAI functions."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, report, same_properties, told
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools


async def main() -> None:
    facts = told()
    client = MultiServerMCPClient(
        {"mail-archive": {"transport": "stdio", "command": facts.command, "args": facts.args}}
    )
    async with client.session("mail-archive") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        strict = {}
        for name, tool in tools.items():
            strict[name] = convert_to_openai_tool(tool, strict=True)["function"]["parameters"]
            assert isinstance(tool.args_schema, dict)
            same_properties(name, tool.args_schema, strict[name])

        called = []
        for name, meant, words in facts.calls:
            arguments = forced(strict[name], meant)
            answer = await tools[name].ainvoke(arguments)
            assert words in str(answer), (name, arguments, answer)
            called.append(name)
        report(sorted(strict), called)


asyncio.run(main())
