"""A server that keeps to one archive, as hosts run it: through both doors of the local archive, on both eras."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from mail_archive_server.app import build_server
from mail_archive_server.backends import accessor
from mail_archive_server.cli import main
from mail_archive_server.hosting.published import chosen_tools
from mail_archive_server.settings import SettingError, Settings
from tests.conftest import ERAS, text_of
from tests.folder import YEAR, Folder, allow, role_arn, trust
from tests.server.identity.stubs import Asked
from tests.server.identity.test_credentials import served
from tests.server.test_processes import on_stdio

pytestmark = pytest.mark.anyio


def analyst(folder: Folder) -> None:
    """A role that may read both archives: what narrows is the server's session."""
    folder.identities(
        Roles=[{"RoleName": "analyst", "AssumeRolePolicyDocument": trust(), "Policies": [allow("ses:*")]}]
    )


async def assert_kept_to_legal(client: Client, folder: Folder) -> None:
    listed = await client.call_tool("list_archives", {})
    assert [each["ArchiveName"] for each in (listed.structured_content or {})["Archives"]] == ["legal"]
    found = await client.call_tool("search_archive", {"archive_id": folder.legal, **YEAR})
    assert (found.structured_content or {})["Complete"] is True
    assert len((found.structured_content or {})["Rows"]) == 2
    read = await client.call_tool("read_archive_message", {"archived_message_id": folder.messages["legal"][0]})
    assert "Only legal may read this." in text_of(read)

    for tool in ("read_archive_message", "get_archive_message", "get_archive_message_content"):
        refused = await client.call_tool(tool, {"archived_message_id": folder.messages["board"][0]})
        assert refused.is_error
        # AWS's own words, by way of the endpoint: who, what, on which archive.
        assert "assumed-role/analyst/mail-archive-mcp may not use message" in text_of(refused)
        assert f" on {folder.arn(folder.board)} within this session" in text_of(refused)
        assert "board may read" not in text_of(refused)
    refused = await client.call_tool("search_archive", {"archive_id": folder.board, **YEAR})
    assert refused.is_error and "none of those that this server keeps to (--archive)" in text_of(refused)


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_in_the_servers_own_process(folder: Folder, era: Any) -> None:
    analyst(folder)
    words = ("--local", str(folder.path), "--archive", folder.legal, "--role-arn", role_arn("analyst"))
    async with Client(on_stdio(*words), mode=era) as client:
        await assert_kept_to_legal(client, folder)


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_over_a_port_and_nothing_is_asked_of_sts_before_a_call(folder: Folder, era: Any) -> None:
    analyst(folder)
    keys, asked = folder.keys(), Asked()
    with served(folder, asked) as url:
        server = on_stdio(
            *("--endpoint-url", url, "--region", "us-east-1", "--role-arn", role_arn("analyst")),
            AWS_ENDPOINT_URL_STS=url,
            AWS_ACCESS_KEY_ID=keys.access_key_id,
            AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
            MAIL_ARCHIVE_ARCHIVE=folder.legal,
        )
        async with Client(server, mode=era) as client:
            await client.list_tools()
            # The client of Mail Manager is made 50 ms after that.
            await anyio.sleep(1)
            assert asked.operations == []
            await assert_kept_to_legal(client, folder)
        assert asked.of_sts() == ["AssumeRole"]


# What is offered


async def test_what_is_off_is_not_there(folder: Folder) -> None:
    settings = folder.settings(tools=("search_archive", "read_archive_message"))
    server = build_server(accessor(settings), tools=chosen_tools(settings))
    async with Client(server) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["search_archive", "read_archive_message"]
        with pytest.raises(MCPError, match="Unknown tool: list_archives"):
            await client.call_tool("list_archives", {})
        # They would need rights that these tools do not.
        assert (await client.list_resources()).resources == []
        assert (await client.list_resource_templates()).resource_templates == []
        assert (await client.list_prompts()).prompts == []
        assert "search_archive" in (client.instructions or "")
        assert "list_archives" not in (client.instructions or "")


def test_toolsets_and_tools_add_up() -> None:
    everything = [tool.name for tool in chosen_tools(Settings())]
    default = ("read", "view")
    assert [tool.name for tool in chosen_tools(Settings(toolsets=default))] == everything
    assert [tool.name for tool in chosen_tools(Settings(tools=("get_archive",)))] == ["get_archive"]
    assert [tool.name for tool in chosen_tools(Settings(toolsets=default, tools=("get_archive",)))] == everything
    with pytest.raises(SettingError, match=r"there is no toolset reading\. There are admin, export, read, view\."):
        chosen_tools(Settings(toolsets=("reading",)))
    with pytest.raises(SettingError, match=r"there is no tool read_mail\. There are check_quotations,"):
        chosen_tools(Settings(tools=("read_mail",)))


def test_the_commands_know_the_chosen_tools(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    main(["tools", "--tool", "get_archive"])
    assert capsys.readouterr().out == "Toolset read:\n  get_archive  Get an archive\n"
    with pytest.raises(SystemExit) as ended:
        main(["call", "list_archives", "--local", str(folder.path), "--tools", "get_archive"])
    assert ended.value.code == 2
    assert "There is no tool list_archives. There are get_archive." in capsys.readouterr().err


# The command that prints policies


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["policy", *words])
    return capsys.readouterr().out


def test_account_and_region_are_filled_in_where_they_are_known(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--tool", "get_archive", "--archive", "a-1", "--kind", "session")
    unknown = "arn:aws:ses:*:*:mailmanager-archive/a-1"
    assert unknown in printed(capsys, *words)
    assert folder.arn("a-1") in printed(capsys, *words, "--local", str(folder.path))
    assert ":eu-west-1:123456789012:" in printed(capsys, *words, "--region", "eu-west-1", "--account", "123456789012")
    role = ("--role-arn", "arn:aws-cn:iam::123456789012:role/x", "--region", "cn-north-1")
    assert "arn:aws-cn:ses:cn-north-1:123456789012:" in printed(capsys, *words, *role)
    config = tmp_path / "config"
    config.write_text("[profile sso]\nregion = eu-south-2\nsso_account_id = 123456789012\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert ":eu-south-2:123456789012:" in printed(capsys, *words, "--profile", "sso")


def test_the_policy_printed_is_the_one_that_the_server_narrows_with(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    from mail_archive_server.backends import backend_of
    from mail_archive_server.identity.connecting import Connection

    settings = folder.settings(archive=(folder.legal,), tools=("get_archive",))
    connection = Connection(settings, backend_of(settings))
    connection.session()
    words = ("--local", str(folder.path), "--archive", folder.legal, "--tools", "get_archive", "--kind", "session")
    assert connection.narrowing is not None
    assert printed(capsys, *words) == connection.narrowing.policy + "\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "all"], "--kind must be one of identity, session, trust; it is 'all'"),
        (["--format", "yaml"], "--format must be one of json, terraform, cloudformation"),
        (["--kind", "session", "--format", "terraform"], "--kind session is written as json"),
        (["--kind", "trust"], "--kind trust needs to know who may assume the role"),
        (["--account", "me"], "--account must be an account's id: 12 digits"),
        (["--principal", "ana"], "--principal must be the ARN of a user or role"),
        (["--profile", "none"], "could not be found"),
        (["--local", "nowhere"], "nowhere does not exist"),
    ],
)
def test_mistakes_are_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *words])
    assert ended.value.code in (1, 2)
    assert said in capsys.readouterr().err
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


def test_a_trust_policy_is_for_the_account_or_whom_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert "arn:aws:iam::123456789012:root" in printed(capsys, "--kind", "trust", "--account", "123456789012")
    ana = "arn:aws:iam::123456789012:user/ana"
    trusted = printed(capsys, "--kind", "trust", "--principal", ana, "--external-id", "shared", "--session-tag", "a=b")
    assert ana in trusted and "sts:TagSession" in trusted and '"sts:ExternalId": "shared"' in trusted
