"""`index`, and what `import`, `doctor` and `serve` have to do with it."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Sample, eml
from tests.warm import Done, run


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    for number, word in enumerate(("kumquat", "quince", "medlar")):
        received = f"from a.example by b.example; Mon, {number + 2} Jun 2025 10:00:00 +0000"
        raw = eml(Received=received, From="a@b.example", Subject=f"Fruit {number}", body=f"A {word}.\r\n")
        (folder / f"{number}.eml").write_bytes(raw)
    return folder


@pytest.fixture
def archive(tmp_path: Path, mail: Path) -> Path:
    folder = tmp_path / "archive"
    assert run("import", "--no-index", str(folder), str(mail)).returncode == 0
    assert not (folder / "index.sqlite3").exists()
    return folder


def told(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def archive_id(folder: Path) -> str:
    status = told(run("index", str(folder), "--status", "--json"))
    found: str = status["Archives"][0]["ArchiveId"]
    return found


def test_an_archive_is_indexed_and_indexed_again(archive: Path) -> None:
    first = run("index", str(archive))
    assert first.returncode == 0 and "3 messages indexed" in first.stdout and first.stderr == ""
    again = told(run("index", str(archive), "--json"))
    assert [(each["Indexed"], each["Failed"]) for each in again] == [(0, 0)]
    assert stat.S_IMODE((archive / "index.sqlite3").stat().st_mode) == 0o600

    status = run("index", str(archive), "--status")
    assert "3 messages" in status.stdout and "Held whole: 1970-01-01T00:00:00Z to" in status.stdout
    (members,) = told(run("index", str(archive), "--status", "--json"))["Archives"]
    assert (members["Messages"], members["Unread"]) == (3, 0)
    assert members["Whole"][0]["FromTimestamp"] == "1970-01-01T00:00:00Z"


def test_import_indexes_as_well_and_takes_what_is_new(tmp_path: Path, mail: Path) -> None:
    folder = tmp_path / "both"
    imported = run("import", str(folder), str(mail))
    assert imported.returncode == 0 and "Indexed: 3 messages." in imported.stdout
    (mail / "more.eml").write_bytes(eml(From="a@b.example", Subject="More", body="A sorb.\r\n"))
    assert told(run("import", str(folder), str(mail), "--json"))["Indexed"] == 1


def test_an_index_that_cannot_be_made_costs_no_mail(tmp_path: Path, mail: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    run("import", "--no-index", str(folder), str(mail))
    (folder / "index.sqlite3").mkdir()
    imported = run("import", str(folder), str(mail))
    assert imported.returncode == 0 and "No index was made: The index" in imported.stderr
    assert "3 were there already" in imported.stdout


def test_tools_answer_from_it_and_without_it(archive: Path) -> None:
    run("index", str(archive))
    arguments = {
        "archive_id": archive_id(archive),
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
        "filter_here": {"body": ["quince"]},
    }
    words = ("call", "search_archive", json.dumps(arguments), "--local", str(archive), "--json")
    with_it, without = told(run(*words)), told(run(*words, "--index", "none"))
    assert [row["Subject"] for row in with_it["Rows"]] == [row["Subject"] for row in without["Rows"]] == ["Fruit 1"]
    assert with_it["SearchesSoFar"] == 0 and without["SearchesSoFar"] > 0
    assert any("index of content answered" in note for note in with_it["Notes"])


def test_doctor_says_what_it_holds(archive: Path) -> None:
    assert "Index" not in told(run("doctor", "--local", str(archive), "--json"))
    run("index", str(archive))
    found = told(run("doctor", "--local", str(archive), "--json"))["Index"]
    assert found["Place"].endswith("index.sqlite3") and found["Archives"][0]["Messages"] == 3
    assert "Index of content:" in run("doctor", "--local", str(archive)).stdout

    other = run("doctor", "--local", str(archive), "--known", "b.example")
    assert other.returncode == 1 and "was made with other settings" in other.stdout


def test_what_is_forgotten_is_gone(archive: Path) -> None:
    run("index", str(archive))
    of_it = archive_id(archive)
    found = told(run(
        "call", "search_archive", "--local", str(archive), "--json",
        json.dumps({"archive_id": of_it, "from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}),
    ))  # fmt: skip
    kumquat = next(row["ArchivedMessageId"] for row in found["Rows"] if row["Subject"] == "Fruit 0")
    forgotten = told(run("index", str(archive), "--forget", "--archive", of_it, "--message", kumquat, "--json"))
    assert forgotten == [{"ArchiveId": of_it, "Forgotten": 1}]
    left = b"".join(each.read_bytes() for each in archive.glob("index.sqlite3*"))
    assert b"kumquat" not in left and b"quince" in left

    assert "0 messages forgotten" in run("index", str(archive), "--forget", "--expired").stdout
    whole = run("index", str(archive), "--forget", "--archive", of_it)
    assert "2 messages forgotten" in whole.stdout
    assert told(run("index", str(archive), "--status", "--json"))["Archives"] == []


def test_a_range_is_indexed_alone(archive: Path) -> None:
    done = told(run("index", str(archive), "--from", "2025-06-03", "--to", "2025-06-03", "--json"))
    assert done[0]["Indexed"] == 1
    (members,) = told(run("index", str(archive), "--status", "--json"))["Archives"]
    assert members["Whole"] == [{"FromTimestamp": "2025-06-03T00:00:00Z", "ToTimestamp": "2025-06-03T23:59:59Z"}]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A folder of buckets with an export of an archive of 20 messages, which lies beside it."""
    from mail_archive_local.context import Local
    from mail_archive_local.exporting.delivery import FolderDelivery
    from mail_archive_local.exporting.exporter import Exporter
    from mail_archive_local.storage.store import Store
    from tests.bench_exports import fill

    (tmp_path / "buckets" / "evidence").mkdir(parents=True)
    fill(tmp_path / "archive", 20)
    with Store(tmp_path / "archive") as store:
        Exporter(lambda: FolderDelivery(tmp_path / "buckets")).run(Local(store, str))
    return tmp_path / "buckets" / "evidence" / "case"


def test_an_export_is_indexed_by_the_ids_of_its_archive(exported: Path, tmp_path: Path) -> None:
    archive, place = tmp_path / "archive", tmp_path / "from-export.sqlite3"
    (listed,) = told(run("call", "list_archives", "--local", str(archive), "--json"))["Archives"]
    of_it = listed["ArchiveId"]
    words = ("index", "--index", str(place), "--archive", of_it, "--export", str(exported))

    unsaid = run(*words)
    assert unsaid.returncode == 1 and "Of which time the export has all is not known" in unsaid.stderr
    (status,) = told(run("index", "--status", "--index", str(place), "--json"))["Archives"]
    assert (status["Messages"], status["Whole"]) == (20, [])

    (again,) = told(run(*words, "--from", "2000-01-01", "--to", "2026-01-01", "--json"))
    assert (again["Indexed"], again["KnownBefore"]) == (0, 20)

    # It answers of the archive as an index does that was made through the API.
    assert run("index", str(archive)).returncode == 0
    arguments = {"archive_id": of_it, "from_timestamp": "2000-01-01", "to_timestamp": "2025-12-31", "limit": 50}
    ask = ("call", "search_archive", "--local", str(archive), "--json", json.dumps(arguments))
    by_export, by_api = told(run(*ask, "--index", str(place))), told(run(*ask))
    assert by_export["SearchesSoFar"] == by_api["SearchesSoFar"] == 0
    assert by_export["Rows"] == by_api["Rows"] and len(by_export["Rows"]) == 20


def test_an_export_that_is_not_all_there_holds_nothing_whole(exported: Path, tmp_path: Path) -> None:
    next(exported.rglob("*.json")).unlink()
    place = tmp_path / "from-export.sqlite3"
    done = run(
        "index", "--index", str(place), "--archive", "a-other", "--export", str(exported), "--from", "2000-01-01",
        "--to", "2026-01-01",
    )  # fmt: skip
    assert done.returncode == 1 and "1 object could not be used, so no time is held whole" in done.stderr
    (status,) = told(run("index", "--status", "--index", str(place), "--json"))["Archives"]
    assert (status["Messages"], status["Whole"]) == (19, [])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Name a local archive's folder, or the file of the index"),
        (("{archive}", "--from", "yesterday"), "--from must be a date or a time in ISO 8601; it is 'yesterday'"),
        (("{archive}", "--from", "2025-02-01", "--to", "2025-01-01"), "--to is before --from"),
        (("{archive}", "--at-once", "0"), "--at-once must be a number from 1 to 50; it is '0'"),
        (("{archive}", "--message", "x"), "--message is for --forget"),
        (("{archive}", "--status", "--forget"), "--status and --forget exclude each other"),
        (("{archive}", "--forget"), "Name the archive to forget"),
        (("{archive}", "--status"), "cannot be used"),
        (("{archive}", "--archive", "a-none"), "a-none"),
        (("{nothing}",), "does not exist"),
        (
            (
                "--index",
                "https://search.example",
            ),
            "--index must be a file, or none",
        ),
        (("--index", "{nothing}/i.sqlite3", "--export", "{archive}"), "Name the archive that the export is of"),
        (("--index", "{nothing}/i.sqlite3", "--archive", "a-one", "--export", "{nothing}/x"), "does not exist"),
        (("--index", "{nothing}/index.sqlite3"), "Name the archive to index with --archive ID"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said_in_a_sentence(archive: Path, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    given = [word.format(archive=archive, nothing=tmp_path / "nothing") for word in words]
    done = run("index", *given)
    assert done.returncode in (1, 2) and says in done.stderr and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_sample_is_searched_without_one(pristine: Sample) -> None:
    assert not (pristine.folder / "index.sqlite3").exists()
