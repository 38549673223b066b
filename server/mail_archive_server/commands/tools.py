"""`tools`: what the server offers, by toolset."""

import argparse
import json
from itertools import groupby

from mail_archive_server.settings import SETTINGS, add_flags, read_settings

HELP = "list the tools that the server offers, by toolset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what a client sees of each, as JSON")
    add_flags(parser, tuple(setting for setting in SETTINGS if setting.name in ("toolsets", "tools")))


def run(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict

    from mail_archive_server.hosting.published import chosen_tools

    tools = chosen_tools(read_settings(vars(arguments)))
    if arguments.json:
        print(json.dumps([asdict(tool) for tool in tools], ensure_ascii=False, indent=2))
        return

    width = max(len(tool.name) for tool in tools)
    for toolset, members in groupby(tools, key=lambda tool: tool.toolset):
        print(f"Toolset {toolset}:")
        for tool in members:
            print(f"  {tool.name:<{width}}  {tool.title}")
