"""The face of the local archive: what others use of it, from Python, without a server or a command."""

import json
from pathlib import Path

import boto3
import pytest

import mail_archive_local
from mail_archive_local import (
    DEFAULT_REGION,
    ArchiveFolder,
    ExportForm,
    LocalArchiveError,
    MailSources,
    NoMail,
    Signing,
    UnfinishedExport,
    verify,
)
from mail_archive_local.evidence.forms import BEGUN
from mail_archive_local.evidence.unfinished import beside
from tests.conftest import Sample, eml

DATED = "Mon, 2 Jun 2025 10:00:00 +0000"


class Patience:
    """Is over after it was asked so many times."""

    def __init__(self, times: int) -> None:
        self._times = times

    def is_over(self) -> bool:
        self._times -= 1
        return self._times < 0


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(eml(subject=f"No. {number}", date=DATED))
    return folder


@pytest.fixture
def filled(tmp_path: Path, mail: Path) -> Path:
    place = tmp_path / "archive"
    with ArchiveFolder(place, create=True) as folder:
        folder.import_mail(folder.archive_to_fill("letters"), MailSources.of([mail]))
    return place


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_it"):
        _ = mail_archive_local.nothing_of_it
    assert set(mail_archive_local.__all__) <= set(dir(mail_archive_local))


def test_mail_goes_in_once_and_comes_out_as_it_was(filled: Path, mail: Path, tmp_path: Path) -> None:
    with ArchiveFolder(filled) as folder:
        archive = folder.archive()
        tally = folder.import_mail(archive, MailSources.of([mail]))
        count = folder.export(archive, tmp_path / "out")
    assert (tally.added, tally.already_there, count) == (0, 3, 3)
    written = {path.read_bytes() for path in (tmp_path / "out").rglob("*.eml")}
    assert written == {path.read_bytes() for path in mail.iterdir()}
    assert verify(filled).is_whole and verify(tmp_path / "out").is_whole


def test_what_was_changed_is_not_whole(filled: Path, tmp_path: Path) -> None:
    with ArchiveFolder(filled) as folder:
        folder.export(folder.archive(), tmp_path / "out")
    changed = next((tmp_path / "out").rglob("*.eml"))
    changed.write_bytes(changed.read_bytes() + b"!")
    found = verify(tmp_path / "out")
    assert (found.is_whole, found.is_of_files, found.differences, found.messages) == (False, True, (0, 1, 0), 3)


@pytest.mark.parametrize("form", ExportForm.FORMATS)
def test_a_verification_that_is_not_wanted_any_more_ends_and_does_not_call_it_whole(
    filled: Path, tmp_path: Path, form: str
) -> None:
    with ArchiveFolder(filled) as folder:
        archive = folder.archive()
        folder.export(archive, tmp_path / "out", form=ExportForm(form))
        folder.list_import(archive, folder.import_mail(archive, MailSources.of([tmp_path / "out"])), ["out"])
    for place in (filled, tmp_path / "out"):
        asked = 0
        while (found := verify(place, stopped=Patience(asked).is_over)).is_interrupted:
            assert not found.is_whole
            asked += 1
        # Asked before anything was looked at, and of each message at least once.
        assert found.is_whole and asked > 3


def test_an_import_that_is_not_wanted_any_more_says_so(tmp_path: Path, mail: Path) -> None:
    with ArchiveFolder(tmp_path / "new", create=True) as folder:
        archive = folder.archive_to_fill("letters")
        tally = folder.import_mail(archive, MailSources.of([mail]), stopped=lambda: True)
        assert tally.is_interrupted and folder.count_messages(archive) == tally.added == 1


def test_an_export_is_refused_in_a_form_that_there_is_not() -> None:
    for wrong in ({"format": "zip"}, {"index": "xml"}, {"load_files": ("pdf",)}):
        with pytest.raises(ValueError, match="are"):
            ExportForm(**wrong)
    with pytest.raises(ValueError, match=r"each message is an \.eml file"):
        ExportForm("mbox", load_files=("dat",))


def test_which_archive_is_meant_has_to_be_clear(filled: Path) -> None:
    with ArchiveFolder(filled) as folder:
        with pytest.raises(LocalArchiveError, match="There is no archive bills in"):
            folder.archive("bills")
        with pytest.raises(LocalArchiveError, match="holds the archive letters, and none named archive"):
            folder.archive_to_fill("archive", is_chosen=False)
        folder.archive_to_fill("bills")
        with pytest.raises(LocalArchiveError, match=r"Name one with --archive: letters, bills\."):
            folder.archive()
    with pytest.raises(LocalArchiveError, match="cannot be an archive's name"):
        ArchiveFolder.name_to_fill(filled, "a b")
    assert ArchiveFolder.name_to_fill(filled) == "archive"


def test_as_many_archives_as_there_may_be_are_told_in_a_sentence(tmp_path: Path) -> None:
    with ArchiveFolder(tmp_path / "new", create=True) as folder:
        for number in range(10):
            folder.archive_to_fill(f"no-{number}")
        with pytest.raises(LocalArchiveError, match="10 active archives"):
            folder.archive_to_fill("no-10")


def test_there_may_be_nothing_to_open_or_to_import(tmp_path: Path) -> None:
    assert not ArchiveFolder.is_there(tmp_path)
    with pytest.raises(LocalArchiveError, match="does not exist"):
        ArchiveFolder(tmp_path / "nothing")
    with pytest.raises(LocalArchiveError, match="does not exist"):
        MailSources.of([tmp_path / "nothing"])
    (tmp_path / "notes.txt").write_text("no mail")
    with pytest.raises(NoMail, match="There is no mail in") as caught:
        MailSources.of([tmp_path])
    assert caught.value.tally.skips == 1


def test_an_unfinished_export_is_told_with_its_place(filled: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def break_off(count: int) -> None:
        raise InterruptedError

    assert ArchiveFolder.unfinished_export(out) is None
    with ArchiveFolder(filled) as folder, pytest.raises(LocalArchiveError, match="cannot be written"):
        folder.export(folder.archive(), out, report=break_off)
    assert json.loads((beside(out) / BEGUN).read_text())["Wanted"]["format"] == "eml"
    assert ArchiveFolder.unfinished_export(out) == beside(out)
    with pytest.raises(UnfinishedExport) as caught:
        verify(out)
    assert caught.value.folder == beside(out)


def test_boto3_is_answered_in_the_process_by_who_has_the_keys(sample: Sample) -> None:
    with ArchiveFolder(sample.folder) as folder:
        assert folder.keys_of("nobody") is None and folder.users() == ["owner"]
        keys = folder.keys_of()
        assert keys is not None
        client = boto3.client("mailmanager", DEFAULT_REGION, aws_access_key_id=keys[0], aws_secret_access_key=keys[1])
        served = folder.in_process()
        served.attach(client)
        assert [each["ArchiveName"] for each in client.list_archives()["Archives"]] == ["tidewater-2025"]
        assert served.link_base() == "" and served.s3() is None


def test_a_port_that_is_taken_is_told_in_a_sentence(sample: Sample) -> None:
    with ArchiveFolder(sample.folder) as folder:
        taken = folder.on_port()
        port = int(taken.url.rpartition(":")[2])
        with pytest.raises(LocalArchiveError, match=f"Port {port} cannot be listened on"):
            folder.on_port(port)
        taken.close()


def test_a_signature_that_no_longer_holds_is_taken_away(tmp_path: Path) -> None:
    manifest = tmp_path / "export.manifest.jsonl"
    manifest.write_text("{}\n")
    signature = tmp_path / "export.manifest.jsonl.sig"
    signature.write_bytes(b"old")
    assert Signing().remove_outdated(manifest) == [signature] and not signature.exists()
    signature.write_bytes(b"old")
    assert Signing(tmp_path / "key").remove_outdated(manifest) == [] and not signature.exists()
    with pytest.raises(LocalArchiveError, match="is there, without it"):
        Signing(tmp_path / "key").sign(manifest)
