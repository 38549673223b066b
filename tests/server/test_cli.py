"""The command line, as a process."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import httpx
import pytest
from mcp import Client

from mail_archive_local.choosing import name_after
from mail_archive_local.storage.store import Store
from mail_archive_server.settings import Settings, read_settings
from mail_archive_tools.catalog import CATALOG
from tests import copies
from tests.conftest import READING, Sample, eml
from tests.pace import HANGS, stopwatch
from tests.warm import run, start


def new_terminal() -> tuple[int, int]:
    """Both ends of a terminal, where the system has such (Windows has not)."""
    ends: tuple[int, int] = pytest.importorskip("pty").openpty()
    return ends


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("serve", "--help"), ("import", "--no-index", "--help"), ("demo", "-h")]
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


@pytest.mark.parametrize(
    "words", [("import", "--no-index", "", "mail"), ("verify", ""), ("export-local", "", "out"), ("local", "")]
)
def test_a_folder_that_was_not_named_is_not_the_one_it_runs_in(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As a script says whose variable is not set."""
    (tmp_path / "mail").mkdir()
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "DIR must be a path; none was given" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mail"]


def test_what_cannot_be_done_ends_with_status_one_and_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    (tmp_path / "one.eml").write_bytes(eml(Subject="one"))
    a_file = str(tmp_path / "one.eml")
    for words, said in (
        (["--local", str(tmp_path / "nowhere")], "does not exist"),
        (["--local", str(tmp_path / "photos")], "is not a local archive"),
        (["import", "--no-index", str(tmp_path / "photos"), str(tmp_path)], "is not empty"),
        (["import", "--no-index", str(tmp_path / "new"), str(tmp_path / "missing")], "missing does not exist"),
        (["import", "--no-index", str(tmp_path / "new"), str(tmp_path / "photos")], "There is no mail in"),
        (["import", "--no-index", a_file, a_file], "is a file, not a folder"),
        (["import", "--no-index", f"{a_file}/below", a_file], "is a file, not a folder"),
        (["import", "--no-index", "/proc/nowhere/archive", a_file], "/proc/nowhere/archive cannot be made"),
        (["local", "/proc/nowhere/archive"], "/proc/nowhere/archive cannot be made"),
        (["demo", "--keep", "/proc/nowhere/sample"], "/proc/nowhere/sample cannot be made"),
        (["--local", "~/there-is-no-such-folder"], f"{Path.home()}/there-is-no-such-folder does not exist"),
        (
            ["import", "--no-index", str(tmp_path / "new"), str(tmp_path), "--archive=-x-"],
            "cannot be an archive's name",
        ),
        (["local", str(tmp_path / "photos")], "is not empty"),
        (["demo", "--keep", str(tmp_path / "photos")], "is not empty"),
    ):
        finished = run(*words)
        assert finished.returncode == 1, words
        assert said in finished.stderr
        assert "Traceback" not in finished.stderr and finished.stdout == ""
    assert not (tmp_path / "new").exists()


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
    first = run("import", "--no-index", str(tmp_path / "my mail!"), str(mail))
    assert first.returncode == 0
    assert first.stdout.startswith("Archive my-mail (a-")
    assert "1 message added, 0 were there already, 1 skipped." in first.stdout
    assert f"Skipped: {mail / 'cat.png'} is not mail" in first.stderr
    again = run("import", "--no-index", str(tmp_path / "my mail!"), str(mail), "--archive", "my-mail")
    assert "0 messages added, 1 was there already" in again.stdout and again.returncode == 0
    run("import", "--no-index", str(tmp_path / "my mail!"), str(mail), "--archive", "second")
    with Store(tmp_path / "my mail!") as store:
        assert [archive.name for archive in store.archives()] == ["my-mail", "second"]


@pytest.mark.parametrize("size", [(24, 80), (0, 0)], ids=["known", "unknown"])
def test_import_shows_a_bar_on_a_terminal_of_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "one.eml").write_bytes(eml(Subject="one"))
    (mail / "picture.png").write_bytes(b"\x89PNG" + bytes(5_000))
    controller, terminal = new_terminal()
    pytest.importorskip("termios").tcsetwinsize(terminal, size)
    finished = subprocess.run(
        [sys.executable, "-m", "mail_archive_server", "import", "--no-index", str(tmp_path / "archive"), str(mail)],
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    shown = _all_of(controller)
    os.close(controller)
    assert "Importing" in shown and re.findall(r"(\d+)%", shown)[-1] == "100"
    assert b"1 message added" in finished.stdout


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
    assert name_after(Path("/somewhere") / folder) == name


def test_flags_are_written_out() -> None:
    for words in (["serve", "--loc", "x"], ["import", "--no-index", "x", "y", "--arch", "z"], ["--transp", "http"]):
        finished = run(*words)
        assert finished.returncode == 2 and f"unrecognized arguments: {words[-2]}" in finished.stderr


def test_a_file_name_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "ok.eml").write_bytes(eml(Subject="one"))
    (mail / "a\x1b[2Jb\u202ecod.png").write_bytes(b"\x89PNG")
    Path(os.fsdecode(bytes(mail) + b"/not\xffutf8.png")).write_bytes(b"\x89PNG")
    finished = run("import", "--no-index", str(tmp_path / "archive"), str(mail))
    assert finished.returncode == 0, finished.stderr
    assert "a\\x1b[2Jb\\x202ecod.png is not mail" in finished.stderr
    assert "notÿutf8" not in finished.stderr and "utf8.png is not mail" in finished.stderr
    assert "\x1b" not in finished.stderr and "\u202e" not in finished.stderr


def test_import_tells_programs_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(eml(Subject="one"))
    words = ("import", "--no-index", "--json", str(tmp_path / "a-b"), str(tmp_path / "one.eml"))
    first, again = (json.loads(run(*words).stdout) for _ in range(2))
    counts = {"Added": 1, "AlreadyThere": 0, "Skipped": 0, "KnownObjects": 0}
    assert first == {"ArchiveId": first["ArchiveId"], "ArchiveName": "a-b", **counts}
    assert again == {**first, "Added": 0, "AlreadyThere": 1}


def test_tools_lists_what_is_offered() -> None:
    text = run("tools").stdout
    assert text.startswith("Toolset read:\n")
    listed = json.loads(run("tools", "--json").stdout)
    offered = [entry for entry in CATALOG if entry.toolset in ("read", "view")]
    assert [tool["name"] for tool in listed] == [entry.name for entry in offered]
    for entry in offered:
        assert f"  {entry.name} " in text and entry.title in text
    assert all(tool["input_schema"]["type"] == "object" for tool in listed)


def test_call_calls_a_tool_once(sample: Sample) -> None:
    where = ("--local", str(sample.folder))
    assert run("call", "list_archives", *where).stdout.splitlines()[1].startswith(sample.archive_id)
    arguments = json.dumps({"archive_id": sample.archive_id})
    structured = json.loads(run("call", "get_archive", arguments, "--json", *where).stdout)
    assert structured["ArchiveName"] == "tidewater-2025"
    assert "ArchiveName: tidewater-2025" in run("call", "get_archive", *where, arguments).stdout, "flags may come first"
    finished = subprocess.run(
        [copies.python(), "-m", "mail_archive_server", "call", "get_archive", *where, "-"],
        input=arguments,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ArchiveName: tidewater-2025" in finished.stdout


def test_call_refuses_in_a_sentence(sample: Sample, tmp_path: Path) -> None:
    where = ("--local", str(sample.folder))
    for status, words, said in (
        (2, ["read_minds", *where], "There is no tool read_minds. There are list_archives, get_archive"),
        (2, ["get_archive", "{", *where], "ARGUMENTS must be a JSON object"),
        (2, ["get_archive", "[" * 100_000, *where], "ARGUMENTS must be a JSON object"),
        (2, ["get_archive", "7", *where], "ARGUMENTS must be a JSON object"),
        (1, ["get_archive", '{"archive_id": "x"}', *where], "archive_id is 'x'"),
        (1, ["get_archive", '{"archive_id": "a-1"}', *where], "There is no archive a-1 here"),
        (1, ["list_archives", "--local", str(tmp_path)], "is not a local archive"),
        (2, ["list_archives", "{}", *where, "{}"], "unrecognized arguments: {}"),
        (2, ["list_archives", *where, "{}", "--nonsense"], "unrecognized arguments: {} --nonsense"),
    ):
        finished = run("call", *words)
        assert (finished.returncode, finished.stdout) == (status, "")
        assert said in finished.stderr and "Traceback" not in finished.stderr


def test_nobody_has_to_read_to_the_end(sample: Sample) -> None:
    command = f"{sys.executable} -m mail_archive_server tools --json | head -1; echo ${{PIPESTATUS[0]}}"
    finished = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert finished.stderr == "" and finished.stdout.splitlines()[-1] in ("0", "141")


@contextmanager
def on_a_terminal(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command on a terminal of its own, and the other end of that terminal."""
    controller, terminal = new_terminal()
    with subprocess.Popen(
        [sys.executable, "-m", "mail_archive_server", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        try:
            yield process, controller
        finally:
            process.kill()
    os.close(controller)


def wait_until_it_hears(process: subprocess.Popen[bytes]) -> None:
    """Wait until a server hears signals: those before that end it as they end any program."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        # Only Linux tells what a process hears.
        time.sleep(2)
        return

    bit = 1 << (signal.SIGTERM - 1)
    while not int(status.read_text().partition("SigCgt:")[2].split()[0], 16) & bit:
        assert process.poll() is None
        time.sleep(0.02)


def said_by(controller: int, words: str) -> str:
    """What was written to the terminal up to those words."""
    shown = b""
    while words.encode() not in shown:
        shown += os.read(controller, 10_000)
    return shown.decode()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_on_a_terminal_says_what_it_is_and_ends_at_the_first_signal(sample: Sample, stop: signal.Signals) -> None:
    with on_a_terminal("serve", "--local", str(sample.folder)) as (process, controller):
        shown = said_by(controller, "Ctrl-C ends it.")
        assert "waits for an MCP host" in shown and "mail-archive-mcp demo" in shown
        wait_until_it_hears(process)
        with stopwatch() as taken:
            process.send_signal(stop)
            assert process.wait(HANGS) == 128 + stop
        assert taken.seconds < 3
        assert "Traceback" not in _all_of(controller)


def test_serve_says_nothing_where_nobody_watches(sample: Sample) -> None:
    finished = run("serve", "--local", str(sample.folder))
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_http_says_where_it_listens_and_ends_at_the_first_signal(sample: Sample) -> None:
    words = ("--transport", "http", "--port", "0", "--no-token", "--local", str(sample.folder))
    with on_a_terminal(*words) as (process, controller):
        shown = said_by(controller, "Ctrl-C ends it.")
        found = re.search(r"listens at (http://127\.0\.0\.1:([1-9]\d*)/mcp),", shown)
        assert found

        async def ask() -> int:
            async with Client(found[1]) as client:
                return len((await client.list_tools()).tools)

        assert anyio.run(ask) == len(READING)
        process.send_signal(signal.SIGINT)
        assert process.wait(HANGS) == 130
        assert "Traceback" not in _all_of(controller)


@pytest.mark.slow
def test_a_terminal_of_ascii_and_a_reader_that_leaves(tmp_path: Path) -> None:
    kept = tmp_path / "sample"
    finished = start("demo", "--keep", str(kept), variables={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert finished.returncode == 0, finished.stderr
    assert "ANSWER" in finished.stdout and finished.stdout.isascii()
    # Once more in the same folder.
    command = f"{copies.python()} -m mail_archive_server demo --keep {kept} | head -3; echo ${{PIPESTATUS[0]}}"
    left = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert left.stderr == "" and left.stdout.splitlines()[-1] == "141"
    with Store(kept) as store:
        assert [store.count_messages(archive) for archive in store.archives()] == [300]
    other = tmp_path / "other"
    (tmp_path / "one.eml").write_bytes(eml(Subject="one"))
    run("import", "--no-index", str(other), str(tmp_path / "one.eml"))
    refused = run("demo", "--keep", str(other))
    assert refused.returncode == 1 and "with other mail in it (other)" in refused.stderr


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


# A call that asks


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("no", 1)])
def test_a_call_asks_whoever_sits_at_the_terminal(own_sample: Sample, answer: str, status: int) -> None:
    arn = f"arn:aws:ses:us-east-1:000000000000:mailmanager-archive/{own_sample.archive_id}"
    arguments = json.dumps({"resource_arn": arn, "tags": [{"key": "case", "value": "7"}]})
    words = ("call", "tag_archive", arguments, "--local", str(own_sample.folder), "--toolsets", "admin")
    with on_a_terminal(*words) as (process, controller):
        shown = said_by(controller, "Type yes to go on.")
        assert "Set tags of this archive?" in shown and '"tidewater-2025" (' in shown
        os.write(controller, f"{answer}\n".encode())
        assert process.wait(HANGS) == status
        said = _all_of(controller)
    assert ("nothing was changed" in said) == (status == 1)
    listed = run("call", "list_archive_tags", json.dumps({"resource_arn": arn}), *words[3:])
    assert ("case" in listed.stdout) == (status == 0)


def test_a_call_without_a_terminal_changes_nothing(own_sample: Sample) -> None:
    arguments = json.dumps({"archive_id": own_sample.archive_id, "archive_name": "other"})
    words = ("call", "update_archive", arguments, "--local", str(own_sample.folder), "--toolsets", "admin")
    finished = run(*words)
    assert finished.returncode == 1 and "cannot ask its user: nothing was changed" in finished.stderr


def test_a_server_says_where_the_host_alone_asks(sample: Sample) -> None:
    words = ("serve", "--local", str(sample.folder), "--consent", "host")
    assert "the model is given the one-time code itself" in run(*words, "--toolsets", "admin").stderr
    assert run(*words).stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "--export-folder", "x"), "--export-folder is for a local archive"),
        (("serve", "--local", "x", "--export-folder", "y", "--s3-endpoint-url", "http://z"), "exclude each other"),
        (("local", "x", "--export-folder", "y", "--s3-endpoint-url", "http://z"), "exclude each other"),
        (("serve", "--export-to", "bucket"), "--export-to must be a place in S3"),
        (("serve", "--consent", "never"), "--consent must be one of ask, code, host"),
    ],
)
def test_settings_of_exports_that_cannot_be_are_said(words: tuple[str, ...], said: str) -> None:
    finished = run(*words)
    assert finished.returncode == 2 and said in finished.stderr and finished.stderr.count("\n") == 1


# The sample, health, completion


def test_the_sample_is_made_for_one_run_and_gone_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert "tidewater-2025" in run("call", "list_archives", "--sample").stdout
    assert list(tmp_path.iterdir()) == []
    with on_a_terminal("--sample") as (process, controller):
        said_by(controller, "of a sample archive waits for an MCP host")
        wait_until_it_hears(process)
        assert [path.name[:20] for path in tmp_path.iterdir()] == ["mail-archive-sample-"]
        process.send_signal(signal.SIGTERM)
        process.wait(HANGS)
    assert list(tmp_path.iterdir()) == []
    for words in (["--local", str(tmp_path)], ["--region", "eu-west-1"]):
        refused = run("--sample", *words)
        assert refused.returncode == 2 and f"--sample and {words[0]} exclude each other" in refused.stderr


def test_other_machines_are_served_with_a_token_alone(sample: Sample, tmp_path: Path) -> None:
    open_to_all = ("--transport", "http", "--port", "0", "--host", "0.0.0.0", "--local", str(sample.folder))
    for more in ((), ("--no-token",)):
        refused = run(*open_to_all, *more)
        assert refused.returncode == 2 and "can be reached by other machines. Give a token" in refused.stderr
    token = tmp_path / "token"
    with on_a_terminal(*open_to_all, "--token-file", str(token)) as (process, controller):
        shown = said_by(controller, "Ctrl-C ends it.")
        assert "whoever reaches it and has the token" in shown
        found = re.search(r":([1-9]\d*)/mcp,", shown)
        assert found
        url = f"http://127.0.0.1:{found[1]}"
        # A name that the server does not know, as behind a proxy or in a container.
        asked = {"Host": "mail.corp.example", "Authorization": f"Bearer {token.read_text().strip()}"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = asked | {"Accept": "application/json, text/event-stream"}
        assert httpx.post(f"{url}/mcp", json=body, headers=headers).status_code not in (401, 403, 421)
        assert httpx.post(f"{url}/mcp", json=body, headers={"Host": "mail.corp.example"}).status_code == 401
        assert httpx.get(f"{url}/health").text == "ok"
        health = ("health", "--transport", "http", "--host", "0.0.0.0", "--port", found[1])
        of_container = {"MAIL_ARCHIVE_TOKEN": "a token of the container"}
        assert run(*health, variables=of_container).stdout == "The server answers.\n"
        process.send_signal(signal.SIGINT)
        process.wait(HANGS)
    ended = run(*health, variables=of_container)
    assert ended.returncode == 1 and f"does not answer at port {found[1]}" in ended.stderr
    assert "stdio" in run("health").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_and_flags(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "--download-links" in script and "export-local" in script
    if shell == "bash":
        typed = "COMP_WORDS=(mail-archive-mcp pol); COMP_CWORD=1; _shtab_mail_archive_mcp"
        asked = f'{script}\n{typed}; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["policy"]


def test_what_a_host_leaves_unfilled_is_not_set() -> None:
    environment = {"MAIL_ARCHIVE_REGION": "${user_config.region}", "MAIL_ARCHIVE_PROFILE": ""}
    assert read_settings({}, environment) == Settings()
