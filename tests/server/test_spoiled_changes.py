"""Spoiled answers of the service to tools that change something, and to those that show exports and tags: what an
answer says was done is done, and no search or export is started twice."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitResult

from mail_archive_local.context import Local
from mail_archive_local.exporting.places import client_of_places
from mail_archive_server.app import build_server
from mail_archive_server.hosting.published import published_tools
from mail_archive_tools.access import Access
from mail_archive_tools.catalog import CATALOG
from mail_archive_tools.service.buckets import Buckets, Location
from tests.conftest import Sample, text_of
from tests.faults import changed, cut, first, null_lists
from tests.server.spoiled import ALWAYS, Faults, named, of_all
from tests.server.test_faults import World, assert_honest, world
from tests.server.test_spoiled_answers import calls_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}
S3 = {"s3_location": "s3://evidence/case"}
NAME = "spoiled"
TAG = {"Key": "case", "Value": "7"}
ONCE = ("StartArchiveSearch", "StartArchiveExport")
"""Operations that a call makes once at most."""

OPERATIONS = (
    *ONCE,
    "GetArchive", "ListArchives", "CreateArchive", "UpdateArchive", "DeleteArchive", "TagResource", "UntagResource",
    "ListTagsForResource", "GetArchiveSearch", "GetArchiveSearchResults", "ListArchiveSearches", "StopArchiveSearch",
    "GetArchiveExport", "ListArchiveExports", "StopArchiveExport",
)  # fmt: skip

SPOILED: Faults = {
    "changes cut": lambda: first(ALWAYS, cut, *(name for name in OPERATIONS if not name.startswith(("Get", "List")))),
    "null for all lists": lambda: first(ALWAYS, changed(null_lists), *OPERATIONS),
    **of_all(*OPERATIONS),
}  # fmt: skip
IN_CI = ("changes cut", "all swapped")
"""The others are for `make soak`."""


class Stops:
    """Delivers nothing: an export goes on until somebody stops it."""

    def wake(self, local: Local) -> None:
        for export in local.exports.unfinished():
            if export.stop_asked is not None:
                local.exports.end(export, "CANCELLED", local.clock())


class Archive:
    """An archive of its own for one call, as its owner sees it, past the proxy's faults."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.id = str(api.create_archive(ArchiveName=f"{NAME}-{secrets.token_hex(4)}", Tags=[TAG])["ArchiveId"])
        self.arn = str(self.details["ArchiveArn"])

    @property
    def details(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get_archive(ArchiveId=self.id)
        return found

    @property
    def tags(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.api.list_tags_for_resource(ResourceArn=self.arn)["Tags"]
        return found

    def state(self, operation: str, **named: str) -> str:
        return str(getattr(self.api, operation)(**named)["Status"]["State"])

    def search(self) -> str:
        moments = {"FromTimestamp": "2025-04-01T00:00:00Z", "ToTimestamp": "2025-04-30T00:00:00Z", "MaxResults": 5}
        return str(self.api.start_archive_search(ArchiveId=self.id, **moments)["SearchId"])

    def export(self) -> str:
        moments = {"FromTimestamp": "2025-01-01T00:00:00Z", "ToTimestamp": "2025-12-31T00:00:00Z"}
        place = {"S3": {"S3Location": S3["s3_location"]}}
        started = self.api.start_archive_export(ArchiveId=self.id, ExportDestinationConfiguration=place, **moments)
        return str(started["ExportId"])


@dataclass(frozen=True)
class Case:
    """What a tool is asked, and whether what its answer says was done; a tool that changes nothing has no such."""

    asked: Callable[[Archive], dict[str, Any]]
    is_done: Callable[[Archive, dict[str, Any], dict[str, Any]], bool] | None = None
    """Of the archive, what was asked, and the answer."""


def archive_id(archive: Archive) -> dict[str, Any]:
    return {"archive_id": archive.id}


CASES: dict[str, Case] = {
    "start_archive_search": Case(
        lambda archive: {**archive_id(archive), "from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"},
        lambda archive, _, said: archive.api.get_archive_search(SearchId=said["SearchId"])["ArchiveId"] == archive.id,
    ),
    "stop_archive_search": Case(
        lambda archive: {"search_id": archive.search()},
        lambda archive, asked, _: archive.state("get_archive_search", SearchId=asked["search_id"]) == "CANCELLED",
    ),
    "start_archive_export": Case(
        lambda archive: {**archive_id(archive), **YEAR, "export_destination_configuration": {"s3": S3}},
        lambda archive, _, said: archive.api.get_archive_export(ExportId=said["ExportId"])["ArchiveId"] == archive.id,
    ),
    "stop_archive_export": Case(
        lambda archive: {"export_id": archive.export()},
        lambda archive, asked, _: archive.state("get_archive_export", ExportId=asked["export_id"]) == "CANCELLED",
    ),
    "create_archive": Case(
        lambda archive: {"archive_name": f"new-{secrets.token_hex(4)}"},
        lambda archive, asked, said: (
            archive.api.get_archive(ArchiveId=said["ArchiveId"])["ArchiveName"] == asked["archive_name"]
        ),
    ),
    "update_archive": Case(
        lambda archive: {**archive_id(archive), "retention": {"retention_period": "TEN_YEARS"}},
        lambda archive, *_: archive.details["Retention"]["RetentionPeriod"] == "TEN_YEARS",
    ),
    "delete_archive": Case(
        archive_id,
        lambda archive, *_: archive.details["ArchiveState"] == "PENDING_DELETION",
    ),
    "tag_archive": Case(
        lambda archive: {"resource_arn": archive.arn, "tags": [{"key": "team", "value": "legal"}]},
        lambda archive, *_: {"Key": "team", "Value": "legal"} in archive.tags,
    ),
    "untag_archive": Case(
        lambda archive: {"resource_arn": archive.arn, "tag_keys": ["case"]},
        lambda archive, *_: not archive.tags,
    ),
    "get_archive_export": Case(lambda archive: {"export_id": archive.export()}),
    "list_archive_exports": Case(lambda archive: {**archive_id(archive), "page_size": len(archive.export())}),
    "list_archive_tags": Case(lambda archive: {"resource_arn": archive.arn}),
}


def test_every_tool_of_the_catalog_is_asked_under_each_fault() -> None:
    """One that is new has to be told here, or beside those that change nothing, what it is asked."""
    asked = [*calls_of("", {}, "", ["", ""]), *CASES]
    assert sorted(asked) == sorted(entry.name for entry in CATALOG)
    assert {name for name, case in CASES.items() if case.is_done} == {
        entry.name for entry in CATALOG if not entry.read_only
    }


@pytest.fixture(scope="module")
def running(pristine: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Its searches and exports do not end by themselves."""
    folder = tmp_path_factory.mktemp("spoiled") / "archive"
    with world(pristine, folder, attempts=2, search_seconds=600, exporter=Stops()) as made:
        yield made


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "evidence").mkdir()
    return folder


@pytest.fixture
def access(running: World, buckets: Path) -> Access:
    access = running.access()
    access.buckets = Buckets(lambda: client_of_places(buckets, None))
    access.export_to = (Location("evidence", ""),)
    return access


@pytest.fixture
def archive(running: World, pristine: Sample, access: Access) -> Iterator[Archive]:
    """One search and one export may run at a time, and ten archives may be there: none of it is left to other tests."""
    heal(running)
    api = access.client._connected()
    made = Archive(api)
    yield made

    heal(running)
    with running.store.writing() as db:
        for search in running.store.unfinished_searches(db, 0):
            running.store.cancel_search(db, search.search_id, 1)
    for export in api.list_archive_exports(ArchiveId=made.id)["Exports"]:
        if export["Status"]["State"] == "QUEUED":
            api.stop_archive_export(ExportId=export["ExportId"])
    for archives in api.get_paginator("list_archives").paginate():
        for each in archives["Archives"]:
            if each["ArchiveId"] != pristine.archive_id and each["ArchiveState"] == "ACTIVE":
                api.delete_archive(ArchiveId=each["ArchiveId"])


async def agree(context: Any, params: Any) -> ElicitResult:
    """The user agrees, and types the name where one is asked for: it stands in quotation marks."""
    content: dict[str, Any] = {}
    if params.requested_schema["properties"]:
        content = {"name": params.message.split('"')[1]}
    return ElicitResult(action="accept", content=content)


@pytest.mark.parametrize("name", named(SPOILED, IN_CI))
@pytest.mark.parametrize("tool", [tool for tool, case in CASES.items() if case.is_done])
async def test_what_an_answer_says_was_done_is_done(
    running: World, access: Access, archive: Archive, tool: str, name: str
) -> None:
    case = CASES[tool]
    assert case.is_done
    asked = case.asked(archive)
    async with Client(build_server(lambda: access, tools=published_tools()), elicitation_callback=agree) as client:
        running.proxy.calls.clear()
        running.proxy.fault = SPOILED[name]()
        result = await client.call_tool(tool, asked)
        made = dict(running.proxy.calls)
        heal(running)

    said = result.structured_content or {}
    assert_honest(tool, result, said, said)
    assert result.is_error or case.is_done(archive, asked, said)
    assert all(made.get(operation, 0) <= 1 for operation in ONCE)


@pytest.mark.parametrize("tool", [tool for tool, case in CASES.items() if case.is_done])
async def test_without_a_fault_it_is_done(access: Access, archive: Archive, tool: str) -> None:
    case = CASES[tool]
    assert case.is_done
    asked = case.asked(archive)
    assert tool.startswith(("start", "create")) or not case.is_done(archive, asked, {})
    async with Client(build_server(lambda: access, tools=published_tools()), elicitation_callback=agree) as client:
        result = await client.call_tool(tool, asked)
    assert not result.is_error, text_of(result)
    assert case.is_done(archive, asked, result.structured_content or {})


@pytest.mark.parametrize("name", named(SPOILED, IN_CI))
@pytest.mark.parametrize("tool", [tool for tool, case in CASES.items() if not case.is_done])
async def test_exports_and_tags_are_shown_as_they_are(
    running: World, access: Access, archive: Archive, tool: str, name: str
) -> None:
    asked = CASES[tool].asked(archive)
    async with Client(build_server(lambda: access, tools=published_tools())) as client:
        wanted = (await client.call_tool(tool, asked)).structured_content or {}
        running.proxy.calls.clear()
        running.proxy.fault = SPOILED[name]()
        result = await client.call_tool(tool, asked)
        heal(running)
        again = (await client.call_tool(tool, asked)).structured_content

    said = result.structured_content or {}
    # What was wrong with an answer that has no `Complete` is a note.
    if not said.get("Notes"):
        assert_honest(tool, result, said, wanted)
    assert again == wanted


def heal(running: World) -> None:
    running.proxy.fault = lambda operation, before, forward: forward()
