"""Exports read back: whatever objects are called and however packed, message, metadata and envelope come back."""

import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_archive_local.context import Local
from mail_archive_local.importing.beside import records_of
from mail_archive_local.importing.importer import import_export, import_mail
from mail_archive_local.importing.packed import Unpacked, unpacked
from mail_archive_local.importing.places import FolderPlace, S3Place, holds_export
from mail_archive_local.importing.tally import ImportTally
from mail_archive_local.operations.archives import get_archive
from mail_archive_local.storage.integrity.checking import Reader, check
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_local.storage.store import Store
from mail_archive_tools.service.buckets import Location
from tests.buckets import Bucket, s3_server
from tests.conftest import Sample, eml
from tests.folder import keeping_archive
from tests.tools.files import zipped

BESIDE: dict[str, Any] = {
    "ArchivedMessageId": "given-by-aws-0001",
    "Metadata": {
        "Timestamp": 1_748_772_000.25,
        "IngressPointId": "inp-1",
        "SenderIpAddress": "192.0.2.9",
        "TlsProtocol": "TLSv1.3",
        "SourceArn": "arn:aws:ses:eu-west-1:111111111111:mailmanager-rule-set/rs-1",
    },
    "Envelope": {"Helo": "mx.b.example", "From": "bounce@b.example", "To": ["x@corp.example", "y@corp.example"]},
}
RAW = eml(From="a@b.example", To="x@corp.example", Subject="Minutes", Message_ID="<1@b.example>")


def written(folder: Path, objects: dict[str, bytes]) -> Path:
    for name, content in objects.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


class Target:
    """A new local archive to read an export into."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, create=True)
        found = self.store.archive(keeping_archive(Local(self.store, str), "copy"))
        assert found is not None
        self.archive = found

    def read(self, folder: Path) -> ImportTally:
        return import_export(self.store, self.archive, FolderPlace(folder))

    def messages(self) -> list[dict[str, Any]]:
        """What GetArchiveMessage and a search's row say of each, by id."""
        with self.store.reading() as db:
            rows = db.execute("SELECT api_row, metadata FROM message ORDER BY archived_message_id").fetchall()
        return [{"Row": json.loads(row), **json.loads(metadata)} for row, metadata in rows]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    made = Target(tmp_path / "target")
    yield made
    made.store.close()


JSON = json.dumps(BESIDE).encode()
LAYOUTS: dict[str, dict[str, bytes]] = {
    "side by side": {"m.eml": RAW, "m.json": JSON},
    "names that say nothing": {"0001": RAW, "0001.x": JSON},
    "the wrong names": {"m.json": RAW, "m.eml": JSON},
    "gzip": {"m.eml.gz": gzip.compress(RAW), "m.json.gz": gzip.compress(JSON)},
    "a zip with others": {
        "all.zip": zipped({"a/m": RAW, "a/m.meta": JSON, "a/n.meta": b'{"Metadata": {"IngressPointId": "inp-2"}}'})
    },
    "a zip of both": {"all.zip": zipped({"a/m": RAW, "a/m.meta": JSON})},
    "a zip in gzip": {"all": gzip.compress(zipped({"m": RAW, "m.meta": JSON}))},
    "JSON elsewhere, before": {
        "a/metadata": json.dumps({**BESIDE, "MessageId": "<1@b.example>"}).encode(),
        "b/m.eml": RAW,
    },
    "JSON elsewhere, after": {
        "b/m.eml": RAW,
        "z/metadata": json.dumps({**BESIDE, "MessageId": "<1@b.example>"}).encode(),
    },
    "one JSON of many, in lines": {
        "a/all": b"\n".join(
            json.dumps(each).encode()
            for each in ({"MessageId": "<2@b.example>", "Metadata": {}}, {**BESIDE, "MessageId": "<1@b.example>"})
        ),
        "b/m.eml": RAW,
    },
    "other spellings": {
        "m": RAW,
        "m.j": json.dumps(
            {
                "archived_message_id": "given-by-aws-0001",
                "metadata": {
                    "timestamp": "2025-06-01T10:00:00.250Z",
                    **{
                        name[0].lower() + name[1:]: text
                        for name, text in BESIDE["Metadata"].items()
                        if name != "Timestamp"
                    },
                },
                "envelope": {name.lower(): value for name, value in BESIDE["Envelope"].items()},
            }
        ).encode(),
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_message_comes_back_with_all_that_was_known_of_it(target: Target, tmp_path: Path, layout: str) -> None:
    tally = target.read(written(tmp_path / "export", LAYOUTS[layout]))
    (message,) = target.messages()
    row = message.pop("Row")
    assert message == {"Metadata": BESIDE["Metadata"], "Envelope": BESIDE["Envelope"]}
    assert row["ArchivedMessageId"] == "given-by-aws-0001" and row["ReceivedTimestamp"] == 1_748_772_000.25
    assert row["Envelope"] == BESIDE["Envelope"] and row["SenderIpAddress"] == "192.0.2.9"
    assert row["Subject"] == "Minutes" and "SenderHostname" not in row
    assert tally.seen >= 1 and check(target.store, Reader(message_id_of)).is_whole
    again = target.read(tmp_path / "export")
    assert (again.added, again.known_objects) == (0, len(LAYOUTS[layout]))


def test_an_export_of_the_archive_comes_back_field_by_field(own_sample: Sample, target: Target, tmp_path: Path) -> None:
    objects = {}
    with Store(own_sample.folder) as store, store.reading() as db:
        sql = "SELECT m.archived_message_id, m.api_row, m.metadata, r.bytes FROM message m JOIN raw r USING (id)"
        rows = db.execute(f"{sql} ORDER BY m.archived_message_id").fetchall()
    for name, _, metadata, raw in rows:
        objects[f"{name}.eml"] = raw
        objects[f"{name}.json"] = json.dumps({"ArchivedMessageId": name, **json.loads(metadata)}).encode()
    tally = target.read(written(tmp_path / "export", objects))
    assert (tally.added, tally.skips) == (300, 0)
    expected = [{"Row": json.loads(row), **json.loads(metadata)} for _, row, metadata, _ in rows]
    assert target.messages() == expected


def test_without_metadata_a_message_is_described_by_itself(target: Target, tmp_path: Path) -> None:
    target.read(written(tmp_path / "export", {"m": RAW, "n": RAW.replace(b"<1@", b"<2@")}))
    rows = [message["Row"] for message in target.messages()]
    assert sorted(row["MessageId"] for row in rows) == ["<1@b.example>", "<2@b.example>"]
    assert {row["ArchivedMessageId"] for row in rows} == {
        message_id_of(raw, target.archive.archive_id) for raw in (RAW, RAW.replace(b"<1@", b"<2@"))
    }


def created(target: Target) -> int:
    """When the archive was made, as its API says it, in whole seconds."""
    local = Local(target.store, str)
    return int(get_archive(local, {"ArchiveId": target.archive.archive_id})["CreatedTimestamp"])


@pytest.mark.parametrize("field", [b"", b"Date: Thu, 1 Jan 1970 00:00:00 +0000\n", b"Date: soon\n"])
def test_a_message_of_no_known_time_makes_its_archive_no_older(target: Target, tmp_path: Path, field: bytes) -> None:
    """It is received when it is imported."""
    made = int(target.archive.created)
    export = written(tmp_path / "export", {"0001": b"Subject: Undated\n" + field + b"\nSome day.\n"})
    assert target.read(export).added == 1
    assert created(target) == made

    dated = {"0002": b"Subject: Dated\nDate: Tue, 2 Apr 2019 10:00:00 +0000\n\nThat day.\n"}
    assert target.read(written(tmp_path / "another", dated)).added == 1
    assert created(target) == datetime(2019, 4, 2, 10, tzinfo=UTC).timestamp()


def test_an_object_may_be_an_mbox_of_many(target: Target, tmp_path: Path) -> None:
    quoted = RAW.replace(b"<1@", b"<2@").replace(b"Hello", b"From Bob: hello")
    mbox = b"From a Mon Jan  1 00:00:00 2024\n" + RAW + b"\nFrom b Mon Jan  1 00:00:00 2024\n"
    mbox += quoted.replace(b"From Bob", b">From Bob") + b"\n"
    tally = target.read(written(tmp_path / "export", {"0001": mbox, "0002.gz": gzip.compress(mbox)}))
    assert (tally.added, tally.already_there, tally.skips) == (2, 2, 0)
    with target.store.reading() as db:
        assert {raw for (raw,) in db.execute("SELECT bytes FROM raw")} == {RAW, quoted}


def test_what_was_put_in_before_gets_what_is_known_beside_it(target: Target, tmp_path: Path) -> None:
    import_mail(target.store, target.archive, [written(tmp_path / "mail", {"m.eml": RAW})])
    target.read(written(tmp_path / "export", {"m.eml": RAW, "m.json": JSON}))
    (message,) = target.messages()
    assert message["Row"]["ArchivedMessageId"] == "given-by-aws-0001"
    without_id = {name: value for name, value in BESIDE.items() if name != "ArchivedMessageId"}
    other = RAW.replace(b"<1@", b"<2@")
    import_mail(target.store, target.archive, [written(tmp_path / "more", {"n.eml": other})])
    target.read(written(tmp_path / "late", {"n.eml": other, "n.json": json.dumps(without_id).encode()}))
    assert len(target.messages()) == 2
    assert all(each["Metadata"]["IngressPointId"] == "inp-1" for each in target.messages())
    assert check(target.store, Reader(message_id_of)).is_whole


def test_an_id_that_another_archive_of_the_folder_has_is_not_taken_over(target: Target, tmp_path: Path) -> None:
    export = written(tmp_path / "export", {"m.eml": RAW, "m.json": JSON})
    target.read(export)
    second = target.store.archive(keeping_archive(Local(target.store, str), "second"))
    assert second is not None
    tally = import_export(target.store, second, FolderPlace(export))
    assert tally.added == 1
    ids = [message["Row"]["ArchivedMessageId"] for message in target.messages()]
    assert sorted(ids) == sorted(["given-by-aws-0001", message_id_of(RAW, second.archive_id)])
    assert check(target.store, Reader(message_id_of)).is_whole


def test_a_message_with_another_archives_id_is_checked_by_its_hash(target: Target, tmp_path: Path) -> None:
    target.read(written(tmp_path / "export", {"m.eml": RAW, "m.json": JSON}))
    with target.store.writing() as db:
        db.execute("UPDATE raw SET bytes = ?", (RAW + b"forged",))
    assert check(target.store, Reader(message_id_of)).damaged == ["given-by-aws-0001"]


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "no mail": (b"\x00\x01\x02 just bytes", "is neither mail nor JSON"),
    "broken JSON": (b'{"Metadata": ', "looks like JSON, and is none"),
    "deep JSON": (b"[" * 100_000, "looks like JSON, and is none"),
    "JSON of something else": (b'{"version": 3, "files": []}', "is JSON that says nothing of a message"),
    "cut gzip": (gzip.compress(RAW)[:-9], "is gzip that is cut off"),
    "damaged gzip": (gzip.compress(RAW)[:-8] + bytes(8), "is gzip that is damaged"),
    "a gzip bomb": (gzip.compress(b"\0" * 60_000_000), "holds more than a message may"),
    "damaged zip": (zipped({"m": RAW})[:40], "is a zip that is damaged"),
    "packed too often": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(RAW)))), "packed more than 3 times"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_message_is_named_and_the_rest_comes_in(target: Target, tmp_path: Path, name: str) -> None:
    content, words = BAD[name]
    tally = target.read(written(tmp_path / "export", {"a": RAW, "bad": content}))
    assert tally.added == 1 and tally.skips == 1
    assert words in tally.skipped[0].reason and tally.skipped[0].origin.endswith("bad")


def test_an_encrypted_member_is_named(target: Target, tmp_path: Path) -> None:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as packed:
        packed.setpassword(b"secret")
        packed.writestr("m.eml", RAW)
    tally = target.read(written(tmp_path / "export", {"a": RAW, "z.zip": buffer.getvalue()}))
    assert tally.added == 1
    assert [each.reason for each in tally.skipped] in (["is encrypted"], ["cannot be unpacked"])


NAMES = ["Metadata", "Envelope", "To", "From", "Timestamp", "ReceivedTimestamp", "MessageId", "x"]
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=30,
)
"""JSON as anybody may write it, with the members that records have."""


@settings(max_examples=300)
@given(DOCUMENTS)
def test_no_json_makes_a_record_that_cannot_be_kept(document: Any) -> None:
    for record in records_of(document):
        assert type(record).from_json(record.to_json()) == record
        assert record.second is None or 0 <= record.second < 1e12
        assert all(isinstance(text, str) for text in record.metadata.values())


@pytest.mark.parametrize("value", ["1" + "0" * 400, "-1" + "0" * 400, "1e999", "-1", "true", '"soon"', "NaN", "[]"])
def test_a_time_that_is_none_is_none(value: str) -> None:
    """Also a number that no float holds, which ended the import."""
    (record,) = records_of(json.loads(f'{{"Metadata": {{"Timestamp": {value}}}}}'))
    assert record.second is None


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.binary(max_size=200).map(gzip.compress))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    for found in unpacked("x", content):
        assert isinstance(found, Unpacked) or found.reason


def test_a_folder_shows_whether_it_is_an_export(tmp_path: Path) -> None:
    assert holds_export(written(tmp_path / "a", {"m.eml": RAW, "m.json": JSON}))
    assert holds_export(written(tmp_path / "b", {"m.gz": gzip.compress(RAW)}))
    assert not holds_export(written(tmp_path / "c", {"m.eml": RAW, "package.json": b'{"name": "x"}'}))
    assert not holds_export(written(tmp_path / "d", {"m.eml": RAW, "backup.gz": gzip.compress(b"\0")}))


# From S3


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


def test_an_export_is_read_from_s3_and_not_twice(target: Target, s3: str) -> None:
    bucket = Bucket(s3, "exports")
    for number in range(40):
        raw = RAW.replace(b"<1@", f"<{number}@".encode())
        beside = {**BESIDE, "ArchivedMessageId": f"id-{number}"}
        bucket.client.put_object(Bucket="exports", Key=f"case/{number:03}.eml", Body=raw)
        bucket.client.put_object(Bucket="exports", Key=f"case/{number:03}.json", Body=json.dumps(beside).encode())
    bucket.client.put_object(Bucket="exports", Key="caseload/other.eml", Body=RAW)
    place = S3Place(bucket.client, Location.of("s3://exports/case"))
    assert import_export(target.store, target.archive, place).added == 40
    assert sorted(each["Row"]["ArchivedMessageId"] for each in target.messages()) == sorted(
        f"id-{number}" for number in range(40)
    )
    bucket.client.put_object(Bucket="exports", Key="case/007.eml", Body=RAW.replace(b"Minutes", b"Changed"))
    again = import_export(target.store, target.archive, place)
    # The id is known: its bytes are those that were read first.
    assert (again.added, again.already_there, again.known_objects) == (0, 1, 78)


def test_an_object_that_is_gone_when_it_is_its_turn_is_named(target: Target, s3: str) -> None:
    bucket = Bucket(s3, "vanishing")
    bucket.client.put_object(Bucket="vanishing", Key="a.eml", Body=RAW)
    bucket.client.put_object(Bucket="vanishing", Key="b.eml", Body=RAW.replace(b"<1@", b"<2@"))

    class Vanishing(S3Place):
        def entries(self) -> Iterator[Any]:
            found = list(super().entries())
            bucket.client.delete_object(Bucket="vanishing", Key="a.eml")
            yield from found

    tally = import_export(target.store, target.archive, Vanishing(bucket.client, Location("vanishing", "")))
    assert tally.added == 1 and "could not be fetched" in tally.skipped[0].reason
    assert import_export(target.store, target.archive, S3Place(bucket.client, Location("vanishing", ""))).added == 0


def test_a_place_that_goes_away_keeps_what_was_read(target: Target) -> None:
    with s3_server() as url:
        bucket = Bucket(url, "going")
        for number in range(5):
            bucket.client.put_object(Bucket="going", Key=f"{number}", Body=RAW.replace(b"<1@", f"<{number}@".encode()))

        class GoingAway(S3Place):
            """Its second page is not there any more."""

            def _listed(self) -> Iterator[Any]:
                for number, entry in enumerate(super()._listed()):
                    if number == 2:
                        bucket.client.list_objects_v2(Bucket="gone")
                    yield entry

        place = GoingAway(bucket.client, Location("going", ""), page_objects=2)
        (why,) = import_export(target.store, target.archive, place).cut_short
        assert "s3://going could not be listed to its end" in why and "What was read is kept: import once more" in why
        assert len(target.messages()) == 2
        tally = import_export(target.store, target.archive, S3Place(bucket.client, Location("going", "")))
    assert (tally.added, len(target.messages())) == (3, 5)
