"""Codes on the terminal that started the server: a person sees them, and nobody who speaks to the server does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from mcp import Client, StdioServerParameters
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from mail_archive_server.hosting import codes
from tests.conftest import ERAS, Sample, text_of
from tests.pace import HANGS

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.name == "nt", reason="a terminal of POSIX")]

ON_THE_TERMINAL = """
import fcntl, os, sys, termios
if os.getpid() != os.getsid(0):
    os.setsid()
terminal = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
"""
"""Makes a terminal that of this process. It is none of its standard streams, as with a server that a host started."""
SERVE = ON_THE_TERMINAL + "os.execv(sys.executable, [sys.executable, '-m', 'mail_archive_server', *sys.argv[2:]])"


@pytest.fixture
def terminal() -> Iterator[tuple[str, int]]:
    """A terminal's name, and its other end: where a person reads."""
    controller, end = os.openpty()
    yield os.ttyname(end), controller
    for descriptor in (controller, end):
        try:
            os.close(descriptor)
        except OSError:
            # A test has closed it.
            continue


def serving(terminal: str, folder: Path, log: Path) -> StdioServerParameters:
    words = ["--local", str(folder), "--toolsets", "read,admin", "--consent", "code"]
    return StdioServerParameters(command=sys.executable, args=["-c", SERVE, terminal, *words], env=dict(os.environ))


async def read(controller: int, end: str) -> str:
    """What was written to the terminal, up to those words."""

    def until() -> str:
        shown = b""
        while end.encode() not in shown:
            shown += os.read(controller, 10_000)
        return shown.decode()

    return await to_thread.run_sync(until)


def arn(sample: Sample) -> str:
    return f"arn:aws:ses:us-east-1:000000000000:mailmanager-archive/{sample.archive_id}"


@pytest.mark.parametrize("era", ERAS)
async def test_a_code_is_shown_to_the_person_and_not_to_the_model(
    own_sample: Sample, terminal: tuple[str, int], tmp_path: Path, era: Any
) -> None:
    name, controller = terminal
    tag = {"resource_arn": arn(own_sample), "tags": [{"key": "case", "value": "7"}]}
    async with Client(serving(name, own_sample.folder, tmp_path), mode=era) as client:
        asked = await client.call_tool("tag_archive", tag)
        assert asked.is_error and "on the terminal that started this server" in text_of(asked)
        shown = await read(controller, "nothing is changed.")
        assert "Set tags of this archive?" in shown and '- "case" is "7"' in shown
        found = re.search(r"the code ([a-z0-9]{8})\b", shown)
        assert found
        # Neither channel of the answer has it.
        assert found[1] not in asked.model_dump_json() and "consent_code=" not in text_of(asked)
        guessed = await client.call_tool("tag_archive", {**tag, "consent_code": "abcdefgh"})
        still_good = "That code is not the one on the terminal. The one on the terminal is still good"
        assert guessed.is_error and still_good in text_of(guessed)
        shown = await read(controller, "nothing is changed.")
        assert still_good in shown and f"the code {found[1]}." in shown
        assert found[1] not in guessed.model_dump_json()
        done = await client.call_tool("tag_archive", {**tag, "consent_code": found[1]})
        assert not done.is_error, text_of(done)
        assert "Notes" not in (done.structured_content or {})
        listed = await client.call_tool("list_archive_tags", {"resource_arn": arn(own_sample)})
        assert (listed.structured_content or {})["Tags"] == [{"Key": "case", "Value": "7"}]


def test_where_callers_are_told_apart_the_person_sees_who_asks() -> None:
    assert "Asked by" not in codes._on_console("Do it?", "abcdefgh")
    ann = AuthenticatedUser(AccessToken(token="t", client_id="desk", scopes=[], subject="ann\x1b@corp.example"))
    before = auth_context_var.set(ann)
    try:
        shown = codes._on_console("Do it?", "abcdefgh")
    finally:
        auth_context_var.reset(before)
    assert re.search(r"^Asked by: .*desk.*ann\\u001b@corp\.example", shown, re.MULTILINE)


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_without_a_terminal_such_a_server_does_not_start(sample: Sample, transport: str) -> None:
    words = ["--local", str(sample.folder), "--consent", "code", "--transport", transport, "--port", "0", "--no-token"]
    if transport == "stdio":
        words = words[:4]
    started = subprocess.run(
        [sys.executable, "-m", "mail_archive_server", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=HANGS,
        check=False,
    )
    assert started.returncode == 2 and started.stdout == "" and started.stderr.count("\n") == 1
    assert "--consent code shows its codes on the terminal that starts the server, and there is none" in started.stderr


SHOW = (
    ON_THE_TERMINAL
    + """
import anyio
from mail_archive_server.hosting import consoles
consoles.SECONDS = 0.1
console = consoles.Console()
if sys.argv[2] == "stopped":
    termios.tcflow(terminal, termios.TCOOFF)
if sys.argv[2] == "closed":
    import signal
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.close(terminal)
    print("ready", flush=True)
    sys.stdin.readline()
print(anyio.run(console.show, "hidden \\u202e\\x1b[2J text"))
"""
)


@pytest.mark.parametrize(("how", "is_shown"), [("open", True), ("stopped", False), ("closed", False)])
def test_a_terminal_that_takes_nothing_is_noticed(terminal: tuple[str, int], how: str, is_shown: bool) -> None:
    name, controller = terminal
    with subprocess.Popen(
        [sys.executable, "-c", SHOW, name, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        if how == "closed":
            assert process.stdout and process.stdout.readline() == "ready\n"
            os.close(controller)
        printed, _ = process.communicate("\n", timeout=HANGS)
    assert printed == f"{is_shown}\n"
    if how == "open":
        # What would act on a terminal is written by its number.
        assert b"hidden \\x202e\\x1b[2J text\r" in os.read(controller, 10_000)
