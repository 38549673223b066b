"""Ctrl-C, as a terminal sends it: to the command and all processes that help it. One line says what is kept and how to
go on; nobody prints a traceback; what was read is kept."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mail_archive_local.evidence.unfinished import beside
from mail_archive_local.importing.mail_sources import PARALLEL_BYTES
from mail_archive_local.storage.failures import StoreError
from mail_archive_local.storage.opening import DATABASE
from mail_archive_local.storage.store import Store
from tests.local.importing.test_importer import children_of, large_mbox
from tests.pace import HANGS, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes where Linux shows them")

MESSAGES = 6_000
NICEST = 19
TRIES = 5
LINE = re.compile(r"mail-archive-mcp: interrupted\. (.+)\n")
HARMLESS = re.compile(r"(?m)^(?:\d+%: )?[\d,]+ messages?(?: written)?\n")
"""Progress."""


def hear_ctrl_c() -> None:
    """As a terminal's shell starts a command: what runs behind a script's `&`, these tests maybe, is deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A command in a process group of its own, which gives way to this process: that is to see what it does in time."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "mail_archive_server", *words]
        self.as_json = "--json" in words
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - no thread of ours runs before the command does
        )
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self.process.pid, NICEST)

    def interrupt_when(self, reached: Callable[[int], bool]) -> str | None:
        """Press Ctrl-C once something is so; returns the one line that is said, None where all was done by then.

        The command is let run for a moment at a time, and held while it is looked at: on a busy machine it would be
        done before this process has its next turn."""
        wait_until(lambda: self._has_ended() or self._is_so_while_held(reached), pause=0.002)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
            os.kill(self.process.pid, signal.SIGCONT)
        said, complained = self.process.communicate(timeout=HANGS)
        assert "Traceback" not in complained + said, complained
        if self.process.returncode == 0:
            return None
        # A shell says 130 of both.
        assert self.process.returncode in (130, -signal.SIGINT), complained
        line = LINE.fullmatch(HARMLESS.sub("", complained))
        assert line, complained
        if self.as_json:
            # It says the same as an object.
            assert json.loads(said) == {"error": f"interrupted. {line[1]}"}
        return line[1]

    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def _is_so_while_held(self, reached: Callable[[int], bool]) -> bool:
        """Whether something is so; the command stays held then, and goes on where it is not."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGSTOP)
            if reached(self.process.pid):
                return True
            os.kill(self.process.pid, signal.SIGCONT)
        return False


def interrupted(reached: Callable[[int], bool], *words: str, made: Path | None = None) -> str:
    """What a command says that is interrupted once something is so. Where this process was kept waiting until all was
    done, it is begun anew, without what it `made`."""
    for _ in range(TRIES):
        said = Running(*words).interrupt_when(reached)
        if said is not None:
            return said
        if made is not None:
            shutil.rmtree(made)
    raise AssertionError(f"never interrupted in {TRIES} times")


def has_open(process: int, name: str) -> bool:
    try:
        links = list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        # It has just ended.
        return False
    for link in links:
        try:
            if link.readlink().name == name:
                return True
        except OSError:
            continue
    return False


@pytest.fixture(scope="module")
def mbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So much mail that other processes help."""
    path = tmp_path_factory.mktemp("mail") / "box"
    large_mbox(path, MESSAGES, 1_800)
    assert path.stat().st_size > PARALLEL_BYTES
    return path


def count(folder: Path) -> int:
    """How many messages are in it; none where it was not made to its end."""
    try:
        return count_in(folder)
    except StoreError as error:
        assert "is not a local archive yet" in str(error)
        return 0


def count_in(folder: Path) -> int:
    with Store(folder, looking=True) as store:
        return sum(store.count_messages(archive) for archive in store.archives())


STARTED: dict[str, Callable[[int], bool]] = {
    "its helpers start": lambda process: len(children_of(process)) >= 2,
    "its helpers have all started": lambda process: len(children_of(process)) >= 3,
    "the archive is open": lambda process: has_open(process, DATABASE),
}  # fmt: skip


@pytest.mark.parametrize("when", STARTED)
def test_an_interrupted_import_keeps_what_it_has_read(mbox: Path, tmp_path: Path, when: str) -> None:
    folder = tmp_path / "archive"
    said = interrupted(STARTED[when], "import", "--no-index", str(folder), str(mbox), made=folder)
    kept = count(folder)
    assert kept < MESSAGES and "The same command goes on." in said
    if when != "the archive is open":
        assert kept and said.startswith(f"{kept:,} messages were added to {folder}, and kept")


def test_an_interrupted_import_goes_on_with_the_same_command(mbox: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    interrupted(STARTED["its helpers start"], "import", "--no-index", str(folder), str(mbox), made=folder)
    kept = count(folder)
    command = [sys.executable, "-m", "mail_archive_server", "import", "--no-index", str(folder), str(mbox)]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"{MESSAGES - kept:,} messages added, {kept:,} were there already" in again.stdout
    assert count(folder) == MESSAGES


@pytest.fixture(scope="module")
def archive(mbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "archive"
    command = [sys.executable, "-m", "mail_archive_server", "import", "--no-index", str(folder), str(mbox)]
    assert subprocess.run(command, capture_output=True, check=True).returncode == 0
    return folder


def test_an_interrupted_export_is_unfinished_and_goes_on(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def has_begun(_: int) -> bool:
        return len(list(beside(out).rglob("*.eml"))) > 20

    said = interrupted(has_begun, "export-local", str(archive), str(out), made=out)
    assert re.match(r"[\d,]+ messages written, in .*out\.unfinished: the same command goes on, with --anew", said)
    assert not out.exists() and beside(out).is_dir()


def test_an_interrupted_export_with_texts_keeps_no_text_of_a_reader_that_was_stopped(
    archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def has_begun(_: int) -> bool:
        return len(list(beside(out).rglob("*.txt"))) > 20

    interrupted(has_begun, "export-local", str(archive), str(out), "--load-file", "dat", made=out)
    texts = [path.read_text() for path in beside(out).rglob("*.txt")]
    assert len(texts) > 20 and all("All work and no play." in text for text in texts)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_an_interrupted_verify_says_how_far_it_got(archive: Path, words: tuple[str, ...]) -> None:
    said = interrupted(lambda process: has_open(process, DATABASE), "verify", str(archive), *words)
    assert re.match(r"Nothing was changed; [\d,]+ messages? looked at until then, 0 damaged\. The same command", said)


@pytest.mark.soak
def test_at_any_moment_there_is_one_line(mbox: Path, archive: Path, tmp_path: Path) -> None:
    commands = (("import", "--no-index", str(tmp_path / "a"), str(mbox)), ("verify", str(archive)))
    for number in range(60):
        for words in (*commands, ("export-local", str(archive), str(tmp_path / f"out-{number}"))):
            running, ends = Running(*words), time.monotonic() + 0.3 + number * 0.03
            running.interrupt_when(lambda _, ends=ends: time.monotonic() > ends)  # type: ignore[misc]
