"""The command line in a process of its own that has not to load everything first.

Each command of `run` is a new process, forked from one that has loaded what commands load: its arguments, folder,
variables, output and exit status are a process's own, and it takes a tenth of the time. What is about starting (what is
loaded, signals, a terminal, standard input) starts a process as users do.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests import copies
from tests.copies import Order
from tests.copying import SECONDS

Done = subprocess.CompletedProcess[str]
Variables = Mapping[str, str]
NO_OTHERS: Variables = {}
"""No variables beside those of this process."""

NOBODY = 65534


def run(*words: str, cwd: Path | None = None, umask: int = 0o022, variables: Variables = NO_OTHERS) -> Done:
    """`mail-archive-mcp` with these words: its status, and all that it wrote. It has no standard input."""
    how = _fork if copies.CAN_COPY else _start
    return _done(how, words, cwd, umask, variables)


def run_as_nobody(*words: str, cwd: Path | None = None) -> Done:
    """The same as a user who owns nothing, which root alone can become."""
    return _done(_fork, words, cwd, 0o022, NO_OTHERS, uid=NOBODY)


def run_code(code: str, *words: str, cwd: Path | None = None) -> Done:
    """`python -c` with this code and these words, in a process that has loaded what commands load."""
    how = _fork if copies.CAN_COPY else _start
    return _done(how, words, cwd, 0o022, NO_OTHERS, code=code)


def start(*words: str, cwd: Path | None = None, variables: Variables = NO_OTHERS) -> Done:
    """The same in a process that loads everything itself, as users start it."""
    return _done(_start, words, cwd, 0o022, variables)


def _done(
    how: Callable[[Order], int],
    words: tuple[str, ...],
    cwd: Path | None,
    umask: int,
    variables: Variables,
    uid: int | None = None,
    code: str = "",
) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {
            "words": words,
            "folder": str(cwd or Path.cwd()),
            "umask": umask,
            "uid": uid,
            "code": code,
            "variables": {**os.environ, **variables},
            "out": str(out),
            "err": str(err),
        }
        status = how(order)
        return Done(words, status, out.read_text("utf-8"), err.read_text("utf-8"))


def _start(order: Order) -> int:
    program = ["-c", order["code"]] if order["code"] else ["-m", "mail_archive_server"]
    with Path(order["out"]).open("wb") as out, Path(order["err"]).open("wb") as err:
        return subprocess.run(
            [sys.executable, *program, *order["words"]],
            cwd=order["folder"],
            env=order["variables"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=SECONDS,
            check=False,
        ).returncode


def _fork(order: Order) -> int:
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with ExitStack() as opened:
        files = [os.open(os.devnull, os.O_RDONLY), os.open(order["out"], how, 0o600), os.open(order["err"], how, 0o600)]
        for each in files:
            opened.callback(os.close, each)
        return copies.status_of(order, files)
