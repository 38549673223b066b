"""The command line. `--help` and `--version` answer without loading what serving needs."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mail_archive_server.settings import SettingError
from mail_archive_server.terminal import CommandError, Interrupted, end_without_a_reader, shown, speak_any_charset

COMMANDS = {
    "serve": "serve",
    "demo": "demo",
    "import": "evidence.importing",
    "index": "indexing.index",
    "local": "local",
    "verify": "evidence.verify",
    "export-local": "evidence.export_local",
    "tools": "tools",
    "call": "call",
    "policy": "policy",
    "doctor": "doctor",
    "health": "health",
    "completion": "completion",
    "version": "version",
}
"""Each a module of `commands` with HELP, `add_arguments(parser)` and `run(arguments)`, loaded when it is needed."""
_NEEDS_ALL = "completion"
"""The command that is about all the others."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 called wrongly, 130 interrupted, 141 nobody reads on. Where it was
    asked for JSON and fails, its output is one object, whose `error` is the sentence that stderr has as well."""
    speak_any_charset()
    if arguments is None:
        arguments = sys.argv[1:]
    words = _with_command(list(arguments))
    as_json = "--json" in words
    parsed = _parsed(words, as_json)
    try:
        _command(parsed.command).run(parsed)
        sys.stdout.flush()
    except (SettingError, CommandError, BrokenPipeError, KeyboardInterrupt) as error:
        _end(error, as_json)
    except BaseExceptionGroup as group:
        # A command may be many tasks, of which one failed.
        only = _only(group)
        if not isinstance(only, SettingError | CommandError | BrokenPipeError | KeyboardInterrupt):
            raise
        _end(only, as_json)


def _with_command(words: list[str]) -> list[str]:
    """The words, which begin with a command then: `serve` where only its flags were given."""
    if not words:
        return ["serve"]
    first, *rest = words
    if first == "--version":
        return ["version", *rest]
    if first in ("-h", "--help") or not first.startswith("-"):
        return words
    return ["serve", *words]


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong with a command as JSON, too, where that was asked for."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            _tell({"error": message})
        super().error(message)


def command_line(as_json: bool = False, only: str | None = None) -> argparse.ArgumentParser:
    """All commands and their flags, or `only` one of them: a server starts without loading the others. `as_json`: what
    is wrong with the words is said as JSON, too."""
    parser = _Parser(
        prog="mail-archive-mcp",
        description="Amazon SES Mail Manager archives for AI assistants, over MCP. Without a command: serve.",
        allow_abbrev=False,
    )
    parser.as_json = as_json
    # One command is about the command line itself.
    parser.set_defaults(command_line=parser)
    if only is None:
        parser.add_argument("--version", action="store_true", help=_command("version").HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS if only is None else (only,):
        command = _command(name)
        # Whole flags only: what an abbreviation means may change with the next flag.
        of_command = commands.add_parser(name, help=command.HELP, description=command.HELP, allow_abbrev=False)
        of_command.as_json = as_json
        command.add_arguments(of_command)

    return parser


def _parsed(words: list[str], as_json: bool) -> argparse.Namespace:
    """What the words say; those that make no sense end the program."""
    parser = command_line(as_json, _named(words))
    parsed, left = parser.parse_known_args(words)
    # Older argparse decides that an optional word is not there as soon as flags stand where it could (gh-59317): it is
    # left over then, as in `call TOOL --sample ARGUMENTS`.
    lacks_arguments = parsed.command == "call" and parsed.arguments is None
    if lacks_arguments and _is_one_word(left):
        parsed.arguments = left.pop()
    if left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return parsed


def _named(words: list[str]) -> str | None:
    """The one command whose flags are all that is needed to understand the words; None where that is not so."""
    (first, *_) = words
    if first in COMMANDS and first != _NEEDS_ALL:
        return first
    return None


def _command(name: str) -> Any:
    """The module of a command."""
    return importlib.import_module(f"mail_archive_server.commands.{COMMANDS[name]}")


def _is_one_word(left: list[str]) -> bool:
    """Whether that is one word, and no flag."""
    if len(left) != 1:
        return False
    (word,) = left
    # A hyphen alone stands for stdin.
    return word == "-" or not word.startswith("-")


def _end(error: BaseException, as_json: bool) -> NoReturn:
    """Exit as the error says."""
    if isinstance(error, BrokenPipeError):
        end_without_a_reader()
    if isinstance(error, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    sentence = shown(str(error))
    if as_json:
        found: dict[str, Any] = {}
        if isinstance(error, CommandError):
            found = error.found
        _tell({**found, "error": sentence})
    print(f"mail-archive-mcp: {sentence}", file=sys.stderr, flush=True)
    if isinstance(error, Interrupted):
        sys.exit(INTERRUPTED)
    if isinstance(error, SettingError):
        sys.exit(2)
    sys.exit(1)


def _tell(members: dict[str, Any]) -> None:
    """Print JSON, at once."""
    try:
        print(json.dumps(members), flush=True)
    except BrokenPipeError:
        end_without_a_reader()


def _only(error: BaseException) -> BaseException | None:
    """The one exception in a group of groups; None where there are several."""
    while isinstance(error, BaseExceptionGroup):
        if len(error.exceptions) != 1:
            return None
        error = error.exceptions[0]
    return error
