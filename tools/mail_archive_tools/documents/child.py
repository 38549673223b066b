"""The process that opens one document: its kind as the argument, its bytes on stdin, JSON on stdout."""

import json
import sys

from mail_archive_tools.documents import DATA_BYTES
from mail_archive_tools.documents.limits import Gathered, Refused

_CPU_SECONDS = 9


def main() -> None:
    """Read, limit, parse, answer. What a parser raises on a broken file is told by its kind alone."""
    data = sys.stdin.buffer.read()
    _limit(len(data))
    gathered = Gathered()
    try:
        _read(sys.argv[1], data, gathered)
    except Refused as error:
        answer: dict[str, object] = {"problem": str(error)}
    except Exception as error:  # noqa: BLE001 - this process has no other use
        answer = {
            "problem": f"cannot be read: it is broken, or of a kind that is not known here ({type(error).__name__})"
        }
    else:
        answer = {"text": gathered.text, "notes": gathered.notes}

    sys.stdout.write(json.dumps(answer))


def _read(kind: str, data: bytes, gathered: Gathered) -> None:
    if kind == "pdf":
        from mail_archive_tools.documents.pdf import read
    elif kind in ("word", "slides", "opendocument"):
        from mail_archive_tools.documents.office import read
    elif kind == "sheets":
        from mail_archive_tools.documents.sheets import read
    elif kind == "rtf":
        from mail_archive_tools.documents.rtf import read
    elif kind == "zip":
        from mail_archive_tools.documents.zips import read
    else:
        raise Refused(f"is of a kind that is not read here: {kind}")
    read(data, gathered)


def _limit(already: int) -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limits; the time-out of the server still holds.
        return

    wanted = (
        (resource.RLIMIT_DATA, DATA_BYTES + 2 * already),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    )
    for kind, limit in wanted:
        # A limit that the operator has set lower stands: raising it is not for us.
        _, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))
