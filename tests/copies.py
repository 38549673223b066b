"""Programs that are copies of one process, which has loaded what commands load: the parent's and the client's side.

One such process serves all processes of a run. It is told what each program is to be, and given its three standard
files. A program ends with the one who asked for it.
"""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

WHERE = "TESTS_COPIES"
"""The variable that tells the processes of a run where that process listens."""

CAN_COPY = hasattr(os, "pidfd_open")
"""Elsewhere than on Linux, programs are started as users start them."""

WAITING = 100
"""How many may ask at the same time, while it loads."""

Order = dict[str, Any]
"""What a program is to be: its words, folder, umask, user and variables; code where it is not the command line."""


@cache
def begin() -> str:
    """Have that process started, by the first of this run that needs it; gives where it listens."""
    if WHERE in os.environ:
        return os.environ[WHERE]

    folder = tempfile.mkdtemp(prefix="copies-")
    where = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(where)
        listening.listen(WAITING)
        serving = subprocess.Popen(
            [sys.executable, "-m", "tests.copying", str(listening.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[listening.fileno()],
            # Ctrl-C ends the run, which ends it.
            start_new_session=True,
        )

    def end() -> None:
        serving.kill()
        serving.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    os.environ[WHERE] = where
    return where


def status_of(order: Order, files: list[int]) -> int:
    """What a program ends with that has these three files."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(begin())
        text = json.dumps(order).encode()
        socket.send_fds(asking, [b"%08d" % len(text)], files)
        asking.sendall(text)
        with asking.makefile() as said:
            _, status = said.readline(), said.readline()
            return int(status)


# `python -m mail_archive_server`, for programs that start it: what is asked for otherwise is Python's own. It loads
# next to nothing itself.
_IN_PLACE = """\
#!{python} -IS
import os, sys

PYTHON = {python!r}
OURS = ["-m", "mail_archive_server"]
words = sys.argv[1:]
if {is_command}:
    words = OURS + words
if words[:2] != OURS:
    os.execv(PYTHON, [PYTHON, *words])

import _socket, json, signal, struct

order = dict(words=words[2:], folder=os.getcwd(), variables=dict(os.environ), umask=os.umask(0), uid=None)
text = json.dumps(order).encode()
asking = _socket.socket(_socket.AF_UNIX)
asking.connect({where!r})
files = struct.pack("3i", 0, 1, 2)
asking.sendmsg([b"%08d" % len(text)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
asking.sendall(text)
said = open(asking.fileno(), closefd=False)
copy = int(said.readline())

# Nobody but the copy has an end of its pipes open.
for number in (0, 1, 2):
    os.close(number)
    os.open(os.devnull, os.O_RDWR)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: os.kill(copy, number))

status = int(said.readline())
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


@cache
def python() -> str:
    """A program like this Python, whose `-m mail_archive_server` is a copy."""
    return _in_place("python", is_command=False)


# What an example starts with its own Python is a copy; the example itself loads what it needs.
_EXAMPLE = """
import runpy, sys
_, sys.executable, *sys.argv = sys.argv
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def example(*words: str) -> list[str]:
    """The command of an example: its path and its words."""
    return [sys.executable, "-c", _EXAMPLE, python(), *words]


@cache
def command() -> str:
    """The program `mail-archive-mcp`, a copy."""
    return _in_place("mail-archive-mcp", is_command=True)


def _in_place(name: str, is_command: bool) -> str:
    if not CAN_COPY:
        return str(Path(sys.executable).with_name(name)) if is_command else sys.executable

    where = begin()
    program = Path(where).with_name(f"{os.getpid()}-{name}") / name
    program.parent.mkdir()
    program.write_text(_IN_PLACE.format(python=sys.executable, where=where, is_command=is_command))
    program.chmod(0o700)
    return str(program)
