"""The demonstration: a question put to a sample archive, answered over MCP as an assistant would."""

import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from mail_archive_local import ArchiveFolder, LocalArchiveError
from mail_archive_server.sample.fill import ARCHIVE_NAME, fill
from mail_archive_server.terminal import CommandError, shown

QUESTION = "Did Brightwell Optics change its bank details in spring 2025, and did that mail really come from them?"
SPRING = {"from_timestamp": "2025-04-01T00:00:00Z", "to_timestamp": "2025-04-30T23:59:59Z"}

_WIDTH = 110
_SHOWN_LINES = 24


def show(keep: Path | None = None) -> None:
    """Build the sample, start the server as a host does, and print the investigation. With `keep`, the sample stays
    in that folder, which is new, or has it from before.

    Raises:
        CommandError: the folder cannot be used.
    """
    with _folder(keep) as folder:
        try:
            with ArchiveFolder(folder, create=True) as opened:
                _refuse_other_mail(opened)
                fill(opened)
                count = opened.count_messages(opened.archive(ARCHIVE_NAME))
        except LocalArchiveError as error:
            raise CommandError(str(error)) from error
        _say(f"A sample archive with {count} messages: one year of the mail of Tidewater Instruments.")
        anyio.run(_investigate, folder)
        if keep is not None:
            kept = shown(keep)
            _say(f"The sample stays in {kept}: mail-archive-mcp --local {kept} serves it.")


def _refuse_other_mail(folder: ArchiveFolder) -> None:
    others = [archive.name for archive in folder.archives() if archive.name != ARCHIVE_NAME]
    if others:
        raise CommandError(
            f"{folder.path} is a local archive with other mail in it ({others[0]}). Name a new folder for the sample."
        )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return

    folder = Path(tempfile.mkdtemp(prefix="mail-archive-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


async def _investigate(folder: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "mail_archive_server", "serve", "--local", str(folder)]
    )
    async with Client(server) as client:
        name = client.server_info.name if client.server_info else "unknown"
        _say(f"Connected to {name} over stdio, protocol {client.protocol_version}.")
        _say(f"QUESTION: {QUESTION}")
        await _find_the_answer(_Conversation(client))


async def _find_the_answer(conversation: "_Conversation") -> None:
    archives = await conversation.call("Which archives are there?", "list_archives")
    where = {"archive_id": archives["Archives"][0]["ArchiveId"], **SPRING}
    found = await conversation.call(
        "Who wrote about bank details in April?", "search_archive", **where, subject=["bank"], limit=10
    )
    suspect = next(row for row in reversed(found["Rows"]) if "Brightwell" in row["From"])
    await conversation.call("What does the first of them say?", "read_archive_message", **_id(suspect))
    await conversation.call(
        "Did anybody answer it?", "get_archive_thread", archive_id=where["archive_id"], **_id(suspect), new_text=True
    )
    claimed = await conversation.call("Which host delivered it?", "get_archive_message", **_id(suspect))
    invoices = await conversation.call(
        "And a mail that is certainly Brightwell's: the invoice that it names?",
        "search_archive",
        **where,
        subject=["Invoice BO-2025-04"],
        exclude={"subject": ["Re:"]},
        has_attachments=True,
    )
    genuine = await conversation.call(
        "Which host delivered that one?", "get_archive_message", **_id(invoices["Rows"][0])
    )
    invoice = await conversation.call("What came with it?", "read_archive_message", **_id(invoices["Rows"][0]))
    await conversation.call(
        "What does the invoice itself say?",
        "read_archive_attachment",
        **_id(invoices["Rows"][0]),
        attachment_id=invoice["Attachments"][0]["AttachmentId"],
    )
    await conversation.call(
        "Who wrote in the name of Brightwell in the whole year?",
        "summarize_archive_search",
        archive_id=where["archive_id"],
        from_timestamp="2025-01-01",
        to_timestamp="2025-12-31",
        sender=["Brightwell"],
        group_by=["sender", "month"],
    )
    warning = next(row for row in found["Rows"] if "have not changed" in row["Subject"])
    await conversation.call("Did anybody at Tidewater notice?", "read_archive_message", **_id(warning))
    _conclude(suspect, claimed, invoices["Rows"][0], genuine, warning)


def _conclude(
    suspect: dict[str, Any],
    claimed: dict[str, Any],
    invoice: dict[str, Any],
    genuine: dict[str, Any],
    warning: dict[str, Any],
) -> None:
    """The answer, from what the tools returned."""
    same = claimed["Metadata"]["SenderHostname"] == genuine["Metadata"]["SenderHostname"]
    _say("ANSWER")
    _say(
        f"A mail of {suspect['ReceivedTimestamp']} asks for payment to a new account "
        f"(message {suspect['ArchivedMessageId']}). It was sent as {claimed['Envelope']['From']} by "
        f"{claimed['Metadata']['SenderHostname']} [{claimed['Metadata']['SenderIpAddress']}]."
    )
    _say(
        f"Brightwell's own invoice (message {invoice['ArchivedMessageId']}) was sent as "
        f"{genuine['Envelope']['From']} by "
        f"{genuine['Metadata']['SenderHostname']} [{genuine['Metadata']['SenderIpAddress']}]."
    )
    verdict = "The hosts are the same." if same else "Another host, and another domain: look at the 1 in its name."
    _say(
        f"{verdict} A colleague warned of it on {warning['ReceivedTimestamp']} "
        f"(message {warning['ArchivedMessageId']})."
    )


class _Conversation:
    """Numbers the steps and prints them: question, tool call, answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._steps = 0

    async def call(self, question: str, tool: str, **arguments: Any) -> dict[str, Any]:
        self._steps += 1
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        _say(f"{self._steps}. {question}")
        _say(f"{tool}({given})", indent="   > ")
        result = await self._client.call_tool(tool, arguments)
        text = "".join(block.text for block in result.content if block.type == "text")
        if result.is_error or result.structured_content is None:
            raise CommandError(f"The demonstration stopped at {tool}: {text}")
        lines = text.splitlines()
        for line in lines[:_SHOWN_LINES]:
            print(textwrap.shorten(f"     {line}", 400) if len(line) > 400 else f"     {line.expandtabs(2)}")
        if len(lines) > _SHOWN_LINES:
            print(f"     (and {len(lines) - _SHOWN_LINES} lines more)")
        structured: dict[str, Any] = result.structured_content
        return structured


def _id(row: dict[str, Any]) -> dict[str, str]:
    return {"archived_message_id": row["ArchivedMessageId"]}


def _say(text: str, indent: str = "") -> None:
    print(f"\n{textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=' ' * len(indent))}")
