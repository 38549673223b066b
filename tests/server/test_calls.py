"""Whatever a client asks of the archives is one call, of which witnesses are told when it has ended."""

import logging
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp_types import PromptReference

from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.hosting.calls import Call, Calls
from mail_archive_server.hosting.published import published_tools
from mail_archive_server.settings import Settings
from tests.conftest import ERAS, Sample

pytestmark = pytest.mark.anyio

PROMPT = PromptReference(type="ref/prompt", name="investigate")
RANGE = {"from_timestamp": "2025-04-07", "to_timestamp": "2025-04-08"}


@pytest.fixture
def told() -> list[Call]:
    return []


def client_of(sample: Sample, told: list[Call], era: Any = "auto") -> Client:
    access = open_access(Settings(local=sample.folder))
    return Client(build_server(lambda: access, tools=published_tools(), witnesses=[told.append]), mode=era)


@pytest.mark.parametrize("era", ERAS)
async def test_tools_resources_and_completions_are_calls(sample: Sample, told: list[Call], era: Any) -> None:
    async with client_of(sample, told, era) as client:
        arguments = {"archive_id": sample.archive_id, **RANGE}
        found = await client.call_tool("search_archive", arguments)
        message_id = (found.structured_content or {})["Rows"][0]["ArchivedMessageId"]
        await client.call_tool("get_archive_message", {"archived_message_id": message_id})
        await client.read_resource(f"mail-archive://messages/{message_id}")
        await client.read_resource("mail-archive://archives")
        await client.complete(
            PromptReference(type="ref/prompt", name="investigate"), {"name": "archive_id", "value": ""}
        )

    here = [sample.archive_id]
    assert [(each.kind, each.name, each.archive_ids, each.outcome) for each in told] == [
        ("tool", "search_archive", here, "done"),
        ("tool", "get_archive_message", here, "done"),
        ("resource", "messages", here, "done"),
        ("resource", "archives", [], "done"),
        ("completion", "archive_id", [], "done"),
    ]
    assert told[0].arguments == arguments
    assert all(each.who == "" and each.seconds > 0 for each in told)


@pytest.mark.parametrize("era", ERAS)
async def test_how_a_call_ended_is_told(sample: Sample, told: list[Call], era: Any) -> None:
    destination = {"s3": {"s3_location": "s3://evidence/case"}}
    async with client_of(sample, told, era) as client:
        await client.call_tool("search_archive", {"archive_id": sample.archive_id})
        await client.call_tool("search_archive", {"archive_id": sample.archive_id, "nonsense": 1, **RANGE})
        await client.call_tool("get_archive", {"archive_id": "a-nothere"})
        with pytest.raises(Exception, match="essage"):
            await client.read_resource("mail-archive://messages/nothing")
        exported = {"archive_id": sample.archive_id, **RANGE, "export_destination_configuration": destination}
        await client.call_tool("start_archive_export", exported)

    outcomes = [each.outcome for each in told]
    assert outcomes == ["ValidationError", "InvalidArgument", "NotFound", "InvalidArgument", "Misconfigured"]


async def test_a_call_that_is_cancelled_is_told_as_such(told: list[Call]) -> None:
    calls = Calls(lambda: None, [told.append])  # type: ignore[arg-type, return-value]
    with anyio.move_on_after(0):
        async with calls.begun("tool", "search_archive", {"archive_id": "a-1"}):
            await anyio.sleep_forever()
    assert [(each.outcome, each.archive_ids) for each in told] == [("cancelled", ["a-1"])]


async def test_who_calls_is_told(told: list[Call]) -> None:
    calls = Calls(lambda: None, [told.append])  # type: ignore[arg-type, return-value]
    token = AccessToken(token="t", client_id="desk", scopes=[], subject="ana", claims={"iss": "https://id.example"})
    reset = auth_context_var.set(AuthenticatedUser(token))
    async with calls.begun("tool", "list_archives", {}):
        pass
    auth_context_var.reset(reset)
    (call,) = told
    assert "desk" in call.who and "ana" in call.who and "https://id.example" in call.who


async def test_the_log_names_calls_and_nothing_of_mail(sample: Sample, caplog: pytest.LogCaptureFixture) -> None:
    access = open_access(Settings(local=sample.folder))
    with caplog.at_level(logging.DEBUG, "mail_archive_server.hosting.calls"):
        async with Client(build_server(lambda: access)) as client:
            await client.call_tool(
                "search_archive", {"archive_id": sample.archive_id, "subject": ["Tide\x1b[2J\nsecret"], **RANGE}
            )
    (line,) = [each.getMessage() for each in caplog.records if each.name == "mail_archive_server.hosting.calls"]
    assert line.startswith(f"tool search_archive in {sample.archive_id}: done after ")
    assert "secret" not in line and line.isprintable()
