"""The command line in a process of its own that has not to load everything first.

Each command of `run` is a new process, forked from one that has loaded what commands load: its arguments, folder,
variables, output and exit status are a process's own, and it takes a tenth of the time. What is about starting (what is
loaded, signals, a terminal, standard input) starts a process as users do.
"""

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

Done = subprocess.CompletedProcess[str]
Order = dict[str, Any]
"""What a command is to be: its words, folder, umask and variables, and the files that it writes to."""

Variables = Mapping[str, str]
NO_OTHERS: Variables = {}
"""No variables beside those of this process."""

NOBODY = 65534

SECONDS = 120
"""What no command takes here: it is taken for one that hangs."""


def run(*words: str, cwd: Path | None = None, umask: int = 0o022, variables: Variables = NO_OTHERS) -> Done:
    """`mail-archive-mcp` with these words: its status, and all that it wrote. It has no standard input."""
    # Where processes cannot be forked (Windows), they are started.
    how = _fork if hasattr(os, "fork") else _start
    return _done(how, words, cwd, umask, variables)


def run_as_nobody(*words: str, cwd: Path | None = None) -> Done:
    """The same as a user who owns nothing, which root alone can become."""
    return _done(_fork, words, cwd, 0o022, NO_OTHERS, uid=NOBODY)


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
) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {
            "words": words,
            "folder": str(cwd or Path.cwd()),
            "umask": umask,
            "uid": uid,
            "variables": {**os.environ, **variables},
            "out": str(out),
            "err": str(err),
        }
        status = how(order)
        return Done(words, status, out.read_text("utf-8"), err.read_text("utf-8"))


def _start(order: Order) -> int:
    with Path(order["out"]).open("wb") as out, Path(order["err"]).open("wb") as err:
        return subprocess.run(
            [sys.executable, "-m", "mail_archive_server", *order["words"]],
            cwd=order["folder"],
            env=order["variables"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=SECONDS,
            check=False,
        ).returncode


def _fork(order: Order) -> int:
    warm = _warm()
    assert warm.stdin is not None and warm.stdout is not None
    warm.stdin.write(json.dumps(order) + "\n")
    warm.stdin.flush()
    return int(warm.stdout.readline())


@cache
def _warm() -> subprocess.Popen[str]:
    """The process that all commands of this one are forked from."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.warm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(started.kill)
    return started


# The warm process


def _serve() -> None:
    _load()
    # What was loaded is no garbage: children that look at it would copy it.
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if order["uid"] is not None:
            _load_all()
        child = os.fork()
        if child == 0:
            _become(order)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


_COMMANDS_LOAD = (
    "boto3",
    "mcp",
    "mail_archive_local.evidence.verifying",
    "mail_archive_local.evidence.exporting",
    "mail_archive_local.folder",
    "mail_archive_local.importing.importer",
    "mail_archive_server.app",
    "mail_archive_server.backends",
    "mail_archive_server.demo",
    "mail_archive_server.identity.doctor",
    "mail_archive_server.identity.local",
)


def _load() -> None:
    """What commands load when they run."""
    for name in _COMMANDS_LOAD:
        importlib.import_module(name)


def _become(order: Order) -> NoReturn:
    """Be the command: its exit is this process's, as if it had been started so."""
    import signal

    from mail_archive_server.cli import main

    os.environ.clear()
    os.environ.update(order["variables"])
    os.umask(order["umask"])
    os.chdir(order["folder"])
    for number, (path, how) in enumerate([(os.devnull, os.O_RDONLY), (order["out"], _NEW), (order["err"], _NEW)]):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
    signal.alarm(SECONDS)
    if order["uid"] is not None:
        _change_user(order["uid"])
    main(order["words"])
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


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

if __name__ == "__main__":
    _serve()
