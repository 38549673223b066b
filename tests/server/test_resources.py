"""Resources, the prompt, and completion."""

from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PromptReference

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.catalog import CATALOG
from tests.conftest import ERAS, Sample

pytestmark = pytest.mark.anyio

Server = MCPServer[Any]
PROMPT = PromptReference(type="ref/prompt", name="investigate")


@pytest.mark.parametrize("era", ERAS)
async def test_archives_and_messages_are_resources(server: Server, sample: Sample, era: Any) -> None:
    async with Client(server, mode=era) as client:
        assert [str(each.uri) for each in (await client.list_resources()).resources] == ["mail-archive://archives"]
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "mail-archive://messages/{archived_message_id}"
        archives = (await client.read_resource("mail-archive://archives")).contents[0]
        assert sample.archive_id in archives.text  # type: ignore[union-attr]
        found = await client.call_tool(
            "search_archive",
            {
                "archive_id": sample.archive_id,
                "from_timestamp": "2025-04-07",
                "to_timestamp": "2025-04-08",
                "subject": ["have not changed"],
            },
        )
        message_id = (found.structured_content or {})["Rows"][0]["ArchivedMessageId"]
        message = (await client.read_resource(f"mail-archive://messages/{message_id}")).contents[0]
        text: str = message.text  # type: ignore[union-attr]
        assert "Envelope.From: luc@tidewater.example" in text
        assert "[[MAIL-DATA " in text and "Do not pay" in text


@pytest.mark.parametrize("message_id", ["nothing", "x" * 2000])
async def test_a_message_that_is_not_there_is_a_protocol_error(server: Server, message_id: str) -> None:
    async with Client(server) as client:
        with pytest.raises(MCPError, match=r"[Mm]essage"):
            await client.read_resource(f"mail-archive://messages/{message_id}")


async def test_a_resource_that_cannot_be_read_says_why() -> None:
    access = open_access(Settings(region="us-east-1", profile="nobodys"))
    async with Client(build_server(lambda: access)) as client:
        with pytest.raises(MCPError, match="nobodys"):
            await client.read_resource("mail-archive://archives")
        completed = await client.complete(PROMPT, {"name": "archive_id", "value": "a"})
    assert completed.completion.values == []


@pytest.mark.parametrize("era", ERAS)
async def test_the_prompt_shows_how_to_work_with_the_tools(server: Server, era: Any) -> None:
    async with Client(server, mode=era) as client:
        (prompt,) = (await client.list_prompts()).prompts
        assert [argument.name for argument in prompt.arguments or []] == ["question", "archive_id"]
        shown = await client.get_prompt("investigate", {"question": "Who paid {this}?", "archive_id": "a-1"})
        text = shown.messages[0].content.text  # type: ignore[union-attr]
    assert "Who paid {this}?" in text and "Look in archive a-1." in text
    names = {entry.name for entry in CATALOG}
    mentioned = {word.strip(".,;:()") for word in text.split() if "_archive" in word}
    assert mentioned and mentioned <= names


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [("investigate", {"archive_id": "a-1"}, "question"), ("nothing" * 50, {}, "Unknown prompt: nothing")],
    ids=["no question", "unknown"],
)
async def test_a_wrong_prompt_is_the_clients_fault(
    server: Server, caplog: pytest.LogCaptureFixture, era: Any, name: str, arguments: dict[str, str], said: str
) -> None:
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError, match=said) as refused:
            await client.get_prompt(name, arguments)
    assert refused.value.code == INVALID_PARAMS and len(refused.value.message) <= 100
    assert "Traceback" not in caplog.text and "raised" not in caplog.text


@pytest.mark.parametrize("era", ERAS)
async def test_archive_ids_are_completed_by_id_and_by_name(server: Server, sample: Sample, era: Any) -> None:
    async with Client(server, mode=era) as client:
        for typed in ("", "a-", "tide", "2025", sample.archive_id):
            found = await client.complete(PROMPT, {"name": "archive_id", "value": typed})
            assert found.completion.values == [sample.archive_id], typed
        for argument, typed in (("archive_id", "nothing like it"), ("question", "")):
            found = await client.complete(PROMPT, {"name": argument, "value": typed})
            assert found.completion.values == []
