"""Strands Agents: all tools as its agents take them, called as its event loop calls them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, report, same_properties, told
from mcp import StdioServerParameters, stdio_client
from strands.tools.mcp import MCPClient

facts = told()
server = StdioServerParameters(command=facts.command, args=facts.args)
with MCPClient(lambda: stdio_client(server)) as client:
    tools = {tool.tool_name: tool for tool in client.list_tools_sync()}
    schemas = {name: tool.tool_spec["inputSchema"]["json"] for name, tool in tools.items()}
    for name, tool in tools.items():
        same_properties(name, tool.mcp_tool.input_schema, schemas[name])

    called = []
    for name, meant, words in facts.calls:
        answer = client.call_tool_sync(tool_use_id=name, name=name, arguments=forced(schemas[name], meant))
        assert answer["status"] == "success" and words in str(answer["content"]), (name, answer)
        called.append(name)
    report(sorted(schemas), called)
