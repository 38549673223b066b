"""The examples, run as a reader would run them."""

import os
import subprocess
from pathlib import Path

import pytest

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.storage.store import Store
from tests import copies
from tests.conftest import ROOT, Sample, eml, loopback

pytestmark = pytest.mark.slow


def run(name: str, *words: str, **environment: str) -> str:
    finished = subprocess.run(
        copies.example(str(ROOT / "examples" / name), *words),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_every_example_is_run_here() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {
        *("mcp_client.py", "agent.py", "plain_boto3.py", "least_privilege.py", "local_archive.py")
    }


def test_the_client(sample: Sample) -> None:
    shown = run("mcp_client.py", str(sample.folder))
    assert shown.startswith("3 invoices in March 2025:")
    assert "Rechnung RE-2025-03 für Gehäuse" in shown


def test_the_agent(sample: Sample) -> None:
    shown = run("agent.py", str(sample.folder)).splitlines()
    assert len(shown) == 2
    assert all(line.endswith("not from Brightwell, but from vps-381.cheaphost.example") for line in shown)


def test_plain_boto3(sample: Sample) -> None:
    base: list[str] = []
    with Store(sample.folder) as store, loopback(api_app(Local(store, lambda: base[0]))) as url:
        base.append(url)
        key, secret = store.credentials
        keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
        shown = run("plain_boto3.py", url, **keys)
    assert "mails with attachments in June 2025" in shown and "bytes" in shown


def test_least_privilege(tmp_path: Path) -> None:
    shown = run("least_privilege.py", str(tmp_path / "folder"))
    assert "A message of tidewater-2025: read." in shown
    assert "A message of board: refused." in shown
    # Refused by the endpoint, which names the archive that the message's id does not.
    assert (
        "IAM does not allow ses:GetArchiveMessage on arn:aws:ses:us-east-1:000000000000:mailmanager-archive/" in shown
    )


def test_the_local_archive(tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    for day in (2, 3):
        letter = eml(subject=f"Letter of day {day}", date=f"Mon, {day} Jun 2025 10:00:00 +0000")
        (mail / f"{day}.eml").write_bytes(letter)
    assert run("local_archive.py", str(tmp_path / "folder"), str(mail)).splitlines() == [
        "2 messages added, 0 were there already",
        "- Letter of day 3",
        "- Letter of day 2",
        "2 messages written to folder-out",
        "folder is whole: True",
        "folder-out is whole: True",
    ]
