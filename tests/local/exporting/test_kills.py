"""An export is killed at each of its steps, and goes on with the next process: nothing is lost, doubled, or half
there."""

import itertools
import json
import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mail_archive_local.context import Local
from mail_archive_local.exporting.delivery import Delivery, FolderDelivery, S3Delivery
from mail_archive_local.exporting.exporter import Exporter
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_local.wire.s3 import s3_client
from mail_archive_tools.service.buckets import Location
from tests.buckets import Bucket, Waits, folder_objects, s3_server, start_export_of_all
from tests.conftest import eml
from tests.folder import keeping_archive
from tests.pace import HANGS

MESSAGES, CHUNK = 5, 2
"""Few, so that a process can be killed at every step there is: three looks at the database, the last at one message."""
KILLED = 77


def archive_with_an_export(folder: Path, location: str) -> dict[str, bytes]:
    """An archive with an export that nobody has begun with; returns what is to arrive, by name."""
    with Store(folder, create=True) as store:
        local = Local(store, str, exporter=Waits())
        archive_id = keeping_archive(local, "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        raws = [eml(From="a@b.example", Subject=f"number {n}") for n in range(MESSAGES)]
        messages = [describe(raw, archive_id, 1_700_000_000 + n) for n, raw in enumerate(raws)]
        store.add_messages(archive, messages)
        start_export_of_all(local, archive_id, location)
    expected: dict[str, bytes] = {}
    for message in messages:
        name = message.archived_message_id
        beside = {"ArchivedMessageId": name, **json.loads(message.metadata)}
        expected |= {f"{name}.eml": message.raw, f"{name}.json": json.dumps(beside, ensure_ascii=False).encode()}
    return expected


def deliver(folder: Path, delivery: Delivery, kill_at: int = -1) -> None:
    """Deliver what there is; the process ends without a word at step number `kill_at`."""
    lock, count = threading.Lock(), itertools.count()

    def report(step: str) -> None:
        with lock:
            if next(count) == kill_at:
                os._exit(KILLED)

    with Store(folder) as store:
        Exporter(lambda: delivery, report, CHUNK).run(Local(store, str))


class EndsWithin(FolderDelivery):
    """Ends the process in the middle of writing an object."""

    def __init__(self, folder: Path, object_number: int) -> None:
        super().__init__(folder)
        self._object_number = object_number
        self._numbers = itertools.count()

    def _write_part(self, location: Location, name: str, body: bytes) -> Path:
        if next(self._numbers) == self._object_number:
            super()._write_part(location, name, body[: len(body) // 2])
            os._exit(KILLED)
        return super()._write_part(location, name, body)


def delivery_to(where: str) -> Delivery:
    return S3Delivery(s3_client(where, "test", "test")) if where.startswith("http") else FolderDelivery(Path(where))


def main(folder: str, where: str, kill_at: str) -> None:
    if kill_at.startswith("within:"):
        deliver(Path(folder), EndsWithin(Path(where), int(kill_at.removeprefix("within:"))))
    else:
        deliver(Path(folder), delivery_to(where), int(kill_at))


def run(folder: Path, where: str, kill_at: int | str) -> int:
    """Deliver in a process of its own; returns what it ended with."""
    return ended(start(folder, where, kill_at))


def start(folder: Path, where: str, kill_at: int | str) -> multiprocessing.process.BaseProcess:
    # From a process that has loaded everything and has no threads: a new one each time would take seconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tests.local.exporting.warm_s3"])
    process = context.Process(target=main, args=(str(folder), where, str(kill_at)))
    process.start()
    return process


def ended(process: multiprocessing.process.BaseProcess) -> int:
    process.join(HANGS)
    assert process.exitcode is not None, "it has not ended"
    return process.exitcode


def state_of(folder: Path) -> tuple[str, int]:
    with Store(folder) as store, store.reading() as db:
        (found,) = db.execute("SELECT state, delivered FROM export")
    return str(found[0]), int(found[1])


BEFORE, AFTER = ["prepare", "check", "select", "begin"], ["complete", "ended"]
STEPS = len(BEFORE) + 2 * MESSAGES + math.ceil(MESSAGES / CHUNK) + len(AFTER)


def test_the_steps_are_all_there_are(tmp_path: Path) -> None:
    """What is killed at each of STEPS is killed everywhere."""
    buckets, steps = tmp_path / "buckets", list[str]()
    (buckets / "evidence").mkdir(parents=True)
    expected = archive_with_an_export(tmp_path / "archive", "s3://evidence/case")
    with Store(tmp_path / "archive") as store:
        Exporter(lambda: FolderDelivery(buckets), steps.append, CHUNK).run(Local(store, str))
    assert len(steps) == STEPS
    assert steps[: len(BEFORE)] == BEFORE and steps[-len(AFTER) :] == AFTER
    puts = [step.removeprefix("put ") for step in steps if step.startswith("put ")]
    assert sorted(puts) == sorted(expected)


def assert_each_can_be_the_last(
    tmp_path: Path, where: str, objects: Callable[[str], dict[str, bytes]], kill_points: Iterable[int | str]
) -> None:
    """An export whose process is killed at any one of these points arrives by the next process."""
    delivery = delivery_to(where)
    for kill_at in kill_points:
        # A location of its own: what arrives there is this export's.
        name = f"{kill_at}".replace(":", "-")
        folder, prefix = tmp_path / f"archive-{name}", f"at-{name}"
        expected = archive_with_an_export(folder, f"s3://evidence/{prefix}")
        assert run(folder, where, kill_at) == KILLED
        # What has arrived is whole, and is part of the export.
        assert below(prefix, objects(prefix), hidden=False).items() <= expected.items()
        deliver(folder, delivery)
        assert below(prefix, objects(prefix)) == expected
        assert state_of(folder) == ("COMPLETED", MESSAGES)


def below(prefix: str, objects: dict[str, bytes], hidden: bool = True) -> dict[str, bytes]:
    """The objects of a location, `hidden` ones too: those that are being written."""
    found = {key.removeprefix(f"{prefix}/"): body for key, body in objects.items() if key.startswith(f"{prefix}/")}
    return {key: body for key, body in found.items() if hidden or not key.startswith(".")}


@pytest.mark.slow
def test_each_step_can_be_the_last_in_a_folder(tmp_path: Path) -> None:
    buckets = tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    within = [f"within:{n}" for n in range(2 * MESSAGES)]
    assert_each_can_be_the_last(
        tmp_path, str(buckets), lambda _: folder_objects(buckets / "evidence"), [*range(STEPS), *within]
    )


@pytest.mark.slow
def test_each_step_can_be_the_last_on_a_real_s3_server(tmp_path: Path) -> None:
    with s3_server() as url:
        assert_each_can_be_the_last(tmp_path, url, Bucket(url, "evidence").objects, range(STEPS))


def test_an_export_that_was_stopped_while_nobody_delivered_is_ended_by_the_next(tmp_path: Path) -> None:
    folder, buckets = tmp_path / "archive", tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    archive_with_an_export(folder, "s3://evidence/case")
    assert run(folder, str(buckets), 9) == KILLED
    with Store(folder) as store:
        local = Local(store, str)
        local.exports.ask_to_stop(local.exports.unfinished()[0], 1.0)
        Exporter(lambda: FolderDelivery(buckets), chunk_messages=CHUNK).run(local)
    assert state_of(folder)[0] == "CANCELLED"


def test_two_processes_deliver_one_export_once(tmp_path: Path) -> None:
    folder, buckets = tmp_path / "archive", tmp_path / "buckets"
    (buckets / "evidence").mkdir(parents=True)
    expected = archive_with_an_export(folder, "s3://evidence/case")
    both = [start(folder, str(buckets), -1) for _ in range(2)]
    assert [ended(process) for process in both] == [0, 0]
    assert below("case", folder_objects(buckets / "evidence")) == expected
    assert state_of(folder) == ("COMPLETED", MESSAGES)
