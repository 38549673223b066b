"""Spoiled answers of the service, tool by tool, beside the answers without them: the same, one that says that it is not
the whole, or a sentence. And the next call, with a service that is well, has the answer."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client

from mail_archive_server.app import build_server
from mail_archive_server.hosting.published import published_tools
from tests.conftest import Sample, text_of
from tests.faults import changed, cut, cut_short, emptied, first, null_entries, null_lists, rows_without_id
from tests.server.spoiled import ALWAYS, Faults, named, of_all
from tests.server.test_faults import CHANGES, World, assert_honest, world

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

OPERATIONS = (
    "ListArchives", "GetArchive", "StartArchiveSearch", "GetArchiveSearch", "GetArchiveSearchResults",
    "ListArchiveSearches", "GetArchiveMessage", "GetArchiveMessageContent",
)  # fmt: skip
"""Those of the service; a download is none of them."""

SPOILED: Faults = {
    "the rows cut short, and closed": lambda: first(ALWAYS, cut_short, "GetArchiveSearchResults"),
    "the rows cut": lambda: first(ALWAYS, cut, "GetArchiveSearchResults"),
    "the rows empty": lambda: first(ALWAYS, emptied, "GetArchiveSearchResults"),
    "the rows null, once": lambda: first(1, changed(null_lists), "GetArchiveSearchResults"),
    "a null among the rows": lambda: first(ALWAYS, changed(null_entries), "GetArchiveSearchResults"),
    "a row without its id": lambda: first(ALWAYS, changed(rows_without_id), "GetArchiveSearchResults"),
    **of_all(*OPERATIONS),
}  # fmt: skip
IN_CI = ("the rows cut", "a null among the rows", "all swapped", "no lists at first")
"""The others are for `make soak`."""

Answers = dict[str, tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def running(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(pristine, tmp_path_factory.mktemp("spoiled") / "archive", attempts=2) as made:
        yield made


@pytest.fixture(scope="module")
def right(pristine: Sample, running: World) -> Answers:
    """Each tool, what it is asked, and what it answers where nothing is spoiled."""

    async def ask() -> Answers:
        access = running.access()
        async with Client(build_server(lambda: access, tools=published_tools())) as client:
            month = {"archive_id": pristine.archive_id, "from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}
            found = (await client.call_tool("search_archive", month)).structured_content or {}
            with_files = [row["ArchivedMessageId"] for row in found["Rows"] if row.get("HasAttachments")]
            others = [row["ArchivedMessageId"] for row in found["Rows"] if not row.get("HasAttachments")]
            calls = calls_of(pristine.archive_id, month, found["SearchId"], [with_files[0], *others])
            return {tool: (asked, said_by(await client.call_tool(tool, asked))) for tool, asked in calls.items()}

    return anyio.run(ask)


def calls_of(archive_id: str, month: dict[str, Any], search_id: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What each tool that changes nothing is asked; the first of the messages has an attachment. The others are asked
    in test_spoiled_changes.py."""
    message = {"archived_message_id": ids[0]}
    return {
        "list_archives": {},
        "get_archive": {"archive_id": archive_id},
        "search_archive": month,
        "summarize_archive_search": {**month, "group_by": ["sender"]},
        "get_archive_thread": {**message, "archive_id": archive_id},
        "get_archive_search": {"search_id": search_id},
        "get_archive_search_results": {"search_id": search_id},
        "list_archive_searches": {"archive_id": archive_id, "page_size": 1},
        "get_archive_message_content": message,
        "read_archive_message": message,
        "read_archive_messages": {"archived_message_ids": ids[:2]},
        "get_archive_message": message,
        "read_archive_attachment": {**message, "attachment_id": "2"},
        "compare_archive_messages": {"a": ids[0], "b": ids[1]},
        "check_quotations": {
            "quotations": [
                {"archived_message_id": ids[0], "quotation": "words that nobody wrote"},
                {"archived_message_id": ids[1], "quotation": "nor these, anywhere"},
            ]
        },
        "show_archive_search": month,
    }


def said_by(result: Any) -> dict[str, Any]:
    """What an answer says, apart from the marks of its fences, and from the searches that others have run meanwhile."""
    members = json.loads(re.sub(r"[0-9a-f]{16}\]\]", "]]", json.dumps(result.structured_content or {})))
    return {
        name: value for name, value in members.items() if name not in (*CHANGES, "NextToken", "MessageDownloadLink")
    }


@pytest.mark.parametrize("name", named(SPOILED, IN_CI))
async def test_no_tool_says_anything_else_of_a_spoiled_answer(running: World, right: Answers, name: str) -> None:
    spoiled = SPOILED[name]()
    for tool, (asked, wanted) in right.items():
        access = running.access()
        async with Client(build_server(partial(lambda same: same, access), tools=published_tools())) as client:
            running.proxy.calls.clear()
            running.proxy.fault = spoiled
            result = await client.call_tool(tool, asked)
            running.proxy.fault = lambda operation, before, forward: forward()

            said = said_by(result)
            if not said.get("NotShown"):
                assert_honest(tool, result, said, wanted)
            if tool == "list_archive_searches" and not result.is_error:
                assert (result.structured_content or {})["Searches"], name

            # What was got while something was wrong is kept nowhere.
            again = await client.call_tool(tool, asked)
            assert not again.is_error, (name, tool, text_of(again))
            assert said_by(again) == wanted, (name, tool)
