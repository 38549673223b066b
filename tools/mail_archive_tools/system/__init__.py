"""What differs between Linux, macOS and Windows, in one place: what this system has of it.

Asked where it matters, by these names; a test takes each of them away and looks at what is done without.
"""

import importlib.util
import os
import signal
import socket
import sys

CAN_CONFINE = sys.platform.startswith("linux")
"""A process can give up files, network and other processes by itself (Landlock, seccomp). Else that is said, by
`version --verbose` and `doctor`, and the limits that there are hold."""

HAS_LIMITS = importlib.util.find_spec("resource") is not None
"""A process can be limited in memory and CPU time (setrlimit). Else the server's patience ends what takes too long."""

HAS_CPU_TIMER = hasattr(signal, "setitimer")
"""A process can be ended when it has used so much CPU time. Else its parent ends it after as much time by the clock."""

CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""A process can be copied, and the copy be given a socket. Else each worker is started anew, which takes longer."""

IS_WINDOWS = os.name == "nt"
"""A terminal is opened by another name, and standard input stays where it is."""

CAN_DELAY_SIGNALS = hasattr(signal, "pthread_sigmask")
"""A signal can be kept until later, also from processes that start meanwhile. Else they hear Ctrl-C by themselves."""

KNOWS_MEDIA = hasattr(os, "statvfs")
"""Whether what a file lies on can only be read is told. Else it is tried."""

HAS_FILE_MODES = os.name == "posix"
"""Files have modes that keep other users out. Else the folder's own access rules do, which are the user's to set."""

HAS_UNIX_SOCKETS = hasattr(socket, "AF_UNIX")
"""There are sockets that only their user can open. Else `--socket` is refused with a sentence."""
