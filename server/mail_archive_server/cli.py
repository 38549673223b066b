"""The command line. `--help` and `--version` answer without loading what serving needs."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from mail_archive_server.commands import (
    call,
    completion,
    demo,
    doctor,
    health,
    local,
    policy,
    serve,
    tools,
    version,
)
from mail_archive_server.commands.evidence import export_local, importing, verify
from mail_archive_server.settings import SettingError
from mail_archive_server.terminal import CommandError, end_without_a_reader, shown, speak_any_charset

COMMANDS = {
    "serve": serve,
    "demo": demo,
    "import": importing,
    "local": local,
    "verify": verify,
    "export-local": export_local,
    "tools": tools,
    "call": call,
    "policy": policy,
    "doctor": doctor,
    "health": health,
    "completion": completion,
    "version": version,
}
"""Each a module with HELP, `add_arguments(parser)` and `run(arguments)`."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 called wrongly, 130 interrupted, 141 nobody reads on."""
    speak_any_charset()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        words[0] = "version"
    elif not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "serve")
    parsed = _parsed(words)
    try:
        COMMANDS[parsed.command].run(parsed)
        sys.stdout.flush()
    except (SettingError, CommandError, BrokenPipeError, KeyboardInterrupt) as error:
        _end(error)
    except BaseExceptionGroup as group:
        # A command may be many tasks, of which one failed.
        only = _only(group)
        if not isinstance(only, SettingError | CommandError | BrokenPipeError | KeyboardInterrupt):
            raise
        _end(only)


def command_line() -> argparse.ArgumentParser:
    """All commands and their flags."""
    parser = argparse.ArgumentParser(
        prog="mail-archive-mcp",
        description="Amazon SES Mail Manager archives for AI assistants, over MCP. Without a command: serve.",
        allow_abbrev=False,
    )
    # One command is about the command line itself.
    parser.set_defaults(command_line=parser)
    parser.add_argument("--version", action="store_true", help=version.HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        # Whole flags only: what an abbreviation means may change with the next flag.
        command.add_arguments(
            commands.add_parser(name, help=command.HELP, description=command.HELP, allow_abbrev=False)
        )

    return parser


def _parsed(words: list[str]) -> argparse.Namespace:
    """What the words say; those that make no sense end the program."""
    parser = command_line()
    parsed, left = parser.parse_known_args(words)
    # Older argparse decides that an optional word is not there as soon as flags stand where it could (gh-59317): it is
    # left over then, as in `call TOOL --sample ARGUMENTS`.
    if parsed.command == "call" and parsed.arguments is None and _is_one_word(left):
        parsed.arguments = left.pop()
    if left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return parsed


def _is_one_word(left: list[str]) -> bool:
    """Whether that is one word, and no flag."""
    return len(left) == 1 and (left[0] == "-" or not left[0].startswith("-"))


def _end(error: BaseException) -> NoReturn:
    """Exit as the error says."""
    if isinstance(error, BrokenPipeError):
        end_without_a_reader()
    if isinstance(error, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    print(f"mail-archive-mcp: {shown(str(error))}", file=sys.stderr)
    sys.exit(2 if isinstance(error, SettingError) else 1)


def _only(error: BaseException) -> BaseException | None:
    """The one exception in a group of groups; None where there are several."""
    while isinstance(error, BaseExceptionGroup):
        if len(error.exceptions) != 1:
            return None
        error = error.exceptions[0]
    return error
