"""The process that programs are copies of: it loads what commands load, and is copied for each one that asks."""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

from tests.copies import Order

SECONDS = 120
"""What no command takes here: it is taken for one that hangs."""

OWNER = 0
"""The standard input, on which nothing is ever said: it ends with the run."""

_COMMANDS_LOAD = (
    "boto3",
    "mcp",
    "mail_archive_local.evidence.verifying",
    "mail_archive_local.evidence.exporting",
    "mail_archive_local.folder",
    "mail_archive_local.importing.importer",
    "mail_archive_server.__main__",
    "mail_archive_server.app",
    "mail_archive_server.backends",
    "mail_archive_server.demo",
    "mail_archive_server.identity.doctor",
    "mail_archive_server.identity.local",
)


class Copying:
    """Waits for those who ask, for their end and for the end of their copies."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._poll = select.poll()
        self._asking: dict[int, tuple[socket.socket, int]] = {}
        """Who asked, by the file that tells of the end of the copy; and the copy's number."""

    def run(self) -> None:
        for number in (OWNER, self._listening.fileno()):
            self._poll.register(number, select.POLLIN)
        while True:
            for number, _ in self._poll.poll():
                if number == OWNER:
                    self._end_all()
                    return
                self._look_at(number)

    def _look_at(self, number: int) -> None:
        if number == self._listening.fileno():
            self._copy()
        elif number in self._asking:
            self._tell_of_the_end(number)
        else:
            self._end_copy_of(number)

    def _copy(self) -> None:
        asking, _ = self._listening.accept()
        size, files, _, _ = socket.recv_fds(asking, 8, 3)
        if not size:
            asking.close()
            return
        with asking.makefile("rb") as said:
            order: Order = json.loads(said.read(int(size)))
        if order["uid"] is not None:
            _load_all()

        copy = os.fork()
        if copy == 0:
            _become(order, files)
        for each in files:
            os.close(each)
        asking.sendall(b"%d\n" % copy)
        ending = os.pidfd_open(copy)
        self._asking[ending] = (asking, copy)
        for number in (ending, asking.fileno()):
            self._poll.register(number, select.POLLIN)

    def _tell_of_the_end(self, ending: int) -> None:
        asking, copy = self._asking.pop(ending)
        _, status = os.waitpid(copy, 0)
        for number in (ending, asking.fileno()):
            self._forget(number)
        os.close(ending)
        # Who asked may have ended.
        with suppress(BrokenPipeError):
            asking.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        asking.close()

    def _end_copy_of(self, number: int) -> None:
        """Who asked for it was ended."""
        for asking, copy in self._asking.values():
            if asking.fileno() == number:
                os.kill(copy, signal.SIGKILL)
                self._forget(number)

    def _forget(self, number: int) -> None:
        # It may have been forgotten before.
        with suppress(KeyError):
            self._poll.unregister(number)

    def _end_all(self) -> None:
        for _, copy in self._asking.values():
            os.kill(copy, signal.SIGKILL)


def _become(order: Order, files: list[int]) -> NoReturn:
    """Be the command: its exit is this process's, as if it had been started so."""
    from mail_archive_server.__main__ import main

    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["variables"])
    os.umask(order["umask"])
    os.chdir(order["folder"])
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.argv = ["mail-archive-mcp", *order["words"]]
    signal.alarm(SECONDS)
    if order["uid"] is not None:
        _change_user(order["uid"])
    if order.get("code"):
        sys.argv[0] = "-c"
        exec(order["code"], {"__name__": "__main__"})
    else:
        main()
    sys.exit(0)


def _load_all() -> None:
    """What there is to be loaded: another user may not even read this package."""
    import importlib.readers  # noqa: F401
    import pkgutil
    from importlib import import_module

    import mail_archive_server
    import mail_archive_tools

    for package in (mail_archive_server, mail_archive_tools):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def _change_user(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def main() -> None:
    for name in _COMMANDS_LOAD:
        importlib.import_module(name)
    # What was loaded is no garbage: copies that look at it would make it their own.
    gc.freeze()
    Copying(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
