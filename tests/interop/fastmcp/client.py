"""FastMCP's client."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, report, told
from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main() -> None:
    facts = told()
    async with Client(StdioTransport(facts.command, facts.args)) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
        called = []
        for name, meant, words in facts.calls:
            result = await client.call_tool(name, forced(tools[name].input_schema, meant))
            assert words in str(result.content), (name, result)
            called.append(name)
        report(sorted(tools), called)


asyncio.run(main())
