"""An export is killed at each of its steps, and goes on with the next process: nothing is lost, doubled, or half
there."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.local.context import Local
from mail_archive_server.local.exporting.delivery import Delivery, FolderDelivery, S3Delivery
from mail_archive_server.local.exporting.exporter import Exporter
from mail_archive_server.local.exporting.places import s3_client
from mail_archive_server.local.exports import start_archive_export
from mail_archive_server.local.importing.record import describe
from mail_archive_server.local.storage.store import Store
from tests.buckets import Bucket, folder_objects, s3_server
from tests.conftest import eml
from tests.folder import keeping_archive

MESSAGES = 60
"""More than are delivered between two looks at the database."""
KILLED = 77


class Waits:
    """Delivers nothing by itself."""

    def wake(self, local: Local) -> None:
        pass


def archive_with_an_export(folder: Path, location: str) -> dict[str, bytes]:
    """An archive with an export that nobody has begun with; returns what is to arrive, by key."""
    from datetime import UTC, datetime

    with Store(folder, create=True) as store:
        local = Local(store, str, exporter=Waits())
        archive_id = keeping_archive(local, "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        raws = [eml(From="a@b.example", Subject=f"number {n}") for n in range(MESSAGES)]
        messages = [describe(raw, archive_id, 1_700_000_000 + n) for n, raw in enumerate(raws)]
        store.add_messages(archive, messages)
        request: dict[str, Any] = {
            "ArchiveId": archive_id,
            "FromTimestamp": datetime(2023, 1, 1, tzinfo=UTC),
            "ToTimestamp": datetime(2024, 1, 1, tzinfo=UTC),
            "ExportDestinationConfiguration": {"S3": {"S3Location": location}},
            "IncludeMetadata": True,
        }
        start_archive_export(local, request)
        expected = {}
        for message in messages:
            name = message.archived_message_id
            beside = {"ArchivedMessageId": name, **json.loads(message.metadata)}
            expected[f"case/{name}.eml"] = message.raw
            expected[f"case/{name}.json"] = json.dumps(beside, ensure_ascii=False).encode()
    return expected


def deliver(folder: Path, delivery: Delivery, kill_at: int) -> None:
    """Deliver what there is; the process ends without a word at step number `kill_at`."""
    lock, count = threading.Lock(), 0

    def report(step: str) -> None:
        nonlocal count
        with lock:
            if count == kill_at:
                os._exit(KILLED)
            count += 1

    with Store(folder) as store:
        Exporter(lambda: delivery, report).run(Local(store, str))


class EndsWithin(FolderDelivery):
    """Ends the process in the middle of writing an object."""

    def __init__(self, folder: Path, object_number: int) -> None:
        super().__init__(folder)
        self._left = object_number

    def _write_part(self, location: Any, name: str, body: bytes) -> Path:
        if self._left == 0:
            super()._write_part(location, name, body[: len(body) // 2])
            os._exit(KILLED)
        self._left -= 1
        return super()._write_part(location, name, body)


def main(folder: str, where: str, kill_at: str) -> None:
    if where.startswith("http"):
        deliver(Path(folder), S3Delivery(s3_client(where, "test", "test")), int(kill_at))
    elif kill_at.startswith("within:"):
        deliver(Path(folder), EndsWithin(Path(where), int(kill_at.removeprefix("within:"))), -1)
    else:
        deliver(Path(folder), FolderDelivery(Path(where)), int(kill_at))


def run(folder: Path, where: str, kill_at: int | str) -> int:
    code = "import sys; from tests.local.exporting.test_kills import main; main(*sys.argv[1:])"
    words = [sys.executable, "-c", code, str(folder), where, str(kill_at)]
    return subprocess.run(words, check=False, timeout=60, cwd=Path(__file__).parents[3]).returncode


def state_of(folder: Path) -> tuple[str, int]:
    with Store(folder) as store, store.reading() as db:
        (found,) = db.execute("SELECT state, delivered FROM export")
    return str(found[0]), int(found[1])


def steps_of(folder: Path, delivery: Delivery) -> list[str]:
    """The steps of an export that nobody kills."""
    steps: list[str] = []
    with Store(folder) as store:
        Exporter(lambda: delivery, steps.append).run(Local(store, str))
    return steps


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


def killed_everywhere(tmp_path: Path, where: str, objects: Any, kill_points: list[int | str]) -> None:
    folder = tmp_path / "archive"
    expected = archive_with_an_export(folder, "s3://evidence/case")
    for kill_at in kill_points:
        assert run(folder, where, kill_at) in (KILLED, 0)
        # What arrived is whole, and is part of the export.
        there = {key: body for key, body in objects().items() if not key.rpartition("/")[2].startswith(".")}
        assert there.items() <= expected.items()
    assert run(folder, where, -1) == 0
    assert objects() == expected
    assert state_of(folder) == ("COMPLETED", MESSAGES)


@pytest.mark.slow
def test_each_step_can_be_the_last_in_a_folder(tmp_path: Path) -> None:
    buckets = tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    other = tmp_path / "other"
    archive_with_an_export(other, "s3://evidence/case")
    steps = steps_of(other, FolderDelivery(buckets))
    assert steps[:4] == ["prepare", "check", "select", "begin"] and steps[-2:] == ["complete", "ended"]
    assert len(steps) == 2 * MESSAGES + 4 + 2 + 2
    for path in (buckets / "evidence" / "case").iterdir():
        path.unlink()
    # Each of the first and last steps, and some of those between; then within an object.
    points: list[int | str] = [*range(6), *range(6, 100, 13), *(f"within:{n}" for n in (0, 1, 7)), len(steps) - 1]
    killed_everywhere(tmp_path, str(buckets), lambda: folder_objects(buckets / "evidence"), points)


@pytest.mark.slow
def test_each_step_can_be_the_last_on_a_real_s3_server(tmp_path: Path, s3: str) -> None:
    bucket = Bucket(s3, "evidence")
    killed_everywhere(tmp_path, s3, bucket.objects, [0, 1, 2, 3, 4, 5, 40, 104, 105])


def test_an_export_that_was_stopped_while_nobody_delivered_is_ended_by_the_next(tmp_path: Path) -> None:
    folder, buckets = tmp_path / "archive", tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    archive_with_an_export(folder, "s3://evidence/case")
    assert run(folder, str(buckets), 20) == KILLED
    with Store(folder) as store:
        local = Local(store, str)
        local.exports.ask_to_stop(local.exports.unfinished()[0], 1.0)
        Exporter(lambda: FolderDelivery(buckets)).run(local)
    assert state_of(folder)[0] == "CANCELLED"


def test_two_processes_deliver_one_export_once(tmp_path: Path) -> None:
    folder, buckets = tmp_path / "archive", tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    expected = archive_with_an_export(folder, "s3://evidence/case")
    words = "import sys; from tests.local.exporting.test_kills import main; main(*sys.argv[1:])"
    both = [
        subprocess.Popen([sys.executable, "-c", words, str(folder), str(buckets), "-1"], cwd=Path(__file__).parents[3])
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert folder_objects(buckets / "evidence") == expected
    assert state_of(folder) == ("COMPLETED", MESSAGES)
