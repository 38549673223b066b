"""Google's Agent Development Kit: all tools as declarations for Gemini, called as its runner calls them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, properties, report, told
from google.adk.agents import LlmAgent
from google.adk.agents.invocation_context import InvocationContext
from google.adk.sessions import InMemorySessionService
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from google.adk.tools.tool_context import ToolContext
from mcp import StdioServerParameters


async def context() -> ToolContext:
    sessions = InMemorySessionService()
    session = await sessions.create_session(app_name="test", user_id="test")
    agent = LlmAgent(name="test")
    return ToolContext(InvocationContext(session_service=sessions, invocation_id="test", agent=agent, session=session))


def declared(tool: Any) -> dict[str, Any]:
    """The JSON schema that the model is given, whichever of its two forms."""
    made = tool._get_declaration()
    return made.parameters_json_schema or made.parameters.model_dump(mode="json", by_alias=True, exclude_none=True)


async def main() -> None:
    facts = told()
    server = StdioServerParameters(command=facts.command, args=facts.args)
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=60))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    for name, tool in tools.items():
        assert len(properties(declared(tool))) >= len(properties(tool.raw_mcp_tool.input_schema)), name

    called = []
    for name, meant, words in facts.calls:
        answer = await tools[name].run_async(
            args=forced(tools[name].raw_mcp_tool.input_schema, meant), tool_context=await context()
        )
        assert words in str(answer), (name, answer)
        called.append(name)
    await toolset.close()
    report(sorted(tools), called)


asyncio.run(main())
