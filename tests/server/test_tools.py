"""All tools, asked by a real client over both eras of the protocol."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError

from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_server.backends import open_access
from mail_archive_server.hosting.published import FILE, published_tools
from mail_archive_server.hosting.schemas import published_text
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.catalog import CATALOG
from mail_archive_tools.untrusted import unfenced
from tests.conftest import ERAS, READING, ROOT, Sample, text_of

pytestmark = pytest.mark.anyio

Server = MCPServer[Any]
APRIL = {"from_timestamp": "2025-04-01T00:00:00Z", "to_timestamp": "2025-04-30T00:00:00Z"}


@pytest.mark.parametrize("era", ERAS)
async def test_the_catalog_is_what_a_client_sees(server: Server, access: Access, era: Any) -> None:
    async with Client(server, mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == [entry.name for entry in READING]
    async with Client(build_server(lambda: access, tools=published_tools(), views="all"), mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == [entry.name for entry in CATALOG]
    for entry in CATALOG:
        tool = tools[entry.name]
        assert tool.description == entry.description and len(entry.description) > 40
        assert tool.title and tool.output_schema and tool.output_schema["type"] == "object"
        if entry.toolset == "view":
            continue
        assert tool.annotations
        assert tool.annotations.read_only_hint is entry.read_only
        assert tool.annotations.destructive_hint is entry.destructive


def keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every keyword of a schema and below, names of properties left aside."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            yield name, value
            below = value.values() if name in ("properties", "$defs") else [value]
            for each in below:
                yield from keywords(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from keywords(each)


SEEN_BYTES = 23_000
"""What a model sees of the tools at most: names, descriptions and input schemas."""
INPUT_BYTES = 5_200
"""The input schema of one tool at most."""


def undescribed(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The properties of a schema, nested ones too, that have no description."""
    for name, below in schema.get("properties", {}).items():
        if not below.get("description"):
            yield f"{path}.{name}"
        yield from undescribed(below, f"{path}.{name}")
    if "items" in schema:
        yield from undescribed(schema["items"], path)


async def test_schemas_are_tidy_and_small(access: Access) -> None:
    async with Client(build_server(lambda: access, tools=published_tools())) as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        assert tool.output_schema
        for schema in (tool.input_schema, tool.output_schema):
            jsonschema.Draft202012Validator.check_schema(schema)
            found = list(keywords(schema))
            names = {name for name, _ in found}
            assert names.isdisjoint({"title", "anyOf", "oneOf", "allOf", "additionalProperties"})
            assert ("type", "null") not in [(name, value) for name, value in found if isinstance(value, str)]
        assert {name for name, _ in keywords(tool.input_schema)}.isdisjoint({"$ref", "$defs", "format"})
        assert list(undescribed(tool.input_schema)) == []
        assert len(json.dumps(tool.input_schema, separators=(",", ":"))) < INPUT_BYTES
    seen = [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}
        for tool in tools[: len(READING)]
    ]
    assert len(json.dumps(seen, separators=(",", ":"))) < SEEN_BYTES


def test_what_is_published_is_what_the_types_say() -> None:
    """`make schemas` writes it anew; the difference is what a model will see differently."""
    assert (ROOT / "server" / "mail_archive_server" / "hosting" / FILE).read_text("utf-8") == published_text()


@pytest.mark.parametrize("era", ERAS)
async def test_an_investigation_from_the_archives_to_the_text(server: Server, era: Any) -> None:
    async with Client(server, mode=era) as client:

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, text_of(result)
            structured: dict[str, Any] = result.structured_content or {}
            assert_both_channels(text_of(result), structured)
            return structured

        (archive,) = (await call("list_archives"))["Archives"]
        where = {"archive_id": archive["ArchiveId"]}
        assert (await call("get_archive", **where))["ArchiveName"] == archive["ArchiveName"]
        page = await call("search_archive", **where, **APRIL, subject=["bank"], limit=2)
        rest = await call("search_archive", **where, **APRIL, subject=["bank"], limit=2, cursor=page["NextCursor"])
        assert len(page["Rows"]) == len(rest["Rows"]) == 2 and page["RowsSoFar"] == 4 and "NextCursor" not in rest
        thread = await call(
            "get_archive_thread", **where, archived_message_id=rest["Rows"][-1]["ArchivedMessageId"], new_text=True
        )
        assert [message["Depth"] for message in thread["Messages"]] == [1, 2]
        counted = await call("summarize_archive_search", **where, **APRIL, subject=["bank"], zone="Europe/Berlin")
        assert counted["Rows"] == 4 and [each["By"] for each in counted["Summaries"]] == [
            "sender",
            "recipient",
            "month",
        ]
        started = await call("start_archive_search", **where, **APRIL, max_results=3)
        assert (await call("get_archive_search", search_id=started["SearchId"]))["Status"]["State"] == "COMPLETED"
        results = await call("get_archive_search_results", search_id=started["SearchId"], detail="full")
        assert results["Truncated"] is True
        listed = await call("list_archive_searches", **where, page_size=1)
        assert listed["Searches"][0]["SearchId"] == started["SearchId"] and listed["NextToken"]
        assert await call("stop_archive_search", search_id=started["SearchId"]) == {"SearchId": started["SearchId"]}
        suspect = {"archived_message_id": rest["Rows"][-1]["ArchivedMessageId"]}
        message = await call("get_archive_message", **suspect)
        assert message["Metadata"]["SenderHostname"] == "vps-381.cheaphost.example"
        content = await call("get_archive_message_content", **suspect)
        assert "our new account" in content["Body"]["Text"]
        read = await call("read_archive_message", **suspect)
        assert "our new account" in read["Text"] and read["Attachments"][0]["Name"] == "new-bank-details.pdf"
        file = await call("read_archive_attachment", **suspect, attachment_id=read["Attachments"][0]["AttachmentId"])
        assert "[page 1 of 1]" in file["Text"]
        other = rest["Rows"][0]["ArchivedMessageId"]
        several = await call("read_archive_messages", archived_message_ids=[suspect["archived_message_id"], other])
        assert [each["ArchivedMessageId"] for each in several["Messages"]] == [suspect["archived_message_id"], other]
        compared = await call("compare_archive_messages", a=suspect["archived_message_id"], b=other)
        assert compared["SameBytes"] is False and compared["Because"]
        checked = await call("check_quotations", quotations=[{**suspect, "quotation": "our new account"}])
        assert checked["Found"] == 1 and checked["Quotations"][0]["Result"] == "verbatim"


def values(structured: Any) -> Iterator[Any]:
    if isinstance(structured, dict):
        for value in structured.values():
            yield from values(value)
    elif isinstance(structured, list):
        for value in structured:
            yield from values(value)
    else:
        yield structured


def assert_both_channels(text: str, structured: dict[str, Any]) -> None:
    """The text says every value that the structured content says; neither has a null."""
    assert None not in list(values(structured))
    for value in values(structured):
        if isinstance(value, str) and value.startswith("[[MAIL-DATA "):
            # The text has marks of its own around more than this.
            assert all(line in text for line in unfenced(value).split("\n")), value
        elif isinstance(value, str):
            assert value in text, value
        elif isinstance(value, int) and not isinstance(value, bool) and value > 0:
            assert str(value) in text


@pytest.mark.parametrize("era", ERAS)
async def test_progress_is_reported(own_sample: Sample, era: Any) -> None:
    access = open_access(Settings(local=own_sample.folder, search_seconds=2))
    heard: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with Client(build_server(lambda: access), mode=era) as client:
        result = await client.call_tool(
            "search_archive", {"archive_id": own_sample.archive_id, **APRIL}, progress_callback=listen
        )
    assert not result.is_error
    assert any("QUEUED" in sentence for sentence in heard) and any("RUNNING" in sentence for sentence in heard)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("get_archive", {}, "archive_id is missing.*list_archives"),
    (
        "get_archive",
        {"archive_id": "archive-1"},
        "archive_id is 'archive-1', which has not the form of one.*a- and letters",
    ),
    ("get_archive", {"archive_id": "a-" + "x" * 65}, "archive_id is"),
    ("get_archive", {"archive_id": ["a-1"]}, "archive_id is .*string"),
    ("get_archive", {"archive_id": "a-none"}, "no archive a-none here.*list_archives"),
    ("list_archives", {"page_size": 51}, "page_size is 51: .*50"),
    ("list_archives", {"page_size": "many"}, "page_size is 'many': .*integer"),
    ("list_archives", {"next_token": "bm9uZQ=="}, "NextToken"),
    ("list_archives", {"pagesize": 5}, "no argument 'pagesize'.*page_size, next_token"),
    ("search_archive", {"archive_id": "a-1"}, "from_timestamp is missing.*to_timestamp is missing"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "from_timestamp": "yesterday"}, "from_timestamp is 'yesterday'"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "from_timestamp": 1743465600}, "not a date and time"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "from_timestamp": "2025"}, "not a date and time"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "from_timestamp": "0001-01-01T00:00:00+14:00"}, "1970"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "to_timestamp": "2025-02-01"}, "before from_timestamp"),
    ("start_archive_search", {"archive_id": "a-1", **APRIL, "to_timestamp": "2025-06-01"}, "30 days.*search_archive"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "order": "random"}, "order is 'random'.*newest_first"),
    (
        "search_archive",
        {"archive_id": "a-1", **APRIL, "filter_here": {"text": ["x"]}},
        "filter_here has no member 'text'. It takes sender, subject, message_id, body",
    ),
    ("search_archive", {"archive_id": "a-1", **APRIL, "cursor": "x"}, "cursor is damaged"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "sender": ["x"] * 11}, "sender is.*10"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "sender": ["x" * 2049]}, "sender.0 is.*2048"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "sender": [""]}, "sender.0 is"),
    (
        "search_archive",
        {"archive_id": "a-1", **APRIL, "exclude": {"body": ["x"]}},
        "exclude has no member 'body'. It takes sender, recipient, cc, participant",
    ),
    ("search_archive", {"archive_id": "a-1", **APRIL, "cursor": "nonsense"}, "cursor"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "wait_seconds": 3600}, "wait_seconds is 3600"),
    ("search_archive", {"archive_id": "a-none", **APRIL}, "no archive a-none here"),
    ("summarize_archive_search", {}, "Give archive_id, from_timestamp and to_timestamp"),
    ("summarize_archive_search", {"search_id": "s", "group_by": ["colour"]}, "group_by.0 is 'colour': .*sender"),
    ("summarize_archive_search", {"search_id": "s", "zone": "Mars"}, "zone 'Mars' is no IANA time zone"),
    ("get_archive_thread", {"archive_id": "a-1"}, "archived_message_id is missing"),
    ("get_archive_thread", {"archive_id": "a-1", "archived_message_id": "nothing"}, "message nothing"),
    ("start_archive_search", {"archive_id": "a-1", **APRIL, "max_results": 1001}, "max_results is 1001: .*1000"),
    ("start_archive_search", {"archive_id": "a-1", **APRIL, "filters": {"include": [{}]}}, "exactly one"),
    (
        "start_archive_search",
        {"archive_id": "a-1", **APRIL, "filters": {"includes": []}},
        "filters has no member 'includes'. It takes include, unless",
    ),
    ("start_archive_search", {"archive_id": "a-1", **APRIL, "filters": {}}, "Leave filters out.*include, unless"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "exclude": {}}, "Leave exclude out to go without it.*sender"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "filter_here": {}}, "Leave filter_here out.*message_id, body"),
    ("summarize_archive_search", {"archive_id": "a-1", **APRIL, "exclude": {}}, "Leave exclude out"),
    ("search_archive", {"archive_id": "", **APRIL}, "archive_id is ''"),
    ("search_archive", {"archive_id": "a-1", **APRIL, "has_attachments": "maybe"}, "has_attachments is 'maybe'"),
    ("get_archive_search", {"search_id": "nothing"}, "search nothing.*list_archive_searches"),
    ("get_archive_search_results", {"search_id": "x" * 65}, "search_id is"),
    ("get_archive_search_results", {"search_id": "nothing"}, "search nothing"),
    ("get_archive_search_results", {"search_id": "s", "detail": "some"}, "detail is 'some': .*summary"),
    ("list_archive_searches", {"archive_id": "a-none"}, "no archive a-none"),
    ("list_archives", {"next_token": "x"}, "NextToken.*Leave next_token out"),
    ("stop_archive_search", {"search_id": "nothing"}, "search nothing"),
    ("get_archive_message", {"archived_message_id": ""}, "archived_message_id is ''"),
    ("get_archive_message", {"archived_message_id": "nothing"}, "message nothing.*search_archive"),
    ("get_archive_message_content", {"archived_message_id": "x", "max_chars": 30_001}, "max_chars is 30001"),
    ("get_archive_message_content", {"archived_message_id": "x", "offset": -1}, "offset is -1"),
    ("get_archive_message_content", {"archived_message_id": "nothing"}, "message nothing"),
    ("read_archive_message", {"archived_message_id": "nothing"}, "message nothing.*search_archive"),
    ("read_archive_message", {"archived_message_id": "x", "sections": ["some"]}, "sections.0 is 'some'"),
    ("read_archive_messages", {"archived_message_ids": []}, "at least 1 item, not 0"),
    ("read_archive_messages", {"archived_message_ids": ["x"] * 21}, "archived_message_ids is.*20"),
    ("compare_archive_messages", {"a": "x"}, "b is missing"),
    ("compare_archive_messages", {"a": "nothing", "b": "x"}, "message nothing"),
    ("check_quotations", {"quotations": []}, "quotations is"),
    ("check_quotations", {"quotations": [{"archived_message_id": "x"}]}, "quotations.0.quotation is missing"),
    ("check_quotations", {"quotations": [{"archived_message_id": "x", "text": "y"}]}, "has no member 'text'"),
    ("read_archive_attachment", {"archived_message_id": "x"}, "attachment_id is missing.*read_archive_message"),
    ("read_archive_attachment", {"archived_message_id": "nothing", "attachment_id": "2"}, "message nothing"),
]


@pytest.mark.parametrize(("tool", "arguments", "words"), BAD)
async def test_bad_input_gets_a_sentence(server: Server, tool: str, arguments: dict[str, Any], words: str) -> None:
    async with Client(server) as client:
        result = await client.call_tool(tool, arguments)
    said = text_of(result)
    assert result.is_error
    assert re.search(words, said, re.IGNORECASE), said
    assert "Traceback" not in said and "\n" not in said and "pydantic" not in said
    assert len(said) < 700


@pytest.mark.parametrize("era", ERAS)
async def test_bad_input_is_answered_on_both_eras(server: Server, era: Any) -> None:
    async with Client(server, mode=era) as client:
        result = await client.call_tool("get_archive", {"archive_id": "x"})
        assert result.is_error and "archive_id" in text_of(result)


@pytest.mark.parametrize("era", ERAS)
async def test_unknown_tools_and_cursors_are_protocol_errors(server: Server, era: Any) -> None:
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError, match="Unknown tool: read_minds"):
            await client.call_tool("read_minds", {})
        with pytest.raises(MCPError, match="Unknown cursor"):
            await client.list_tools(cursor="2")


async def test_a_search_that_runs_and_an_archive_pending_deletion(own_sample: Sample) -> None:
    access = open_access(Settings(local=own_sample.folder, search_seconds=60))
    async with Client(build_server(lambda: access)) as client:
        started = await client.call_tool("start_archive_search", {"archive_id": own_sample.archive_id, **APRIL})
        search_id = (started.structured_content or {})["SearchId"]
        results = await client.call_tool("get_archive_search_results", {"search_id": search_id})
        assert results.is_error and f"{search_id} is still QUEUED" in text_of(results)
        again = await client.call_tool("start_archive_search", {"archive_id": own_sample.archive_id, **APRIL})
        assert again.is_error and search_id in text_of(again) and "stop_archive_search" in text_of(again)
        with Store(own_sample.folder) as store, store.writing() as db:
            store.change_archive(db, 1, {"state": "PENDING_DELETION"})
        pending = await client.call_tool("search_archive", {"archive_id": own_sample.archive_id, **APRIL})
        assert pending.is_error and "pending deletion" in text_of(pending)


async def test_one_word_without_brackets_is_a_list_of_one(server: Server, sample: Sample) -> None:
    async with Client(server) as client:
        result = await client.call_tool(
            "search_archive", {"archive_id": sample.archive_id, **APRIL, "subject": "bank", "sender": '["luc@"]'}
        )
    assert (result.structured_content or {})["RowsSoFar"] == 1


ABSENT: list[dict[str, Any]] = [
    {"sender": [], "cc": None, "cursor": "", "exclude": {"sender": [], "has_attachments": None}, "order": ""},
    {"limit": None, "wait_seconds": None, "deduplicate": None, "filter_here": {"body": [], "subject": []}},
    {"has_attachments": "any", "exclude": {"has_attachments": "", "cc": []}, "filter_here": None},
]
"""What frameworks send that force every property, for what is not meant."""


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_not_meant_is_as_if_it_were_left_out(server: Server, sample: Sample, era: Any) -> None:
    where = {"archive_id": sample.archive_id, **APRIL}
    async with Client(server, mode=era) as client:
        plain = (await client.call_tool("search_archive", where)).structured_content or {}
        for absent in ABSENT:
            result = await client.call_tool("search_archive", {**where, **absent})
            assert not result.is_error, text_of(result)
            assert (result.structured_content or {})["Rows"] == plain["Rows"]


@pytest.mark.parametrize("absent", [None, "", []], ids=str)
async def test_every_optional_argument_of_every_tool_may_be_absent(
    server: Server, sample: Sample, absent: object
) -> None:
    """Each as "", [], null, and as an object of such: the call is answered as without it."""
    async with Client(server) as client:

        async def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, (tool, arguments, text_of(result))
            return result.structured_content or {}

        given: dict[str, Any] = {"archive_id": sample.archive_id, **APRIL}
        found = await call("search_archive", {**given, "has_attachments": "yes"})
        given["archived_message_id"] = found["Rows"][0]["ArchivedMessageId"]
        read = await call("read_archive_message", {"archived_message_id": given["archived_message_id"]})
        given["attachment_id"] = read["Attachments"][0]["AttachmentId"]
        given["a"] = given["b"] = given["archived_message_id"]
        given["archived_message_ids"] = [given["a"]]
        given["quotations"] = [{"archived_message_id": given["a"], "quotation": "account"}]
        started = await call("start_archive_search", {"archive_id": sample.archive_id, **APRIL})
        given["search_id"] = started["SearchId"]

        for tool in (await client.list_tools()).tools:
            needed = tool.input_schema.get("required", [])
            if tool.name == "summarize_archive_search":
                needed = ["search_id"]
            required = {name: given[name] for name in needed}
            optional = {
                name: dict.fromkeys(schema["properties"], absent) if schema["type"] == "object" else absent
                for name, schema in tool.input_schema["properties"].items()
                if name not in required
            }
            await call(tool.name, {**required, **optional})


async def test_some_members_of_an_object_may_be_absent(server: Server, sample: Sample) -> None:
    where = {"archive_id": sample.archive_id, **APRIL, "subject": ["bank"]}
    async with Client(server) as client:
        some = await client.call_tool(
            "search_archive", {**where, "exclude": {"sender": [], "subject": ["urgent"], "has_attachments": ""}}
        )
        same = await client.call_tool("search_archive", {**where, "exclude": {"subject": ["urgent"]}})
        assert not some.is_error
        assert (some.structured_content or {})["Rows"] == (same.structured_content or {})["Rows"] != []
        # The API's own spelling, with what is not meant in it.
        condition = {
            "StringExpression": {"Evaluate": {"Attribute": "SUBJECT"}, "Operator": "CONTAINS", "Values": ["bank"]},
            "BooleanExpression": {},
        }
        started = await client.call_tool(
            "start_archive_search",
            {
                **{name: where[name] for name in ("archive_id", *APRIL)},
                "filters": {"Include": [condition], "Unless": []},
            },
        )
        assert not started.is_error, text_of(started)
