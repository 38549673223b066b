"""The README, held to what is there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.cli import COMMANDS, _parser
from mail_archive_server.commands.serve import add_arguments
from mail_archive_server.settings import SETTINGS, read_settings
from mail_archive_tools.catalog import CATALOG
from tests.buckets import Bucket, s3_server
from tests.conftest import ROOT, Sample, eml

SPRING = {"from_timestamp": "2025-03-01", "to_timestamp": "2025-06-01"}

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("bash") for line in block.splitlines() if line]


def table(header: str) -> list[list[str]]:
    lines = README[README.index(header) :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_every_tool_is_in_the_table() -> None:
    expected = [
        [f"`{entry.name}`", entry.title, ", ".join(f"`{action}`" for action in entry.iam_actions)] for entry in CATALOG
    ]
    assert table("| tool | what") == expected


def test_every_setting_is_in_the_table() -> None:
    def default(value: Any) -> str:
        if isinstance(value, bool):
            return "`yes`" if value else "`no`"
        return "" if value in (None, ()) else f"`{value}`"

    expected = [
        [
            f"`{setting.flag}`" if setting.flag else "",
            f"`{setting.variable}`",
            default(setting.default),
            setting.help,
        ]
        for setting in SETTINGS
    ]
    assert table("| flag | variable") == expected


def test_the_layout_names_what_is_there() -> None:
    layout = README[README.index("## Layout") : README.index("## Develop")]
    named = set(re.findall(r"[\w]+\.(?:py|sql)", layout))
    there = {path.name for root in ("tools", "server") for path in (ROOT / root).rglob("*.py")}
    there |= {"schema.sql", "exports.sql"}
    packages = {
        "commands",
        "documents",
        "models",
        "sample",
        "mime",
        "rendering",
        "codecs",
        "fields",
        "carried",
        "html",
        "css",
        "evidence",
    }
    inside = {path.name for name in packages for path in ROOT.rglob(f"*/{name}/*.py") if ".venv" not in path.parts}
    assert named <= there
    assert there - named <= inside | {"__init__.py", "__main__.py"}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_hosts_configurations_are_taken_by_the_command_line() -> None:
    configurations = [json.loads(block) for block in blocks("json")]
    assert len(configurations) == 4
    for configuration in configurations:
        (servers,) = configuration.values()
        server = servers["mail-archive"]
        assert server["command"] == "uvx" and server["args"][0] == "mail-archive-mcp"
        assert_taken(server["args"][1:], server.get("env", {}))


def assert_taken(words: list[str], environment: dict[str, str]) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    read_settings(vars(parser.parse_args(words)), environment)


def test_every_command_is_one_that_a_test_runs_or_reads() -> None:
    kinds = {
        "make": {"demo", "test", "quick", "check", "interop", "investigations", "soak", "schemas", "bench"},
        "pip": {"install"},
        "claude": {"mcp"},
        "mail-archive-mcp": {
            *("demo", "import", "local", "tools", "call", "policy", "doctor", "--local", "--transport"),
            *("verify", "export-local"),
        },
        "export": {"AWS_ENDPOINT_URL_MAILMANAGER=http://127.0.0.1:8025"},
        "eval": {"$(mail-archive-mcp local sample --show-credentials)"},
        "aws": {"mailmanager"},
        "python": {"examples/agent.py", "examples/mcp_client.py", "examples/least_privilege.py"},
    }
    for line in commands():
        words = shlex.split(line)
        assert words[1] in kinds[words[0]], line
        if words[0] == "mail-archive-mcp":
            arguments = words[1:] if words[1] in COMMANDS else ["serve", *words[1:]]
            _parser().parse_args(arguments)
        if words[0] == "claude":
            assert_taken(words[words.index("mail-archive-mcp") + 1 :], {})
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.slow
def test_the_commands_of_a_local_archive_work_in_their_order(tmp_path: Path, sample: Sample) -> None:
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mail" / "one.eml").write_bytes(eml(Subject="one"))
    (tmp_path / "export.mbox").write_bytes(b"From a@b.example Sun Jun  1 12:00:00 2025\n" + eml(Subject="two"))
    bin_folder = Path(sys.executable).parent
    ending = ("import", "demo", "call", "tools", "policy", "--local")
    runnable = [
        line
        for line in commands()
        if line.startswith(("python", *(f"mail-archive-mcp {word}" for word in ending)))
        # The first takes its time, and is run among the examples; the others want a bucket.
        and "least_privilege" not in line
        and "case-7" not in line
    ]
    assert len(runnable) == 11
    in_order = list(dict.fromkeys(runnable))
    # What makes something may be run once more.
    again = [line for line in in_order if " import " in line or " demo " in line]
    for line in [*in_order, *again]:
        words = shlex.split(line.replace("~", str(tmp_path)).replace("examples/", f"{ROOT}/examples/"))
        finished = subprocess.run(
            [str(bin_folder / words[0]), *words[1:]],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, (line, finished.stderr)
    assert (tmp_path / "my-archive").is_dir() and (tmp_path / "sample").is_dir()


@pytest.mark.slow
def test_the_commands_of_an_export_work_in_their_order(tmp_path: Path) -> None:
    """On a real S3 server; openssl makes the keys."""
    lines = [line for line in commands() if "case-7" in line or line.startswith("mail-archive-mcp verify out")]
    assert len(lines) == 5
    for command in ("genpkey -algorithm ed25519 -out key.pem", "pkey -in key.pem -pubout -out public.pem"):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True)
    with s3_server() as url:
        bucket = Bucket(url, "evidence")
        for number in range(3):
            mail = eml(From="ann@acme.example", Subject=str(number), Date="Wed, 2 Apr 2025 10:00:00 +0000")
            bucket.client.put_object(Bucket="evidence", Key=f"case-7/{number}", Body=mail)
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        said = []
        for line in lines:
            words = [str(Path(sys.executable).parent / "mail-archive-mcp"), *shlex.split(line)[1:]]
            done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (line, done.stderr)
            said.append(done.stdout)
    assert "3 messages added" in said[0] and "3 messages as listed" in said[1]
    assert (
        "was signed by public.pem" in said[3] and (tmp_path / "production" / "NATIVES" / "CASE7-0000003.eml").is_file()
    )


@pytest.mark.slow
def test_least_privilege_in_five_minutes(tmp_path: Path) -> None:
    script = "\n".join(blocks("sh"))
    assert script.count("mail-archive-mcp") == 7
    finished = subprocess.run(
        ["bash", "-e", "-u", "-c", f'{script}\nmail-archive-mcp call search_archive "$BOARD"'],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BOARD": json.dumps({"archive_id": "a-other", **SPRING}),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "by AWS (AssumeRole), and by this server" in finished.stdout
    assert "assumed-role/analyst/mail-archive-mcp" in finished.stdout
    assert "tidewater-2025" in finished.stdout and "board\t" not in finished.stdout
    # Only what was added to the page's own lines fails.
    assert "Archive a-other is none of those that this server keeps to" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
