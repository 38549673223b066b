"""System calls by name, and their numbers on each kind of machine (asm/unistd_64.h; asm-generic/unistd.h).

`ALLOWED` is all that a worker may still do. It was found with strace over the corpus and every format of document, with
glibc; what musl does instead, from knowledge of it, is on it too, and was not run: open and stat for openat and
newfstatat, readv and writev for its streams, membarrier when it loads a library.
"""

F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
"""Commands of fcntl by which a file sends signals to any process of the same user (fcntl(2))."""

FCNTL_ALLOWED = {"F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_DUPFD_CLOEXEC": 1030}
FCNTL_REFUSED = {"F_SETOWN": F_SETOWN, "F_SETSIG": F_SETSIG, "F_SETOWN_EX": F_SETOWN_EX}

FCNTL = {"x86_64": 72, "aarch64": 25}

# What is asked for most often stands first: an older kernel goes through the list at each call.
ALLOWED = {
    "x86_64": {
        "futex": 202, "mmap": 9, "munmap": 11, "brk": 12, "read": 0, "write": 1, "newfstatat": 262, "setitimer": 38,
        "lseek": 8, "openat": 257, "close": 3, "fstat": 5, "clock_gettime": 228, "mprotect": 10, "mremap": 25,
        "madvise": 28, "open": 2, "stat": 4, "lstat": 6, "statx": 332, "access": 21, "faccessat": 269,
        "faccessat2": 439, "readlink": 89, "readlinkat": 267, "getdents64": 217, "getcwd": 79, "pread64": 17,
        "readv": 19, "writev": 20, "poll": 7, "ppoll": 271, "select": 23, "pselect6": 270, "membarrier": 324,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sigaltstack": 131, "restart_syscall": 219,
        "sched_yield": 24, "sched_getaffinity": 204, "getcpu": 309, "nanosleep": 35, "clock_nanosleep": 230,
        "clock_getres": 229, "gettimeofday": 96, "time": 201, "times": 100, "getrusage": 98, "uname": 63,
        "sysinfo": 99, "getrandom": 318, "getpid": 39, "gettid": 186, "getuid": 102, "geteuid": 107, "getgid": 104,
        "getegid": 108, "exit": 60, "exit_group": 231,
    },
    "aarch64": {
        "futex": 98, "mmap": 222, "munmap": 215, "brk": 214, "read": 63, "write": 64, "newfstatat": 79,
        "setitimer": 103, "lseek": 62, "openat": 56, "close": 57, "fstat": 80, "clock_gettime": 113, "mprotect": 226,
        "mremap": 216, "madvise": 233, "statx": 291, "faccessat": 48, "faccessat2": 439, "readlinkat": 78,
        "getdents64": 61, "getcwd": 17, "pread64": 67, "readv": 65, "writev": 66, "ppoll": 73, "pselect6": 72,
        "membarrier": 283, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "sigaltstack": 132,
        "restart_syscall": 128, "sched_yield": 124, "sched_getaffinity": 123, "getcpu": 168, "nanosleep": 101,
        "clock_nanosleep": 115, "clock_getres": 114, "gettimeofday": 169, "times": 153, "getrusage": 165,
        "uname": 160, "sysinfo": 179, "getrandom": 278, "getpid": 172, "gettid": 178, "getuid": 174, "geteuid": 175,
        "getgid": 176, "getegid": 177, "exit": 93, "exit_group": 94,
    },
}  # fmt: skip

REFUSED = {
    "x86_64": {
        "shmget": 29, "shmat": 30, "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49,
        "listen": 50, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "semget": 64,
        "msgget": 68, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93, "lchown": 94, "ptrace": 101,
        "setpgid": 109, "setsid": 112, "capset": 126, "rt_sigqueueinfo": 129, "utime": 132, "setpriority": 141,
        "sched_setparam": 142, "sched_setscheduler": 144, "pivot_root": 155, "prctl": 157, "chroot": 161,
        "mount": 165, "umount2": 166, "sethostname": 170, "setdomainname": 171, "setxattr": 188, "lsetxattr": 189,
        "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "tkill": 200,
        "sched_setaffinity": 203, "tgkill": 234, "utimes": 235, "mq_open": 240, "add_key": 248, "request_key": 249,
        "keyctl": 250, "ioprio_set": 251, "migrate_pages": 256, "fchownat": 260, "futimesat": 261, "fchmodat": 268,
        "unshare": 272, "move_pages": 279, "utimensat": 280, "accept4": 288, "rt_tgsigqueueinfo": 297,
        "perf_event_open": 298, "prlimit64": 302, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "sched_setattr": 314, "bpf": 321, "execveat": 322, "userfaultfd": 323,
    },
    "aarch64": {
        "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16,
        "ioprio_set": 30, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "fchmod": 52, "fchmodat": 53,
        "fchownat": 54, "fchown": 55, "utimensat": 88, "capset": 91, "unshare": 97, "ptrace": 117,
        "sched_setparam": 118, "sched_setscheduler": 119, "sched_setaffinity": 122, "kill": 129, "tkill": 130,
        "tgkill": 131, "rt_sigqueueinfo": 138, "setpriority": 140, "setpgid": 154, "setsid": 157, "sethostname": 161,
        "setdomainname": 162, "prctl": 167, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194,
        "shmat": 196, "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203,
        "sendto": 206, "sendmsg": 211, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220,
        "execve": 221, "migrate_pages": 238, "move_pages": 239, "rt_tgsigqueueinfo": 240, "perf_event_open": 241,
        "accept4": 242, "prlimit64": 261, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "sched_setattr": 274, "bpf": 280, "execveat": 281, "userfaultfd": 282,
    },
}  # fmt: skip
"""What is known to do harm: refused where a worker cannot live with `ALLOWED`."""

REFUSED_EVERYWHERE = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466,
}  # fmt: skip


def refused(machine: str) -> dict[str, int]:
    """Calls that are known to do harm, on such a machine."""
    return {**REFUSED[machine], **REFUSED_EVERYWHERE}
