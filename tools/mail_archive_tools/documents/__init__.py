"""Text of files that came with mail: PDF, Office, sheets, RTF, archives' listings.

The parsers of such files are large and their input is hostile, so each file is opened in a process of its own: in
memory only, without the server's environment (which may hold credentials), and with limits on time and memory.
Macros and external references are never followed.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

Kind = Literal["pdf", "word", "slides", "opendocument", "sheets", "rtf", "zip"]

SECONDS = 10.0
"""How long the reading of one file may take."""

DATA_BYTES = 300_000_000
"""How much memory the process may fill, where the system can limit it."""

_PASSED_ON = ("SYSTEMROOT", "PATH", "LANG", "LC_ALL", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class DocumentText:
    """`notes` say what was cut, left out, or not run."""

    text: str
    notes: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file cannot be read as what it is; the text goes on from "the file ...": "... is encrypted"."""


def read_document(kind: Kind, data: bytes) -> DocumentText:
    """The text of a file. Blocks for up to `SECONDS`.

    Raises:
        Unreadable: there is no text to be had of it.
    """
    # Isolated from the caller's variables and folder, but finding what this process finds.
    path = [each for each in sys.path if each]
    code = f"import sys; sys.path[:] = {path!r}; from mail_archive_tools.documents.child import main; main()"
    command = [sys.executable, "-I", "-c", code, kind]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        # Of what it says on stderr nothing is shown: it may quote the file.
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(f"took longer than {SECONDS:g} s to open, so it was given up") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Unreadable("cannot be opened within the limits of memory, or breaks its parser") from None
    if "problem" in answer:
        raise Unreadable(answer["problem"])
    return DocumentText(answer["text"], tuple(answer["notes"]))
