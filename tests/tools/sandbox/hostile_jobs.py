"""What a mail that takes its worker over might do there. Imported by workers of the tests."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def environment_of_the_server(_: str) -> object:
    return Path(f"/proc/{os.getppid()}/environ").read_bytes()


def memory_of_the_server(_: str) -> object:
    with Path(f"/proc/{os.getppid()}/mem").open("rb") as memory:
        return memory.read(1)


def read_memory_by_call(_: str) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall({"x86_64": 310, "aarch64": 270}[os.uname().machine], os.getppid(), None, 0, None, 0, 0)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read_a_file(path: str) -> object:
    return Path(path).read_bytes()


def write_a_file(path: str) -> object:
    return Path(path).write_bytes(b"x")


def list_a_folder(path: str) -> object:
    return list(Path(path).iterdir())


def connect(port: str) -> object:
    return socket.create_connection(("127.0.0.1", int(port)), 2)


def send_a_datagram(port: str) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", int(port)))


def fork(_: str) -> object:
    if (child := os.fork()) == 0:
        os._exit(0)
    return child


def run_a_program(_: str) -> object:
    return subprocess.run([sys.executable, "-c", ""], check=True)


def replace_itself(_: str) -> object:
    os.execv(sys.executable, [sys.executable, "-c", ""])


def leave_the_session(_: str) -> None:
    os.setsid()


def end_the_server(_: str) -> None:
    os.kill(os.getppid(), signal.SIGTERM)


def end_by_a_descriptor(_: str) -> object:
    return os.pidfd_open(os.getppid())


ESCAPES: dict[str, Callable[[str], object]] = {
    each.__name__: each
    for each in (
        environment_of_the_server, memory_of_the_server, read_memory_by_call, read_a_file, write_a_file, list_a_folder,
        connect, send_a_datagram, fork, run_a_program, replace_itself, leave_the_session, end_the_server,
        end_by_a_descriptor,
    )
}  # fmt: skip


def escape(_: bytes, name: str, argument: str) -> str:
    """What became of an attempt: "done", or the kind of refusal."""
    try:
        ESCAPES[name](argument)
    except BaseException as error:  # noqa: BLE001
        return type(error).__name__
    return "done"


def environment(_: bytes) -> dict[str, str]:
    return dict(os.environ)


def inherited_descriptors(_: bytes) -> list[int]:
    """Open files above those of its own that it can be asked for."""
    found = select.poll()
    for number in range(60):
        found.register(number)
    return [number for number, events in found.poll(0) if not events & select.POLLNVAL]


def spin(_: bytes) -> None:
    while True:
        pass


def sleep(_: bytes) -> None:
    time.sleep(60)


def fill_memory(_: bytes) -> int:
    return len(bytearray(900_000_000))


def answer_much(_: bytes) -> str:
    return "x" * 100_000_000


def print_much(_: bytes) -> str:
    for _times in range(300):
        sys.stdout.write("x" * 1_000_000)
    return "done"


def crash(_: bytes) -> None:
    ctypes.string_at(0)


def leave(_: bytes) -> None:
    os._exit(0)


def lie(_: bytes) -> object:
    return {"text": ["not", "a", "text"]}


def echo(data: bytes) -> str:
    return data.decode()


def pause(data: bytes) -> int:
    time.sleep(float(data))
    return os.getpid()


JOBS = {
    each.__name__: each
    for each in (
        escape, environment, inherited_descriptors, spin, sleep, fill_memory, answer_much, print_much, crash, leave,
        lie, echo, pause,
    )
}  # fmt: skip
