"""`tools`: what the server offers, by toolset."""

import argparse
import json
from itertools import groupby

HELP = "list the tools that the server offers, by toolset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what a client sees of each, as JSON")


def run(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict

    from mail_archive_server.hosting.published import published_tools

    tools = published_tools()
    if arguments.json:
        print(json.dumps([asdict(tool) for tool in tools], ensure_ascii=False, indent=2))
        return

    width = max(len(tool.name) for tool in tools)
    for toolset, members in groupby(tools, key=lambda tool: tool.toolset):
        print(f"Toolset {toolset}:")
        for tool in members:
            print(f"  {tool.name:<{width}}  {tool.title}")
