"""Who is told of the view, what the tool behind it answers, and that the page holds nothing that loads or runs mail."""

import json
import re
from typing import Any

import pytest
from mcp import Client
from mcp.server.apps import APP_MIME_TYPE

from mail_archive_server.app import build_server
from mail_archive_server.hosting.published import published_tools
from mail_archive_server.viewer import URI, page
from mail_archive_tools.access import Access
from tests.conftest import ERAS, Sample, text_of

pytest.importorskip("playwright")
from tests.server.viewer.showing import rendering_client

pytestmark = pytest.mark.anyio

PAGE_BYTES = 60_000
APRIL = {"from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}


async def listed(client: Client) -> dict[str, Any]:
    return {tool.name: tool for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize("era", ERAS)
async def test_hosts_that_render_apps_are_told_of_the_view_and_others_are_not(access: Access, era: Any) -> None:
    async with rendering_client(access, era) as client:
        tools = await listed(client)
        # The older protocol has no place where a server says so; hosts go by the tools.
        if era == "auto":
            assert client.server_capabilities.extensions == {"io.modelcontextprotocol/ui": {}}
    shown, inside = tools["show_archive_search"], tools["view_archive"]
    # VS Code shows no view of a tool with annotations, and older hosts look for the flat key.
    assert shown.annotations is None and shown.title == "Show a search"
    assert shown.meta == {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    assert shown.input_schema == tools["search_archive"].input_schema
    assert inside.meta == {"ui": {"visibility": ["app"]}}
    assert "anyOf" not in json.dumps(shown.output_schema)

    async with Client(build_server(lambda: access), mode=era) as client:
        assert {"show_archive_search", "view_archive"}.isdisjoint(await listed(client))
    async with Client(build_server(lambda: access, views="all"), mode=era) as client:
        assert "show_archive_search" in await listed(client) and "view_archive" not in await listed(client)
    reading = [each for each in published_tools() if each.toolset == "read"]
    async with Client(build_server(lambda: access, tools=reading), mode=era) as client:
        assert URI not in [str(each.uri) for each in (await client.list_resources()).resources]


@pytest.mark.parametrize("era", ERAS)
async def test_every_host_gets_the_text_and_the_rows_as_ever(sample: Sample, access: Access, era: Any) -> None:
    asked = {"archive_id": sample.archive_id, **APRIL, "subject": ["bank"]}
    async with Client(build_server(lambda: access), mode=era) as client:
        searched = await client.call_tool("search_archive", asked)
        shown = await client.call_tool("show_archive_search", asked)
    own = re.compile(r"[0-9a-f]{16}|SearchId \w+|[^.;]*run\.")
    assert own.sub("", text_of(shown)) == own.sub("", text_of(searched))
    rows = [(each.structured_content or {})["Rows"] for each in (shown, searched)]
    assert rows[0] == rows[1] and len(rows[0]) == 4


@pytest.mark.parametrize("era", ERAS)
async def test_the_tool_behind_the_view_answers_as_the_tools_do_and_does_nothing_else(
    sample: Sample, access: Access, era: Any
) -> None:
    asked = {"archive_id": sample.archive_id, **APRIL, "limit": 1}
    async with rendering_client(access, era) as client:

        async def view(**arguments: Any) -> Any:
            return await client.call_tool("view_archive", arguments)

        page_ = await view(tool="search_archive", arguments=asked)
        assert not page_.is_error and len((page_.structured_content or {})["Rows"]) == 1
        assert text_of(page_) == "This is shown in the view."
        message_id = (page_.structured_content or {})["Rows"][0]["ArchivedMessageId"]
        read = await view(tool="read_archive_message", arguments={"archived_message_id": message_id})
        assert (read.structured_content or {})["ArchivedMessageId"] == message_id
        wrong = await view(tool="search_archive", arguments={"archive_id": 3})
        assert wrong.is_error and "archive_id is 3" in text_of(wrong)
        for arguments in (
            {"tool": "delete_archive", "arguments": {"archive_id": sample.archive_id}},
            {"tool": "list_archives", "arguments": {}},
            {"tool": ["search_archive"], "arguments": {}},
            {"tool": "search_archive"},
            {},
        ):
            refused = await view(**arguments)
            assert refused.is_error and "view_archive takes tool, one of search_archive" in text_of(refused)


async def test_the_page_is_one_small_document_without_any_network(access: Access) -> None:
    async with rendering_client(access) as client:
        content = (await client.read_resource(URI)).contents[0]
        resources = {str(each.uri): each for each in (await client.list_resources()).resources}
    html = content.text  # type: ignore[union-attr]
    assert html == page() and content.mime_type == APP_MIME_TYPE
    assert len(html.encode()) < PAGE_BYTES
    # Declaring domains would loosen what a host sets by itself.
    assert "csp" not in json.dumps(resources[URI].model_dump(mode="json"))
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", html) == []
    assert set(re.findall(r"https?://[^\s\"'`)]+", html)) == {"http://www.w3.org/2000/svg"}
    reads_html = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function"
    leaves = r"fetch\(|XMLHttp|WebSocket|EventSource|sendBeacon|localStorage|document\.cookie|window\.open"
    assert re.findall(f"{reads_html}|{leaves}", html) == []
