"""An archive that another user's mail is in: every command says in one sentence that this user may not read it."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Sample
from tests.warm import run_as_nobody

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can be two users")

COMMANDS = {
    "verify": ("verify", "{archive}"),
    "verify as JSON": ("verify", "{archive}", "--json"),
    "verify with a manifest": ("verify", "{archive}", "--manifest", "{archive}/some.manifest.jsonl"),
    "doctor": ("doctor", "--local", "{archive}"),
    "call": ("call", "list_archives", "--local", "{archive}"),
    "serve": ("serve", "--local", "{archive}"),
    "policy": ("policy", "--local", "{archive}"),
    "local": ("local", "{archive}", "--port", "0"),
    "local's credentials": ("local", "{archive}", "--show-credentials"),
    "import": ("import", "--no-index", "{archive}", "{mail}"),
    "export-local": ("export-local", "{archive}", "{public}/out"),
}


@pytest.fixture
def open_to_all(public: Path, pristine: Sample) -> Iterator[Path]:
    folder = public / "archive"
    # Not of the shared one, which tests before this may have left open: copied, it would lose this process's locks.
    shutil.copytree(pristine.folder, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)


@pytest.fixture(params=["folder", "file"])
def closed(open_to_all: Path, request: pytest.FixtureRequest) -> Path:
    """What is closed to others: all of it, or the database in a folder that they may look at."""
    if request.param == "folder":
        open_to_all.chmod(0o700)
        return open_to_all
    for path in open_to_all.iterdir():
        path.chmod(0o600)
    return open_to_all


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_that_this_user_may_not_read_it_and_whose_it_is(
    closed: Path, public: Path, command: str
) -> None:
    mail = public / "mail.eml"
    mail.write_text("Subject: one\n\nbody\n")
    mail.chmod(0o644)
    words = [word.format(archive=closed, mail=mail, public=public) for word in COMMANDS[command]]
    done = run_as_nobody(*words, cwd=public)
    told = {"error": done.stderr.removeprefix("mail-archive-mcp: ").rstrip("\n")}
    assert done.returncode == 1 and done.stdout == (json.dumps(told) + "\n" if "--json" in words else "")
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr, done.stderr
    assert f"You may not read the local archive at {closed}: " in done.stderr
    assert "belongs to root" in done.stderr and "opy the folder" not in done.stderr


def test_a_manifest_that_cannot_be_read_is_named(open_to_all: Path, public: Path) -> None:
    manifest = public / "some.manifest.jsonl"
    manifest.write_text(json.dumps({"Manifest": 1}) + "\n")
    manifest.chmod(0o600)
    done = run_as_nobody("verify", str(open_to_all), "--manifest", str(manifest), "--json", cwd=public)
    assert done.returncode == 1
    assert done.stderr == f"mail-archive-mcp: {manifest} cannot be read (Permission denied).\n"


def test_mail_that_cannot_be_read_is_no_missing_mail(public: Path) -> None:
    (public / "closed").mkdir(mode=0o700)
    (public / "closed" / "one.eml").write_text("Subject: one\n\nbody\n")
    hidden = public / "hid.eml"
    hidden.write_text("Subject: two\n\nbody\n")
    hidden.chmod(0o600)
    for source in (hidden, public / "closed", public / "closed" / "one.eml"):
        done = run_as_nobody("import", "--no-index", str(public / "new"), str(source), cwd=public)
        assert done.returncode == 1 and f"{source} cannot be read (Permission denied)" in done.stderr, done.stderr
        assert "There is no mail in" not in done.stderr and "does not exist" not in done.stderr
        assert not (public / "new").exists()


def test_what_cannot_be_read_beside_mail_is_skipped_in_a_sentence(public: Path) -> None:
    mail = public / "mail"
    (mail / "closed").mkdir(parents=True)
    for name in ("one.eml", "hid.eml"):
        (mail / name).write_text(f"Subject: {name}\n\nbody\n")
        (mail / name).chmod(0o644)
    (mail / "hid.eml").chmod(0o600)
    (mail / "closed").chmod(0o700)
    mail.chmod(0o755)
    done = run_as_nobody("import", "--no-index", str(public / "new"), str(mail), cwd=public)
    assert done.returncode == 0 and "1 message added" in done.stdout and "2 skipped" in done.stdout, done.stderr
    for name in ("hid.eml", "closed"):
        assert f"Skipped: {mail / name} cannot be read (Permission denied)\n" in done.stderr
