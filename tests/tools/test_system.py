"""What is done where a system lacks something: each is taken away here, on whatever this runs on."""

import os
import signal
import sys
import threading
from pathlib import Path

import anyio
import pytest

from mail_archive_local.storage.store import Store
from mail_archive_server.settings import Settings
from mail_archive_server.stopping import OpenRequests, run_until_told_to_stop
from mail_archive_server.terminal import CommandError
from mail_archive_server.transport.listening import listen
from mail_archive_server.transport.tokens import token_of
from mail_archive_tools import system
from mail_archive_tools.reading.readings import MessageReading
from mail_archive_tools.sandbox import limits
from mail_archive_tools.sandbox.confinement import PROTECTIONS, confine
from mail_archive_tools.sandbox.pool import Sandbox
from tests.conftest import ROOT
from tests.pace import HANGS

Patch = pytest.MonkeyPatch


def test_without_confinement_each_protection_says_why_it_does_not_hold(monkeypatch: Patch) -> None:
    monkeypatch.setattr(system, "CAN_CONFINE", False)
    monkeypatch.setattr(system, "HAS_LIMITS", False)
    missing = confine()
    assert set(missing) == set(PROTECTIONS)
    assert "only Linux" in missing["files"] and "limits neither memory nor CPU time" in missing["memory and time"]


@pytest.mark.skipif(not system.HAS_LIMITS, reason="this system limits nothing")
def test_without_limits_none_is_set(monkeypatch: Patch) -> None:
    import resource

    monkeypatch.setattr(system, "HAS_LIMITS", False)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits.restrict()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_without_a_timer_a_reading_has_none(monkeypatch: Patch) -> None:
    monkeypatch.setattr(system, "HAS_CPU_TIMER", False)
    limits.allow_cpu(1_000)
    if hasattr(signal, "getitimer"):
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


async def _read_a_letter() -> list[str]:
    sandbox = Sandbox("mail_archive_tools.reading.jobs")
    try:
        with sandbox.batch("a-1"):
            raw = b"Subject: x\r\n\r\nHello"
            context: dict[str, object] = {"trusted_ids": [], "known": [], "keys": {}}
            read = [await sandbox.run("message", raw, MessageReading.of, context=context) for _ in range(2)]
        return [each.text.whole for each in read]
    finally:
        sandbox.close()


def test_without_copies_of_a_process_each_worker_is_started_anew(monkeypatch: Patch) -> None:
    monkeypatch.setattr(system, "CAN_FORK", False)
    assert anyio.run(_read_a_letter) == ["Hello", "Hello"]


def test_without_file_modes_nothing_is_said_to_be_exposed(monkeypatch: Patch, tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        (tmp_path / "archive").chmod(0o755)
        if system.HAS_FILE_MODES:
            assert store.exposed()
        monkeypatch.setattr(system, "HAS_FILE_MODES", False)
        assert store.exposed() == []
        store.keep_from_others()
    token = tmp_path / "token"
    token.write_text("a" * 40)
    token.chmod(0o644)
    assert token_of(Settings(transport="http", token_file=token)) == "a" * 40


def test_without_unix_sockets_a_socket_is_refused(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setattr(system, "HAS_UNIX_SOCKETS", False)
    with pytest.raises(CommandError, match=r"no Unix sockets\. Leave --socket out"):
        listen(Settings(transport="http", socket=tmp_path / "socket"))


def test_without_signals_in_the_loop_a_server_runs_to_its_end() -> None:
    """In a thread, whose loop hears no signals on any system."""
    done: list[str] = []

    async def serve() -> None:
        await anyio.sleep(0.01)
        done.append("served")

    thread = threading.Thread(target=anyio.run, args=(run_until_told_to_stop, serve, OpenRequests(), 1, done.clear))
    thread.start()
    thread.join(HANGS)
    assert done == ["served"]


def test_what_this_system_has_is_asked_in_one_place() -> None:
    """Nobody else looks at the name of the system, or whether the standard library has a part of it."""
    looks = ("sys.platform", "os.name", "hasattr(signal", "hasattr(socket", "hasattr(os", "platform.system() ==")
    sources = [path for root in ("tools", "server") for path in (ROOT / root).rglob("*.py")]
    own = ROOT / "tools" / "mail_archive_tools" / "system" / "__init__.py"
    found = [path for path in sources if path != own and any(each in path.read_text("utf-8") for each in looks)]
    assert found == [] and own in sources


def test_this_system_is_described_as_it_is() -> None:
    assert (os.name == "posix") is system.HAS_FILE_MODES
    assert system.CAN_CONFINE is (sys.platform == "linux")
