"""One flipped byte anywhere in a local archive: `verify` finds it, or no answer changes by it."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mail_archive_local.api_errors import ApiError
from mail_archive_local.arns import archive_arn
from mail_archive_local.context import Local
from mail_archive_local.importing.record import Known, describe
from mail_archive_local.operations import archives, exports, messages, searches, tags
from mail_archive_local.storage.failures import StoreError
from mail_archive_local.storage.integrity.checking import Reader, check
from mail_archive_local.storage.log import log_of
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store
from tests.buckets import Waits, start_export_of_all
from tests.conftest import MEASURED, eml
from tests.folder import keeping_archive

FLIPS = {False: 240, True: 60}
"""In a folder without a log, and in one with it: there SQLite's own sums are of every byte."""
FIRST = datetime(2025, 6, 1, tzinfo=UTC)
MONTH = {"FromTimestamp": FIRST, "ToTimestamp": FIRST + timedelta(days=29)}


def contains(attribute: str, value: str) -> dict[str, Any]:
    expression = {"Evaluate": {"Attribute": attribute}, "Operator": "CONTAINS", "Values": [value]}
    return {"Filters": {"Include": [{"StringExpression": expression}]}}


QUESTIONS: list[dict[str, Any]] = [
    {},
    contains("SUBJECT", "minutes"),
    contains("SUBJECT", "no 1"),
    contains("FROM", "chair@legal"),
    contains("TO", "secretary"),
    contains("CC", "über"),
    contains("ENVELOPE_TO", "corp"),
    contains("ENVELOPE_FROM", "bounce"),
    {
        "Filters": {
            "Include": [{"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": "IS_TRUE"}}]
        }
    },
]


def mail(name: str, number: int) -> bytes:
    attached = {"Content_Type": "text/plain; name=list.txt"} if number % 3 == 0 else {}
    return eml(
        From=f"chair@{name}.example",
        To="secretary@corp.example, all@corp.example",
        Cc="=?utf-8?q?=C3=9Cber?= <x@y.example>",
        Return_Path="<bounce@list.example>",
        Delivered_To="archive@corp.example",
        Subject=f"Minutes no {number} of {name}",
        Date=(FIRST + timedelta(hours=17 * number)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
        Message_ID=f"<{number}@{name}.example>",
        body=f"Only {name} may read this, number {number}.\n" * (1 + number % 9 * 12),
        **attached,
    )


def fill(store: Store) -> None:
    """Two archives with mail, tags, searches of all states, an export that has ended and one that has not."""
    clock = iter(range(1_760_000_000, 1_770_000_000, 10))
    local = Local(store, str, search_seconds=1, clock=lambda: float(next(clock)), exporter=Waits())
    for name in ("legal", "board"):
        archive_id = keeping_archive(local, name, Tags=[{"Key": "team", "Value": name}])
        archive = store.archive(archive_id)
        assert archive is not None
        given = Known(
            f"given-by-another-{name}", 1_749_000_000.25, {"IngressPointId": "inp-1"}, {"From": "a@b.example"}
        )
        put_in = [describe(mail(name, number), archive_id, 0) for number in range(16)]
        store.add_messages(archive, [*put_in, describe(mail(name, 17), archive_id, 0, known=given)])
        for question in QUESTIONS[:4]:
            searches.start_archive_search(local, {"ArchiveId": archive_id, **MONTH, "MaxResults": 100, **question})
        running = searches.start_archive_search(local, {"ArchiveId": archive_id, **MONTH, "MaxResults": 5})
        with store.writing() as db:
            store.cancel_search(db, running["SearchId"], 1_760_000_000.5)
        start_export_of_all(local, archive_id, f"s3://evidence/{name}")
        (export,) = local.exports.unfinished()
        local.exports.begin(export, store.find(searches.query_of(archive.number, MONTH), 5))
        local.exports.advance(export, 2)
        if name == "legal":
            local.exports.end(export, "FAILED", 1_760_000_001.5, "There is no bucket evidence.")


@pytest.fixture(scope="module", params=["checkpointed", "with a log"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that nobody has open; what was written is in the database, or in the log beside it."""
    made = tmp_path_factory.mktemp("made") / "archive"
    copy = tmp_path_factory.mktemp("original") / "archive"
    with Store(made, create=True) as store:
        if request.param == "with a log":
            fill(store)
            shutil.copytree(made, copy)
        else:
            fill(store)
    if request.param == "checkpointed":
        shutil.copytree(made, copy)
        log_of(copy / DATABASE).unlink(missing_ok=True)
    (copy / f"{DATABASE}-shm").unlink(missing_ok=True)
    return copy


def answers(folder: Path) -> dict[str, Any]:
    """All that the folder answers, but for what is new each time."""
    with Store(folder, looking=True) as store:
        local = Local(store, str, search_seconds=0, clock=lambda: 1_800_000_000.0)
        said: dict[str, Any] = {"keys": (store.link_key, store.credentials)}

        def ask(operation: Callable[[Local, dict[str, Any]], Any], **request: Any) -> Any:
            key = f"{operation.__name__} {sorted(request.items())}"
            try:
                said[key] = operation(local, request)
            except ApiError as error:
                said[key] = str(error)
            return said[key]

        for archive in ask(archives.list_archives)["Archives"]:
            archive_id = archive["ArchiveId"]
            ask(archives.get_archive, ArchiveId=archive_id)
            ask(tags.list_tags_for_resource, ResourceArn=archive_arn(local.region, archive_id))
            for each in ask(exports.list_archive_exports, ArchiveId=archive_id).get("Exports", []):
                ask(exports.get_archive_export, ExportId=each["ExportId"])
                export = local.exports.find(each["ExportId"])
                assert export is not None
                said[f"next of {each['ExportId']}"] = local.exports.next_keys(export, 10)
            for each in ask(searches.list_archive_searches, ArchiveId=archive_id).get("Searches", []):
                ask(searches.get_archive_search, SearchId=each["SearchId"])
                ask(searches.get_archive_search_results, SearchId=each["SearchId"])
            for number, question in enumerate(QUESTIONS):
                record = store.archive(archive_id)
                assert record is not None
                found = store.find(searches.query_of(record.number, MONTH | question), 1_000)
                said[f"{archive_id} {number}"] = (found, store.rows(found))
                for key in found:
                    said[f"message {key}"] = [*said_of(local, key)]
    return said


def said_of(local: Local, key: int) -> Iterator[Any]:
    message = local.store.message_with_key(key)
    assert message is not None
    yield message, json.loads(message.metadata)
    yield local.store.message(message.archived_message_id)
    yield local.store.raw_message(key)
    yield messages.get_archive_message_content(local, {"ArchivedMessageId": message.archived_message_id})


def is_found(folder: Path) -> bool:
    """Whether `verify` finds that something is wrong."""
    try:
        with Store(folder, looking=True) as store:
            return not check(store, Reader(message_id_of)).is_whole
    except StoreError:
        return True


def places(folder: Path, count: int, chance: random.Random) -> Iterator[tuple[Path, int]]:
    """Places to flip: of each file as it is long, and of its first bytes every fourth time."""
    files = [path for path in (folder / DATABASE, log_of(folder / DATABASE)) if path.exists() and path.stat().st_size]
    sizes = [path.stat().st_size for path in files]
    for number in range(count):
        (path,) = chance.choices(files, sizes)
        yield path, number // 4 % 100 if number % 4 == 0 else chance.randrange(path.stat().st_size)


def flip_and_look(original: Path, folder: Path, right: dict[str, Any], count: int, seed: int) -> tuple[int, list[str]]:
    """How many flips are found, and those that are not and change an answer."""
    chance = random.Random(seed)
    shutil.copytree(original, folder, dirs_exist_ok=True)
    pristine = {path.name: path.read_bytes() for path in original.iterdir()}
    unseen, found = [], 0
    for path, place in places(original, count, chance):
        for other in folder.iterdir():
            other.unlink()
        for name, content in pristine.items():
            (folder / name).write_bytes(content)
        data = bytearray(pristine[path.name])
        data[place] ^= chance.choice([1 << chance.randrange(8), chance.randrange(1, 256)])
        (folder / path.name).write_bytes(data)
        if is_found(folder):
            found += 1
            continue
        try:
            same = answers(folder) == right
        except (StoreError, ValueError, KeyError, sqlite3.Error, AssertionError) as error:
            same = False
            unseen.append(repr(error))
        if not same:
            unseen.append(f"{path.name} at {place:,}: {pristine[path.name][place]:#x} became {data[place]:#x}")
    return found, unseen


@pytest.mark.parametrize("times", [1, pytest.param(60, marks=pytest.mark.soak)])
def test_each_flipped_byte_is_found_or_changes_no_answer(original: Path, tmp_path: Path, times: int) -> None:
    flips = FLIPS[log_of(original / DATABASE).exists()] * times
    assert not is_found(original)
    right = answers(original)
    assert len(right) > 60
    found, unseen = flip_and_look(original, tmp_path / "archive", right, flips, seed=7)
    MEASURED.append(f"flipped bytes: {found:,} of {flips:,} found, {len(unseen)} that changed an answer not found")
    assert unseen == []
    assert found > flips // 3
