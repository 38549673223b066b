"""The export operations of a local archive, as a boto3 client meets them: states, limits, what arrives, what fails."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mail_archive_local.context import Local
from mail_archive_local.doors.bridge import attach
from mail_archive_local.exporting.delivery import Delivery, DeliveryFailed, FolderDelivery, S3Delivery
from mail_archive_local.exporting.exporter import Exporter
from mail_archive_local.storage.store import Store
from mail_archive_tools.service.buckets import Location
from tests.buckets import YEAR, Bucket, destination, ended, folder_objects, s3_server
from tests.conftest import Sample
from tests.folder import refused
from tests.pace import HANGS


class Exporting:
    """A local archive with a boto3 client before it, whose exports are delivered somewhere."""

    def __init__(self, folder: Path, archive_id: str, delivery: Delivery) -> None:
        self.store, self.archive_id = Store(folder), archive_id
        self.local = Local(self.store, str, search_seconds=0, exporter=Exporter(lambda: delivery))
        self.client = client_of(self.local)

    def start(self, location: str = "s3://evidence/case", **more: Any) -> str:
        request = {**YEAR, "ExportDestinationConfiguration": destination(location), **more}
        return str(self.client.start_archive_export(ArchiveId=self.archive_id, **request)["ExportId"])

    def refusal(self, **more: Any) -> tuple[str, str]:
        request = {**YEAR, "ExportDestinationConfiguration": destination("s3://evidence/case"), **more}
        return refused(self.client.start_archive_export, **{"ArchiveId": self.archive_id, **request})


def client_of(local: Local) -> Any:
    import boto3

    key, secret = local.store.credentials
    client = boto3.client(
        "mailmanager", "us-east-1", aws_access_key_id=key, aws_secret_access_key=secret, endpoint_url="http://x"
    )
    attach(client, local)
    return client


class HeldDelivery(FolderDelivery):
    """A folder of buckets that lets one object in, and holds the next until it is told to go on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go_on = threading.Event()
        self.reached = threading.Event()

    def put(self, location: Location, name: str, body: bytes) -> None:
        super().put(location, name, body)
        self.reached.set()
        self.go_on.wait(HANGS)


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    return tmp_path / "buckets"


@pytest.fixture
def exporting(own_sample: Sample, buckets: Path) -> Exporting:
    return Exporting(own_sample.folder, own_sample.archive_id, FolderDelivery(buckets))


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


def stored(exporting: Exporting) -> dict[str, bytes]:
    """The raw messages of the archive by their ids."""
    with exporting.store.reading() as db:
        return dict(db.execute("SELECT m.archived_message_id, r.bytes FROM message m JOIN raw r USING (id)"))


def test_each_message_is_an_object_with_its_bytes(exporting: Exporting, buckets: Path) -> None:
    export = ended(exporting.client, exporting.start())
    assert export["Status"]["State"] == "COMPLETED"
    assert export["Status"]["CompletionTimestamp"] >= export["Status"]["SubmissionTimestamp"]
    messages = stored(exporting)
    assert len(messages) == 300
    assert folder_objects(buckets) == {f"evidence/case/{name}.eml": raw for name, raw in messages.items()}


def test_an_export_says_what_it_was_asked(exporting: Exporting) -> None:
    condition = {"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": "IS_TRUE"}}
    asked: dict[str, Any] = {"Filters": {"Include": [condition]}, "MaxResults": 7}
    export = ended(exporting.client, exporting.start(**asked, IncludeMetadata=True))
    assert export["ArchiveId"] == exporting.archive_id
    assert {name: export[name] for name in asked} == asked
    assert export["ExportDestinationConfiguration"] == destination("s3://evidence/case")
    assert export["FromTimestamp"].isoformat() == "2025-01-01T00:00:00+00:00"


def test_metadata_stands_beside_each_message(exporting: Exporting, buckets: Path) -> None:
    ended(exporting.client, exporting.start(MaxResults=5, IncludeMetadata=True))
    objects = folder_objects(buckets / "evidence" / "case")
    ids = {name.removesuffix(".eml") for name in objects if name.endswith(".eml")}
    assert len(ids) == 5 and set(objects) == {f"{each}{kind}" for each in ids for kind in (".eml", ".json")}
    for each in ids:
        beside = json.loads(objects[f"{each}.json"])
        message = exporting.store.message(each)
        assert message is not None
        assert beside == {"ArchivedMessageId": each, **json.loads(message.metadata)}


def test_filters_and_the_limit_choose_the_newest(exporting: Exporting, buckets: Path) -> None:
    condition = {"Evaluate": {"Attribute": "FROM"}, "Operator": "CONTAINS", "Values": ["mara@"]}
    filters = {"Include": [{"StringExpression": condition}]}
    ended(exporting.client, exporting.start(Filters=filters, MaxResults=3))
    with exporting.store.reading() as db:
        rows = [json.loads(row) for (row,) in db.execute("SELECT api_row FROM message ORDER BY id DESC")]
    newest = [row["ArchivedMessageId"] for row in rows if "mara@" in row["From"]][:3]
    assert len(newest) == 3
    assert set(folder_objects(buckets)) == {f"evidence/case/{each}.eml" for each in newest}


def test_exports_are_listed_newest_first_in_pages(exporting: Exporting) -> None:
    ids = []
    for _ in range(3):
        ids.append(exporting.start(MaxResults=1))
        ended(exporting.client, ids[-1])
    paginator = exporting.client.get_paginator("list_archive_exports")
    pages = list(paginator.paginate(ArchiveId=exporting.archive_id, PaginationConfig={"PageSize": 2}))
    assert [each["ExportId"] for page in pages for each in page["Exports"]] == ids[::-1]
    assert [len(page["Exports"]) for page in pages] == [2, 1]
    assert all(each["Status"]["State"] == "COMPLETED" for page in pages for each in page["Exports"])


def test_one_export_runs_at_a_time_and_can_be_stopped(own_sample: Sample, buckets: Path) -> None:
    delivery = HeldDelivery(buckets)
    exporting = Exporting(own_sample.folder, own_sample.archive_id, delivery)
    export_id = exporting.start()
    assert delivery.reached.wait(HANGS)
    code, message = exporting.refusal()
    assert code == "ServiceQuotaExceededException" and export_id in message
    assert exporting.client.get_archive_export(ExportId=export_id)["Status"]["State"] == "PROCESSING"

    exporting.client.stop_archive_export(ExportId=export_id)
    delivery.go_on.set()
    status = ended(exporting.client, export_id)["Status"]
    assert status["State"] == "CANCELLED" and "CompletionTimestamp" in status and "ErrorMessage" not in status
    assert 1 <= len(folder_objects(buckets)) < 300
    exporting.client.stop_archive_export(ExportId=export_id)
    assert exporting.client.get_archive_export(ExportId=export_id)["Status"] == status
    assert ended(exporting.client, exporting.start("s3://evidence/next"))["Status"]["State"] == "COMPLETED"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"ArchiveId": "a-none"}, "ResourceNotFoundException", "a-none"),
        ({"MaxResults": 250_001}, "ValidationException", "250000"),
        ({"MaxResults": 0}, "ValidationException", "250000"),
        ({"ToTimestamp": "2024-01-01T00:00:00Z"}, "ValidationException", "before"),
        ({"ExportDestinationConfiguration": destination("s3://ab")}, "ValidationException", "pattern"),
        ({"ExportDestinationConfiguration": destination("https://evidence/")}, "ValidationException", "pattern"),
        ({"ExportDestinationConfiguration": {"S3": {}}}, "ValidationException", "S3Location"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    exporting: Exporting, buckets: Path, more: dict[str, Any], code: str, words: str
) -> None:
    found, message = exporting.refusal(**more)
    assert (found, words in message) == (code, True), message
    assert folder_objects(buckets) == {} and exporting.local.exports.unfinished() == []


def test_ids_that_are_not_there_are_told(exporting: Exporting) -> None:
    for operation in (exporting.client.get_archive_export, exporting.client.stop_archive_export):
        assert refused(operation, ExportId="nothing")[0] == "ValidationException"
    assert refused(exporting.client.list_archive_exports, ArchiveId="a-none")[0] == "ResourceNotFoundException"


def test_an_archive_that_is_pending_deletion_is_not_exported(exporting: Exporting) -> None:
    exporting.client.delete_archive(ArchiveId=exporting.archive_id)
    assert exporting.refusal()[0] == "ValidationException"


def test_without_a_destination_of_its_own_the_archive_says_what_it_needs(own_sample: Sample, buckets: Path) -> None:
    exporting = Exporting(own_sample.folder, own_sample.archive_id, FolderDelivery(buckets))
    exporting.client = client_of(Local(exporting.store, str))
    code, message = exporting.refusal()
    assert code == "ValidationException" and "--export-folder" in message


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("s3://nothere/x", "There is no bucket nothere"),
        ("s3://evidence/../../out", "begins with a dot"),
        ("s3://evidence/./out", "begins with a dot"),
        ("s3://.../out", "begins with a dot"),
    ],
)
def test_an_export_that_cannot_be_delivered_fails_with_its_cause(
    exporting: Exporting, buckets: Path, location: str, words: str
) -> None:
    status = ended(exporting.client, exporting.start(location))["Status"]
    assert status["State"] == "FAILED" and words in status["ErrorMessage"]
    assert folder_objects(buckets.parent / "buckets") == {}
    assert not (buckets.parent / "out").exists()


def test_an_archive_that_is_deleted_meanwhile_ends_its_export(own_sample: Sample, buckets: Path) -> None:
    delivery = HeldDelivery(buckets)
    exporting = Exporting(own_sample.folder, own_sample.archive_id, delivery)
    export_id = exporting.start()
    assert delivery.reached.wait(HANGS)
    exporting.client.delete_archive(ArchiveId=exporting.archive_id)
    delivery.go_on.set()
    status = ended(exporting.client, export_id)["Status"]
    assert status["State"] == "FAILED" and "The archive was deleted" in status["ErrorMessage"]


def test_a_real_s3_server_gets_the_same(own_sample: Sample, s3: str) -> None:
    bucket = Bucket(s3, "evidence")
    exporting = Exporting(own_sample.folder, own_sample.archive_id, S3Delivery(bucket.client))
    assert ended(exporting.client, exporting.start())["Status"]["State"] == "COMPLETED"
    messages = stored(exporting)
    assert bucket.objects() == {f"case/{name}.eml": raw for name, raw in messages.items()}
    # What tries whether it can be written changes nothing.
    S3Delivery(bucket.client).check(Location("evidence", "other"))
    assert not [key for key in bucket.objects() if not key.startswith("case/")]


def test_a_bucket_that_is_not_there_fails_the_export(own_sample: Sample, s3: str) -> None:
    client = Bucket(s3, "another").client
    exporting = Exporting(own_sample.folder, own_sample.archive_id, S3Delivery(client))
    status = ended(exporting.client, exporting.start("s3://missing/x"))["Status"]
    assert status["State"] == "FAILED" and "there is no such bucket" in status["ErrorMessage"]


def test_an_s3_server_that_is_gone_fails_the_export(own_sample: Sample) -> None:
    with s3_server() as url:
        client = Bucket(url, "evidence").client
    delivery = S3Delivery(client)
    with pytest.raises(DeliveryFailed, match="Nothing can be written to s3://evidence"):
        delivery.put(Location("evidence", ""), "x.eml", b"")
    exporting = Exporting(own_sample.folder, own_sample.archive_id, delivery)
    status = ended(exporting.client, exporting.start())["Status"]
    assert status["State"] == "FAILED" and "s3://evidence/case" in status["ErrorMessage"]
