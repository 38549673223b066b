"""What holds the project's parts apart, and what the wheel has in it."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOOLS = sorted((ROOT / "tools").rglob("*.py"))
SERVER = sorted((ROOT / "server").rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_tools_never_import_the_server() -> None:
    assert len(TOOLS) > 20
    assert [path.name for path in TOOLS if any(name.startswith("mail_archive_server") for name in imports(path))] == []


def test_only_the_store_and_its_queries_have_sql() -> None:
    assert {path.name for path in SERVER + TOOLS if "sqlite3" in imports(path)} == {"database.py", "store.py"}
    with_sql = {path.name for path in SERVER + TOOLS if re.search(r"\bSELECT .* FROM\b", path.read_text("utf-8"))}
    assert with_sql == {"database.py", "store.py", "query.py"}


def test_only_the_client_calls_mail_manager() -> None:
    callers = {
        path.name for path in TOOLS if any(name.split(".")[0] in ("boto3", "botocore") for name in imports(path))
    }
    assert callers == {"client.py", "refusals.py"}


def test_nothing_in_the_tools_asks_whether_the_archive_is_local() -> None:
    assert [path.name for path in TOOLS if "local" in {word.lower() for word in path.read_text("utf-8").split()}] == []


@pytest.mark.slow
def test_the_wheel_has_both_packages_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "mail_archive_server",
        "mail_archive_tools",
        "mail_archive_mcp-0.1.0.dist-info",
    }
    for needed in (
        "mail_archive_server/local/schema.sql",
        "mail_archive_server/py.typed",
        "mail_archive_tools/py.typed",
        "mail_archive_mcp-0.1.0.dist-info/licenses/LICENSE",
    ):
        assert needed in names
