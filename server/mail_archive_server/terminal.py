"""What commands print, and to whom: a person at a terminal, or a program."""

import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

# C0 and C1 controls, and what turns the direction of a line: a file's name may have them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BROKEN_PIPE = 141
"""What a shell says of a program that a closed pipe ended: 128 and SIGPIPE."""


class CommandError(Exception):
    """A command that cannot go on; the text says why, and what to do. `found` is what it has to tell all the same where
    JSON is wanted: its own object, to which the text is added."""

    def __init__(self, text: str, found: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.found = found or {}


class Interrupted(CommandError):
    """A command that Ctrl-C ended; the text says what is kept, and how to go on."""


def speak_any_charset() -> None:
    """Let what a terminal's charset lacks be shown by its number, rather than end the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def end_without_a_reader() -> NoReturn:
    """End after whoever read the output has gone: `demo | head` wants no more of it."""
    # Python would complain when it flushes what is left at its end.
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lasts
    sys.exit(_BROKEN_PIPE)


def shown(path: Path | str) -> str:
    """A file's name as text: control characters, which could act on the terminal, by their numbers."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def escaped(record: logging.LogRecord) -> bool:
    """A filter of loggers: a line of a log with its control characters by their numbers."""
    record.msg, record.args = shown(record.getMessage()), ()
    return True


def number_of(count: int, thing: str) -> str:
    """`1 message`, `1,200 messages`."""
    if count == 1:
        return f"1 {thing}"
    return f"{count:,} {thing}s"
