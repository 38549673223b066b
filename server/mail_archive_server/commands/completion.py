"""`completion`: what makes a shell complete commands and flags."""

import argparse

HELP = 'print what makes your shell complete commands and flags: eval "$(mail-archive-mcp completion bash)"'

SHELLS = ("bash", "zsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads it")


def run(arguments: argparse.Namespace) -> None:
    # Imported here: nothing else needs it.
    import shtab

    print(shtab.complete(arguments.command_line, arguments.shell))
