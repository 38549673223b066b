"""What a mail that takes its worker over might do there. Imported by workers of the tests."""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SERVER = os.getppid()
"""Whoever started this. Asked when this is imported: a worker cannot ask any more."""


def by_number(name: str, *arguments: object) -> int:
    """What a system call gives that Python has no function for."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(NUMBERS[os.uname().machine][name], *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


NUMBERS = {
    "x86_64": {"process_vm_readv": 310, "sethostname": 170, "capset": 126, "io_uring_setup": 425},
    "aarch64": {"process_vm_readv": 270, "sethostname": 161, "capset": 91, "io_uring_setup": 425},
}


def environment_of_the_server(_: str) -> object:
    return Path(f"/proc/{SERVER}/environ").read_bytes()


def memory_of_the_server(_: str) -> object:
    with Path(f"/proc/{SERVER}/mem").open("rb") as memory:
        return memory.read(1)


def read_memory_by_call(_: str) -> object:
    return by_number("process_vm_readv", SERVER, None, 0, None, 0, 0)


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
    os.kill(SERVER, signal.SIGTERM)


def end_by_a_descriptor(_: str) -> object:
    return os.pidfd_open(SERVER)


def change_the_mode(path: str) -> None:
    Path(path).chmod(0o4777)


def change_the_owner(path: str) -> None:
    os.chown(path, 1, 1)


def change_the_times(path: str) -> None:
    os.utime(path, (0, 0))


def set_an_attribute(path: str) -> None:
    os.setxattr(path, "user.x", b"x")


def rename_the_machine(_: str) -> object:
    # As it is called already: where this is not refused, no harm is done.
    name = os.uname().nodename.encode()
    return by_number("sethostname", name, len(name))


def set_capabilities(_: str) -> object:
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    return by_number("capset", header, none)


def set_up_io_uring(_: str) -> object:
    return by_number("io_uring_setup", 1, bytes(120))


def own_a_file_for_the_server(_: str) -> object:
    return fcntl.fcntl(0, fcntl.F_SETOWN, SERVER)


def choose_the_signal_of_a_file(_: str) -> object:
    return fcntl.fcntl(0, getattr(fcntl, "F_SETSIG", 10), signal.SIGKILL)


ESCAPES: dict[str, Callable[[str], object]] = {
    each.__name__: each
    for each in (
        environment_of_the_server, memory_of_the_server, read_memory_by_call, read_a_file, write_a_file, list_a_folder,
        connect, send_a_datagram, fork, run_a_program, replace_itself, leave_the_session, end_the_server,
        end_by_a_descriptor, change_the_mode, change_the_owner, change_the_times, set_an_attribute, rename_the_machine,
        set_capabilities, set_up_io_uring, own_a_file_for_the_server, choose_the_signal_of_a_file,
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


def fill_shared_memory(_: bytes) -> int:
    return fill(mmap.mmap(-1, 900_000_000))


def fill_memory_downwards(_: bytes) -> int:
    grows_down = 0x100
    pieces = [mmap.mmap(-1, 90_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | grows_down) for _ in range(10)]
    return sum(map(fill, pieces))


def fill(memory: mmap.mmap) -> int:
    for place in range(0, len(memory), mmap.PAGESIZE):
        memory[place] = 1
    return len(memory)


def calls_that_answer(_: bytes, without: list[int]) -> dict[str, int]:
    """All system calls but these that do something here, by number: what they fail with, called with nonsense."""
    libc = ctypes.CDLL(None, use_errno=True)
    nonsense = [ctypes.c_long(-1)] * 6
    answered: dict[str, int] = {}
    for number in sorted(set(range(600)) - set(without)):
        result = libc.syscall(ctypes.c_long(number), *nonsense)
        if result >= 0 or ctypes.get_errno() != errno.ENOSYS:
            answered[str(number)] = 0 if result >= 0 else ctypes.get_errno()
    return answered


def say(text: bytes) -> None:
    """Answer these bytes, whatever they are, as a worker does that was taken over."""
    frame = struct.pack(">II", len(text), 0) + text
    for descriptor in range(3, 60):
        try:
            os.fstat(descriptor)
            written = os.write(descriptor, frame)
        except OSError:
            continue
        while written < len(frame):
            written += os.write(descriptor, frame[written:])
        break
    os._exit(0)


def say_many_lists(_: bytes, size: int) -> None:
    say(b'{"result":[' + b"[],[]," * (size // 6) + b"[]]}")


def say_deep_lists(_: bytes, depth: int) -> None:
    say(b'{"result":' + b"[" * depth + b"]" * depth + b"}")


def say_what_is_no_json(_: bytes, text: str) -> None:
    say(text.encode("utf-8", "surrogatepass"))


def name_an_error(_: bytes, name: str) -> None:
    say(json.dumps({"broke": name}).encode())


def raise_an_error_of_its_own(_: bytes, name: str) -> None:
    raise type(name, (Exception,), {})


jobs_done: list[bytes] = []
"""What this process was asked before."""


def late_unless_new(data: bytes) -> str:
    """Done at once by a worker that did nothing before; else never."""
    if jobs_done:
        time.sleep(60)
    jobs_done.append(data)
    return "done at once"


def broken_unless_new(data: bytes) -> str:
    if jobs_done:
        os._exit(1)
    jobs_done.append(data)
    return "done"


def lie_about_all(_: bytes) -> None:
    say(b'"I am well"')


def remember(data: bytes) -> list[str]:
    """All that this process was given so far."""
    jobs_done.append(data)
    return [each.decode() for each in jobs_done]


spent: list[bytes] = []


def break_a_parser(data: bytes) -> int:
    spent.append(data)
    return os.getpid()


def is_spent() -> bool:
    return bool(spent)


IS_SPENT = is_spent


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
        lie, echo, pause, fill_shared_memory, fill_memory_downwards, calls_that_answer, say_many_lists, say_deep_lists,
        say_what_is_no_json, name_an_error, raise_an_error_of_its_own, late_unless_new, remember, break_a_parser,
        broken_unless_new, lie_about_all,
    )
}  # fmt: skip
