"""How fast messages leave an archive and come back, with how much memory, and whether they come back the same.

python -m tests.bench_exports [COUNT]
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mail_archive_local.context import Local
from mail_archive_local.exporting.delivery import FolderDelivery
from mail_archive_local.exporting.exporter import Exporter
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from tests.buckets import Waits, start_export_of_all
from tests.conftest import ROOT, eml
from tests.folder import keeping_archive

_FIRST = 1_700_000_000
_AT_ONCE = 2_000
METADATA = {"IngressPointId": "inp-1", "SourceArn": "arn:aws:ses:us-east-1:000000000000:mailmanager-rule-set/rs-1"}


@dataclass(frozen=True)
class Measured:
    """Messages a second and peak memory (MB) of an export, of its import, and of `export-local`; whether what came back
    is the same."""

    exported: float
    memory: float
    imported: float
    import_memory: float
    written: float
    written_memory: float
    is_same: bool


def measure(count: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="mail-archive-bench-") as name:
        folder = Path(name)
        (folder / "buckets" / "evidence").mkdir(parents=True)
        fill(folder / "archive", count)
        exported, memory = _apart("export", folder)
        imported, import_memory = _apart("import", folder)
        written, written_memory = _apart("write", folder)
        same = digest(folder / "archive") == digest(folder / "copy")
    return Measured(count / exported, memory, count / imported, import_memory, count / written, written_memory, same)


def fill(folder: Path, count: int) -> None:
    """An archive with an export of all its messages that nobody has begun with."""
    text = "\r\n".join(f"Line {number} of a mail of ordinary length." for number in range(40))
    with Store(folder, create=True) as store:
        local = Local(store, str, exporter=Waits())
        archive_id = keeping_archive(local, "legal")
        archive = store.archive(archive_id)
        assert archive is not None
        for begin in range(0, count, _AT_ONCE):
            numbers = range(begin, min(begin + _AT_ONCE, count))
            store.add_messages(
                archive,
                [
                    describe(
                        eml(From="a@b.example", Subject=f"no {n}", Message_ID=f"<{n}@b.example>", body=f"{text}\r\n"),
                        archive_id,
                        _FIRST + n,
                        METADATA,
                        {"From": "bounce@b.example", "To": [f"x{n}@corp.example"]},
                    )
                    for n in numbers
                ],
            )
        start_export_of_all(local, archive_id, "s3://evidence/case")


def digest(folder: Path) -> str:
    """What is in an archive but for its own id: rows, metadata and bytes of all messages."""
    found = hashlib.sha256()
    with Store(folder) as store, store.reading() as db:
        sql = "SELECT m.api_row, m.metadata, r.bytes FROM message m JOIN raw r USING (id) ORDER BY archived_message_id"
        for row, metadata, raw in db.execute(sql):
            # In any order of members: what they say is the same.
            members = [json.loads(row), json.loads(metadata)]
            found.update(json.dumps(members, sort_keys=True).encode())
            found.update(raw)
    return found.hexdigest()


def _apart(what: str, folder: Path) -> tuple[float, float]:
    """The seconds and the peak memory that it takes in a process of its own."""
    code = "import sys; from tests.bench_exports import child; child(*sys.argv[1:])"
    words = [sys.executable, "-c", code, what, str(folder)]
    done = subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(megabytes)


def child(what: str, name: str) -> None:
    from mail_archive_server.cli import main

    folder = Path(name)
    began = time.perf_counter()
    if what == "export":
        with Store(folder / "archive") as store:
            Exporter(lambda: FolderDelivery(folder / "buckets")).run(Local(store, str))
            assert not Local(store, str).exports.unfinished()
    elif what == "import":
        main(["import", "--no-index", str(folder / "copy"), str(folder / "buckets" / "evidence" / "case")])
    else:
        main(["export-local", str(folder / "archive"), str(folder / "out")])
    seconds = time.perf_counter() - began
    # What `getrusage` says of a peak is that of the parent, where that was higher: this is of the process alone.
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps([seconds, peak / 1024]))


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
