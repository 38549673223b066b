"""An export that is broken off: it lies beside its place, is called unfinished, and is gone on with or begun anew."""

import json
import os
import signal
from pathlib import Path

import pytest

from mail_archive_local.evidence.unfinished import beside
from mail_archive_local.evidence.writing import gone_on_with
from mail_archive_local.storage.alone import alone
from mail_archive_server.cli import main
from tests.buckets import folder_objects
from tests.conftest import Sample
from tests.local.evidence.test_export_local import FORMS, export, failure
from tests.warm import run_code

BROKEN_OFF = """
import os, sys
from mail_archive_server.cli import main
from mail_archive_server.commands.evidence import export_local

def killed(self, count):
    if count == int(sys.argv[1]):
        os.kill(os.getpid(), 9)

export_local._Progress.__call__ = killed
main(sys.argv[2:])
"""


def break_off(sample: Sample, out: Path, after: int, *words: str) -> None:
    """Kill an export after so many messages."""
    killed = run_code(BROKEN_OFF, str(after), "export-local", str(sample.folder), str(out), *words)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()


def messages_in(folder: Path) -> dict[str, int]:
    """The files of messages, and which file on the disk each is."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return {path.relative_to(folder).as_posix(): path.stat().st_ino for path in files if path.name[0] != "."}


@pytest.mark.parametrize("form", FORMS)
def test_a_killed_export_is_called_unfinished_and_gone_on_with(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    out, words = tmp_path / "out", FORMS[form]
    break_off(sample, out, 12, *words)
    for folder in (out, beside(out)):
        status, said = failure(capsys, "verify", str(folder))
        assert status == 1 and "is an unfinished export" in said and "goes on with it" in said
    written = messages_in(beside(out))
    assert len(written) >= 12 or form == "mbox"
    export(sample, out, *words)
    assert not beside(out).exists()
    assert folder_objects(out) == folder_objects(export(sample, tmp_path / "whole", *words))
    # What was there was not written again.
    assert written.items() <= messages_in(out).items()
    main(["verify", str(out)])


def test_an_export_with_other_words_is_refused_or_begun_anew(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    break_off(sample, out, 5)
    command = ("export-local", str(sample.folder), str(out), "--format", "mbox")
    status, said = failure(capsys, *command)
    assert status == 1 and "was begun with other words" in said and "--anew" in said
    main([*command, "--anew"])
    assert {path.name for path in out.iterdir()} == {"index.csv", "messages.mbox", "export.manifest.jsonl"}
    assert not beside(out).exists()


def test_what_was_begun_and_is_no_longer_meant_is_taken_away(sample: Sample, tmp_path: Path) -> None:
    out = tmp_path / "out"
    break_off(sample, out, 5)
    stray = beside(out) / "2025" / "01" / "gone.eml"
    stray.write_bytes(b"From: a@b.example\n\nof a message that retention has deleted")
    damaged = sorted(path for path in beside(out).rglob("*.eml") if path != stray)[0]
    damaged.write_bytes(b"cut off")
    export(sample, out)
    assert folder_objects(out) == folder_objects(export(sample, tmp_path / "whole"))


def test_what_stands_in_the_way_is_not_touched(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    beside(out).mkdir()
    (beside(out) / "letter.txt").write_text("mine")
    status, said = failure(capsys, "export-local", str(sample.folder), str(out))
    assert status == 1 and "is in the way" in said
    assert (beside(out) / "letter.txt").read_text() == "mine"


def test_two_exports_to_one_place_do_not_mix(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    break_off(sample, out, 5)
    with alone(beside(out) / "unfinished.lock") as is_alone:
        assert is_alone
        status, said = failure(capsys, "export-local", str(sample.folder), str(out))
    assert status == 1 and "Another process writes" in said


def test_an_empty_folder_is_filled_and_one_with_something_is_refused(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    export(sample, tmp_path / "empty")
    main(["verify", str(tmp_path / "empty")])
    status, said = failure(capsys, "export-local", str(sample.folder), str(tmp_path / "empty"))
    assert status == 1 and "has something in it" in said


def test_a_whole_export_is_not_called_unfinished_where_a_later_one_was_broken_off(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = export(sample, tmp_path / "out")
    beside(out).mkdir()
    (beside(out) / "unfinished.json").write_text("{}")
    capsys.readouterr()
    main(["verify", str(out), "--json"])
    assert json.loads(capsys.readouterr().out)["Whole"] is True


@pytest.mark.parametrize(
    ("there", "comes"), [(b"", b"abc"), (b"abcdef", b"abc"), (b"abX", b"abcdef"), (b"abc", b"abc")]
)
def test_a_file_that_is_gone_on_with_has_what_comes_and_nothing_else(
    tmp_path: Path, there: bytes, comes: bytes
) -> None:
    (tmp_path / "file").write_bytes(there)
    with gone_on_with(tmp_path / "file") as file:
        for place in range(len(comes)):
            file.write(comes[place : place + 1])
            file.flush()
    assert (tmp_path / "file").read_bytes() == comes
    if os.name == "posix" and not there:
        assert (tmp_path / "file").stat().st_size == len(comes)
