"""The command line, as a process."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from mail_archive_server.commands.importing import archive_name
from mail_archive_server.local.storage.store import Store
from tests.conftest import Sample, eml


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mail_archive_server", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("serve", "--help"), ("import", "--help"), ("demo", "-h")]
)
def test_help_and_version_do_not_load_the_heavy_parts(words: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom mail_archive_server.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print(sorted({'mcp', 'pydantic', 'boto3', 'sqlite3', 'anyio'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"
    assert len(finished.stdout.splitlines()) > 1


def test_mistakes_end_with_status_two_and_a_sentence(tmp_path: Path) -> None:
    for words in (
        ["--port", "x"],
        ["--transport", "http", "--host", "0.0.0.0"],
        ["local", str(tmp_path), "--port", "x"],
    ):
        finished = run(*words)
        assert finished.returncode == 2
        assert finished.stdout == ""
        assert finished.stderr.startswith("mail-archive-mcp: --") and finished.stderr.count("\n") == 1


def test_what_cannot_be_done_ends_with_status_one_and_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    for words, said in (
        (["--local", str(tmp_path / "nowhere")], "does not exist"),
        (["--local", str(tmp_path / "photos")], "is not a local archive"),
        (["import", str(tmp_path / "photos"), str(tmp_path)], "is not empty"),
        (["import", str(tmp_path / "new"), str(tmp_path / "missing")], "missing does not exist"),
        (["import", str(tmp_path / "new"), str(tmp_path), "--archive=-x-"], "cannot be an archive's name"),
        (["local", str(tmp_path / "photos")], "is not empty"),
        (["demo", "--keep", str(tmp_path / "photos")], "is not empty"),
    ):
        finished = run(*words)
        assert finished.returncode == 1, words
        assert said in finished.stderr
        assert "Traceback" not in finished.stderr and finished.stdout == ""


def test_a_taken_port_is_said(sample: Sample) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words in (["--transport", "http", "--local", str(sample.folder)], ["local", str(sample.folder)]):
            finished = run(*words, "--port", port)
            assert finished.returncode == 1
            assert f"Port {port}" in finished.stderr and "Traceback" not in finished.stderr


def test_import_says_what_it_did(tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "one.eml").write_bytes(eml(Subject="one"))
    (mail / "cat.png").write_bytes(b"\x89PNG")
    first = run("import", str(tmp_path / "my mail!"), str(mail))
    assert first.returncode == 0
    assert first.stdout.startswith("Archive my-mail (a-")
    assert "1 messages added, 0 were there already, 1 skipped." in first.stdout
    assert f"Skipped: {mail / 'cat.png'} is not mail" in first.stderr
    again = run("import", str(tmp_path / "my mail!"), str(mail), "--archive", "my-mail")
    assert "0 messages added, 1 were there already" in again.stdout
    run("import", str(tmp_path / "my mail!"), str(mail), "--archive", "second")
    with Store(tmp_path / "my mail!") as store:
        assert [archive.name for archive in store.archives()] == ["my-mail", "second"]


def test_import_shows_a_bar_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(eml(Subject="one"))
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    finished = subprocess.run(
        [sys.executable, "-m", "mail_archive_server", "import", str(tmp_path / "archive"), str(tmp_path / "one.eml")],
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    shown = _all_of(controller)
    os.close(controller)
    assert "Importing" in shown and "100%" in shown
    assert b"1 messages added" in finished.stdout


def _all_of(controller: int) -> str:
    """All that was written to a terminal that is closed now."""
    shown = b""
    with suppress(OSError):  # EIO is the end
        while chunk := os.read(controller, 10_000):
            shown += chunk
    return shown.decode()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("mail", "mail"),
        ("My Mail (2025)", "My-Mail-2025"),
        ("_x_", "archive"),
        ("邮件", "archive"),
        ("a" * 99, "a" * 64),
    ],
)
def test_an_archive_is_named_after_its_folder(folder: str, name: str) -> None:
    assert archive_name(Path("/somewhere") / folder) == name


@pytest.mark.slow
def test_the_demonstration_answers_its_question() -> None:
    finished = run("demo")
    assert finished.returncode == 0, finished.stderr
    shown = finished.stdout
    assert (
        shown.index("QUESTION")
        < shown.index("> list_archives()")
        < shown.index("> search_archive(")
        < shown.index("ANSWER")
    )
    answer = shown[shown.index("ANSWER") :]
    assert "accounts@brightwel1-optics.example" in answer and "Another host, and another domain" in answer
    assert "vps-381.cheaphost.example [203.0.113.66]" in answer
