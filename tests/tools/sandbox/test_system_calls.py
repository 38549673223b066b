"""The system calls that a worker may still make: by number, by trying, and where they are too few."""

import errno
import platform
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mail_archive_tools.sandbox import seccomp, system_calls
from mail_archive_tools.sandbox.confinement import OTHER_CALLS
from mail_archive_tools.sandbox.pool import Sandbox
from tests.conftest import ROOT

pytestmark = pytest.mark.anyio

known_here = pytest.mark.skipif(not seccomp.is_known(), reason="no filter of system calls for this kind of machine")

HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
_NUMBER = re.compile(r"#define __NR(?:3264)?_(\w+)\s+(\d+)")
_OTHER_NAMES = {"newfstatat": "fstatat"}

NEVER = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr "
    "fsetxattr setxattrat sethostname setdomainname capset io_uring_setup io_uring_enter io_uring_register"
).split()


@pytest.mark.parametrize("machine", HEADERS)
def test_each_name_has_the_number_that_the_kernel_gives_it(machine: str) -> None:
    header = next((path for path in map(Path, HEADERS[machine]) if path.is_file()), None)
    if header is None:
        pytest.skip("the kernel's headers are not installed here")
    numbers = {name: int(number) for name, number in _NUMBER.findall(header.read_text("utf-8"))}
    newest = max(numbers.values())
    ours = {**system_calls.ALLOWED[machine], **system_calls.refused(machine), "fcntl": system_calls.FCNTL[machine]}
    for name, number in ours.items():
        # A header may be older than a call.
        if number <= newest:
            assert numbers.get(name, numbers.get(_OTHER_NAMES.get(name, ""))) == number, name


@pytest.mark.parametrize("machine", system_calls.ALLOWED)
def test_nothing_that_does_harm_is_allowed(machine: str) -> None:
    allowed = system_calls.ALLOWED[machine]
    assert not set(allowed.values()) & set(system_calls.refused(machine).values())
    assert not set(NEVER) & set(allowed)
    assert not {"F_SETOWN", "F_SETSIG", "F_SETOWN_EX", "F_SETFL"} & set(system_calls.FCNTL_ALLOWED)
    assert len(set(allowed.values())) == len(allowed)


@known_here
async def test_a_worker_can_make_no_call_that_is_not_on_the_list(sandbox: Sandbox) -> None:
    """Each of the kernel's calls is made: all others answer as if the kernel did not have them."""
    # fcntl is answered by its command. The kernel's own probes of user space (335 and 336 on x86-64) pass every filter,
    # and end whoever calls them from elsewhere.
    allowed = [335, 336, *system_calls.ALLOWED[platform.machine()].values(), system_calls.FCNTL[platform.machine()]]
    assert await sandbox.run("calls_that_answer", b"", dict, without=allowed) == {}
    # What is on the list is there: it is not the kernel that has nothing.
    left = [number for number in allowed if number != system_calls.ALLOWED[platform.machine()]["uname"]]
    answered = await sandbox.run("calls_that_answer", b"", dict, without=left)
    assert answered == {str(system_calls.ALLOWED[platform.machine()]["uname"]): errno.EFAULT}


@known_here
async def test_a_worker_that_cannot_live_with_these_is_left_more_and_that_is_said(picky: Sandbox) -> None:
    missing = picky.missing_protections()
    assert missing[OTHER_CALLS] == (
        "a sample could not be read with the calls that are left (OSError); what is known to do harm is refused instead"
    )
    assert "processes" not in missing and "network" not in missing and "signals" not in missing
    assert await picky.run("echo", b"read", str) == "read"
    refused = system_calls.refused(platform.machine())
    without = sorted(set(range(600)) - set(refused.values()))
    answered = await picky.run("calls_that_answer", b"", dict, without=without)
    assert set(answered.values()) == {errno.EPERM}
    assert set(answered) == {str(number) for number in refused.values()}


# Answers E2BIG where more than `size` bytes of rules are given to landlock_create_ruleset, as a kernel does that does
# not know them yet.
OLDER_KERNEL = """
import errno, struct, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from mail_archive_tools.sandbox import landlock, seccomp, trying
seccomp.give_up_privileges()
seccomp._install(bytes.fromhex(sys.argv[2]))
assert landlock.is_there()
landlock.restrict([Path(sys.argv[1])])
print(trying.opens_files(), trying.connects_by_tcp(), Path(sys.argv[1], "README.md").exists())
"""


@known_here
@pytest.mark.parametrize(("size", "tcp"), [(8, "True"), (16, "False"), (24, "False")])
def test_what_a_kernel_lacks_is_found_by_trying(sandbox: Sandbox, size: int, tcp: str) -> None:
    """A kernel that takes fewer rules takes away less, whatever version it says that it has."""
    if sandbox.missing_protections():
        pytest.skip(f"the kernel here lacks too much itself: {sandbox.missing_protections()}")
    load, equal, above, answer = 0x20, 0x15, 0x25, 0x06
    steps = [
        (load, 0, 0, 0),
        (equal, 0, 3, 444),
        (load, 0, 0, 24),
        (above, 0, 1, size),
        (answer, 0, 0, 0x00050000 | errno.E2BIG),
        (answer, 0, 0, 0x7FFF0000),
    ]
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    command = [sys.executable, "-c", OLDER_KERNEL, str(ROOT), program.hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", tcp, "True"]
