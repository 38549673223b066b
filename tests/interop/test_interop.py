"""Clients and frameworks that are not ours: each, in an environment of its own, lists the tools, converts all of them
with nothing dropped, and calls some with what its conversion would send.

`make interop` makes the environments, pinned, and runs this; elsewhere those that are not there are skipped.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import READING, ROOT, Sample

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ENVIRONMENTS = ROOT / ".venv" / "interop"
FRAMEWORKS = sorted(path.parent.name for path in HERE.glob("*/client.py"))
SECONDS = 180


def told(sample: Sample) -> str:
    """What a client needs to know: how to start the server, and what is in its archive."""
    server = ["-m", "mail_archive_server", "--local", str(sample.folder), "--search-seconds", "0"]
    words = {"archive_id": sample.archive_id, "from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}
    found = subprocess.run(
        [
            *(sys.executable, "-m", "mail_archive_server", "call", "search_archive"),
            json.dumps({**words, "sender": ["brightwel1"], "subject": ["bank"]}),
            *("--json", "--local", str(sample.folder)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.dumps(
        {
            "command": sys.executable,
            "args": server,
            "archive_id": sample.archive_id,
            "archived_message_id": json.loads(found.stdout)["Rows"][-1]["ArchivedMessageId"],
        }
    )


def report_of(command: list[str]) -> dict[str, list[str]]:
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert finished.returncode == 0, finished.stderr[-3_000:]
    report: dict[str, list[str]] = json.loads(finished.stdout.splitlines()[-1])
    return report


def test_there_are_frameworks() -> None:
    assert len(FRAMEWORKS) == 8
    assert all((HERE / name / "constraints.txt").is_file() for name in FRAMEWORKS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_converts_all_tools_and_calls_three(sample: Sample, framework: str) -> None:
    python = ENVIRONMENTS / framework / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment for {framework}: `make interop` makes it")
    report = report_of([str(python), str(HERE / framework / "client.py"), told(sample)])
    assert report["converted"] == sorted(entry.name for entry in READING)
    assert report["called"] == ["list_archives", "search_archive", "read_archive_message"]


def test_typescript_calls_every_tool_and_validates_its_answers(sample: Sample) -> None:
    environment = ENVIRONMENTS / "typescript"
    node = shutil.which("node")
    if node is None or not (environment / "node_modules").is_dir():
        pytest.skip("no environment for typescript: `make interop` makes it, where there is Node.js")
    # Modules are looked for beside the script.
    script = shutil.copy(HERE / "typescript" / "client.mjs", environment)
    report = report_of([node, str(script), told(sample)])
    assert report["converted"] == sorted(entry.name for entry in READING)
    assert sorted(report["called"]) == report["converted"]
