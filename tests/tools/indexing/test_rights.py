"""The index gives nobody more than the service does: whoever may not search an archive, or not read its messages, is
refused by the service, in every tool."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from mail_archive_local.context import Local
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.indexes import NAME, made_of
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import AccessDenied, ArchiveError, OutOfScope
from mail_archive_tools.indexing.indexer import Indexer
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.search import search_archive
from mail_archive_tools.searching.indexed.answering import GOT_SECONDS, SEARCHED_SECONDS
from mail_archive_tools.storage.index_file.index_file import IndexFile
from mail_archive_tools.summarize import summarize_archive_search
from tests.folder import Folder, allow, make_folder, policy
from tests.tools.indexing.scene import BEGIN, END

pytestmark = pytest.mark.anyio

SEARCHING = (
    "ses:StartArchiveSearch", "ses:GetArchiveSearch", "ses:GetArchiveSearchResults", "ses:GetArchive",
    "ses:ListArchives",
)  # fmt: skip
READING = ("ses:GetArchiveMessage", "ses:GetArchiveMessageContent")
SECRET = "Only board may read this"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Both archives are indexed by the folder's owner."""
    folder = make_folder(tmp_path_factory.mktemp("rights") / "archive")
    on_legal, on_board = folder.arn(folder.legal), folder.arn(folder.board)
    folder.identities(
        Users=[
            {"UserName": "ana", "Policies": [allow(*SEARCHING, *READING, on=on_legal)]},
            {"UserName": "ben", "Policies": [allow(*SEARCHING, *READING, on=[on_legal, on_board])]},
            {"UserName": "finder", "Policies": [allow(*SEARCHING, on=[on_legal, on_board])]},
            {"UserName": "reader", "Policies": [allow(*READING, on=[on_legal, on_board])]},
        ]
    )

    async def fill() -> None:
        access = open_access(folder.settings(index="none"))
        with closing(IndexFile(folder.path / NAME, made_of(Settings(), {}), writes=True)) as index:
            for archive_id in (folder.legal, folder.board):
                tally = await Indexer(access, index).complete(archive_id, BEGIN, END)
                assert tally.put == 2

    anyio.run(fill)
    return folder


def access_of(folder: Folder, user: str | None, **more: Any) -> Access:
    return open_access(folder.settings(profile=user, **more))


async def found(access: Access, archive_id: str, **wanted: Any) -> list[str]:
    page = await search_archive(
        archive_id, BEGIN, END, filter_here=FilterHere(**wanted) if wanted else None, access=access, show=["size"]
    )
    assert page.searches_so_far == 0
    return [row.archived_message_id or "" for row in page.rows]


async def test_whoever_may_search_and_read_is_answered(indexed: Folder) -> None:
    access = access_of(indexed, "ben")
    assert len(await found(access, indexed.board, body=["board"])) == 2
    assert len(await found(access, indexed.legal, body=["legal"])) == 2
    assert await found(access, indexed.legal, body=["board"]) == []


@pytest.mark.parametrize("user", ["ana", "finder", "reader"])
async def test_whoever_may_not_is_refused_by_the_service(indexed: Folder, user: str) -> None:
    access = access_of(indexed, user)
    for wanted in ({}, {"body": ["board"]}, {"larger_than": 1}):
        with pytest.raises(AccessDenied, match=r"(?i)not authorized|not allow") as refused:
            await found(access, indexed.board, **wanted)
        assert SECRET not in str(refused.value)
        with pytest.raises(AccessDenied):
            await summarize_archive_search(
                indexed.board, BEGIN, END, group_by=["sender", "size"], filter_here=FilterHere(**wanted), access=access
            )


async def test_every_tool_tells_the_other_archives_words_to_nobody_else(indexed: Folder) -> None:
    from mcp import Client

    from mail_archive_server.app import build_server

    access = access_of(indexed, "ana")
    theirs = indexed.messages["board"][0]
    arguments: dict[str, Any] = {
        "archive_id": indexed.board,
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
        "archived_message_id": theirs,
        "archived_message_ids": [theirs],
        "filter_here": {"body": ["board"]},
        "attachment_id": "2",
        "other_archived_message_id": theirs,
        "quotations": [SECRET],
    }
    async with Client(build_server(lambda: access)) as client:
        # What an index may have put in a cache of this caller's, it has put there now.
        range_of_time = {name: arguments[name] for name in ("from_timestamp", "to_timestamp")}
        await client.call_tool("search_archive", {"archive_id": indexed.legal, **range_of_time})
        for tool in (await client.list_tools()).tools:
            known = tool.input_schema["properties"]
            given = {name: value for name, value in arguments.items() if name in known}
            answer = await client.call_tool(tool.name, given)
            said = json.dumps(answer.model_dump(mode="json"))
            assert "chair@board.example" not in said, tool.name
            assert "Minutes 1 of board" not in said, tool.name


async def test_an_archive_beyond_the_servers_scope_is_not_answered(indexed: Folder) -> None:
    access = access_of(indexed, None, archive=(indexed.legal,), unscoped_ok=True)
    assert len(await found(access, indexed.legal, body=["legal"])) == 2
    with pytest.raises(OutOfScope):
        await found(access, indexed.board, body=["board"])


async def test_rights_that_are_taken_away_end_answers(tmp_path: Path, indexed: Folder) -> None:
    """GetArchiveMessage within five minutes, a search within the hour."""
    import shutil

    path = tmp_path / "archive"
    shutil.copytree(indexed.path, path)
    own = replace(indexed, path=path)
    on_legal = own.arn(own.legal)

    def let(*actions: str) -> None:
        own.identities(Users=[{"UserName": "ana", "Policies": [policy(
            {"Effect": "Allow", "Action": list(actions), "Resource": on_legal}
        )]}])  # fmt: skip

    let(*SEARCHING, *READING)
    access = access_of(own, "ana")
    now = [1_000.0]
    access.indexes.clock = lambda: now[0]
    assert len(await found(access, own.legal)) == 2

    let(*SEARCHING)
    now[0] += GOT_SECONDS - 1
    assert len(await found(access, own.legal, body=["legal"])) == 2
    now[0] += 2
    with pytest.raises(AccessDenied):
        await found(access, own.legal, body=["legal"])

    let(*READING)
    assert len(await found(access, own.legal, body=["legal"])) == 2
    now[0] += SEARCHED_SECONDS
    with pytest.raises(AccessDenied):
        await found(access, own.legal, body=["legal"])


async def test_an_archive_whose_messages_the_service_has_deleted_is_read_instead(
    tmp_path: Path, indexed: Folder
) -> None:
    """What the service has no more, the index does not tell."""
    path = tmp_path / "archive"
    with Store(path, create=True) as store:
        from tests.folder import keeping_archive

        archive_id = keeping_archive(Local(store, str), "empty")
    index = IndexFile(indexed.path / NAME, None)
    access = open_access(Settings(local=path, search_seconds=0, index="none"))
    access.indexes.open_index = lambda: _As(index, indexed.legal)
    with Patience(10) as patience:
        assert await access.indexes.of(archive_id, patience) is None
    index.close()


class _As:
    """An index that says of any archive what it knows of one: as one of a deleted archive with the same id would."""

    def __init__(self, index: IndexFile, archive_id: str) -> None:
        self._index, self._archive_id = index, archive_id

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._index, name)
        return lambda archive_id, *more: method(self._archive_id, *more)


async def test_another_search_in_the_way_leaves_reading(indexed: Folder) -> None:
    """Whether the service would accept a search is not known while the slot is taken: then nothing is told."""
    folder = indexed.settings(index=str(indexed.path / NAME))
    first = open_access(replace(folder, search_seconds=30))
    from mail_archive_tools.searching.job import SearchRequest
    from mail_archive_tools.searching.windows import Window

    started = await first.searcher.start(SearchRequest(indexed.legal, Window(0, 100), None, 1))
    second = open_access(folder)
    with Patience(0.2) as patience:
        assert await second.indexes.of(indexed.legal, patience) is None
    await first.client.stop_archive_search(started.search_id)
    with Patience(10) as patience:
        assert await second.indexes.of(indexed.legal, patience) is not None


async def test_an_index_that_cannot_be_used_is_said_and_messages_are_read(indexed: Folder, tmp_path: Path) -> None:
    broken = tmp_path / "index.sqlite3"
    broken.write_bytes(b"nothing of the kind" * 100)
    access = open_access(indexed.settings(index=str(broken)))
    page = await search_archive(indexed.legal, BEGIN, END, filter_here=FilterHere(body=["legal"]), access=access)
    assert len(page.rows) == 2 and page.complete and page.searches_so_far
    assert any("cannot be used" in note for note in page.notes or [])
    counted = await summarize_archive_search(indexed.legal, BEGIN, END, access=access)
    assert counted.rows == 2 and any("cannot be used" in note for note in counted.notes or [])


def test_errors_are_of_the_one_tree() -> None:
    assert issubclass(AccessDenied, ArchiveError)
