"""OpenAI Agents SDK: all tools as strict functions, in which every property is required."""

import asyncio
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from agents import Agent, FunctionTool, RunContextWrapper
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext
from common import forced, report, same_properties, told


async def main() -> None:
    facts = told()
    params = {"command": facts.command, "args": facts.args}
    async with MCPServerStdio(params, client_session_timeout_seconds=60) as server:
        agent = Agent(name="investigator", mcp_servers=[server])
        listed = {tool.name: tool for tool in await server.list_tools()}
        tools = await MCPUtil.get_function_tools(
            server, convert_schemas_to_strict=True, run_context=RunContextWrapper(None), agent=agent
        )
        functions = {tool.name: tool for tool in tools if isinstance(tool, FunctionTool)}
        for name, function in functions.items():
            assert function.strict_json_schema, f"{name} is not strict"
            before = getattr(listed[name], "inputSchema", None) or listed[name].input_schema
            same_properties(name, before, function.params_json_schema)
            assert set(function.params_json_schema["required"]) == set(before["properties"])

        called = []
        for name, meant, words in facts.calls:
            function = functions[name]
            arguments = json.dumps(forced(function.params_json_schema, meant))
            context = ToolContext(context=None, tool_name=name, tool_call_id="1", tool_arguments=arguments)
            answer = await function.on_invoke_tool(context, arguments)
            assert words in str(answer), (name, arguments, answer)
            called.append(name)
        report(sorted(functions), called)


asyncio.run(main())
