"""Semantic Kernel: all tools as functions of a plugin."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from common import forced, report, same_properties, told
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_calling_utils import kernel_function_metadata_to_function_call_format
from semantic_kernel.connectors.mcp import MCPStdioPlugin
from semantic_kernel.functions import KernelArguments


async def main() -> None:
    facts = told()
    async with MCPStdioPlugin("mail", command=facts.command, args=facts.args, load_prompts=False) as server:
        kernel = Kernel()
        plugin = kernel.add_plugin(server)
        assert server.session
        listed = {tool.name: tool.inputSchema for tool in (await server.session.list_tools()).tools}
        converted = {}
        for name, before in listed.items():
            described = kernel_function_metadata_to_function_call_format(plugin[name].metadata)
            converted[name] = described["function"]["parameters"]
            same_properties(name, before, converted[name])

        called = []
        for name, meant, words in facts.calls:
            arguments = forced(converted[name], meant)
            answer = await kernel.invoke(plugin[name], KernelArguments(**arguments))
            assert words in str(answer), (name, arguments, answer)
            called.append(name)
        report(sorted(converted), called)


asyncio.run(main())
