"""The command line. `--help` and `--version` answer without loading what serving needs."""

import argparse
import sys
from collections.abc import Sequence

from mail_archive_server.commands import CommandError, demo, importing, local, serve
from mail_archive_server.settings import SettingError
from mail_archive_tools import __version__

COMMANDS = {"serve": serve, "demo": demo, "import": importing, "local": local}
"""Each a module with HELP, `add_arguments(parser)` and `run(arguments)`."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 called wrongly, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "serve")
    parsed = _parser().parse_args(words)
    try:
        COMMANDS[parsed.command].run(parsed)
    except SettingError as error:
        _exit(2, str(error))
    except CommandError as error:
        _exit(1, str(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mail-archive-mcp",
        description="Amazon SES Mail Manager archives for AI assistants, over MCP. Without a command: serve.",
    )
    parser.add_argument("--version", action="version", version=f"mail-archive-mcp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    return parser


def _exit(status: int, message: str) -> None:
    print(f"mail-archive-mcp: {message}", file=sys.stderr)
    sys.exit(status)
