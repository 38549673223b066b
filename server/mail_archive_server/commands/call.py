"""`call`: one tool, once, as a client would call it."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from mail_archive_server.settings import SettingError, add_flags, read_settings
from mail_archive_server.terminal import CommandError, shown

if TYPE_CHECKING:
    from mail_archive_server.settings import Settings

HELP = "call a tool once and print what it says"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", metavar="TOOL", help="its name; `mail-archive-mcp tools` lists them")
    parser.add_argument("arguments", metavar="ARGUMENTS", nargs="?", help="a JSON object; - reads it from stdin")
    parser.add_argument("--json", action="store_true", help="print the structured content instead of the text")
    add_flags(parser)


def run(arguments: argparse.Namespace) -> None:
    given = _given(arguments.arguments)
    # What the tool is given is no setting.
    settings = read_settings({name: value for name, value in vars(arguments).items() if name != "arguments"})

    import anyio

    from mail_archive_server.hosting.published import chosen_tools
    from mail_archive_server.sample.temporary import with_sample

    names = [tool.name for tool in chosen_tools(settings)]
    if arguments.tool not in names:
        raise SettingError(f"There is no tool {arguments.tool}. There are {', '.join(names)}.")

    with with_sample(settings) as settings:
        text, structured = anyio.run(_call, settings, arguments.tool, given)

    if arguments.json:
        text = json.dumps(structured, ensure_ascii=False, indent=2)
    print(text)


def _given(word: str | None) -> dict[str, Any]:
    if word is None:
        return {}
    if word == "-":
        word = sys.stdin.read()
    try:
        given = json.loads(word)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"ARGUMENTS must be a JSON object; this is none: {error}.") from None
    if not isinstance(given, dict):
        raise SettingError('ARGUMENTS must be a JSON object, such as \'{"archive_id": "a-1"}\'.')
    return given


async def _call(settings: "Settings", tool: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text and the structured content of the answer.

    Raises:
        CommandError: the tool refuses, or there is no usable archive.
    """
    from mcp import Client

    from mail_archive_local import LocalArchiveError
    from mail_archive_server.app import build_server
    from mail_archive_server.backends import accessor
    from mail_archive_server.hosting.published import chosen_tools

    try:
        access = accessor(settings)
    except LocalArchiveError as error:
        raise CommandError(str(error)) from error

    server = build_server(access, settings.log_level, chosen_tools(settings))
    # Whatever --consent says of servers: here the terminal asks, or nothing is changed.
    asking = None
    if sys.stdin.isatty():
        asking = _ask
    async with Client(server, elicitation_callback=asking) as client:
        result = await client.call_tool(tool, arguments)

    text = "".join(block.text for block in result.content if block.type == "text")
    if result.is_error:
        raise CommandError(text)
    return text, result.structured_content or {}


async def _ask(context: Any, params: Any) -> Any:
    """Ask whoever sits at the terminal: yes, or the name that has to be typed."""
    from anyio import to_thread
    from mcp_types import ElicitResult

    typed = params.requested_schema.get("properties", {})
    wanted = "Type yes to go on."
    if typed:
        wanted = " and ".join(each["description"] for each in typed.values())
    for line in [*params.message.splitlines(), wanted]:
        print(shown(line), file=sys.stderr)
    answer = (await to_thread.run_sync(input)).strip()

    if typed:
        return ElicitResult(action="accept", content=dict.fromkeys(typed, answer))
    if answer.lower() == "yes":
        return ElicitResult(action="accept", content={})
    return ElicitResult(action="decline", content={})
