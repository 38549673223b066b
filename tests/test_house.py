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

ROOM_FILES = 14
"""Files that stand side by side in one room, `__init__.py` left aside."""

FLOORS = (
    ("catalog",),
    ("archives", "searches", "messages", "search", "read", "summarize", "thread", "check", "exports"),
    ("access",),
    ("counting", "conversations", "comparing", "exporting"),
    ("searching",),
    ("reading",),
    ("answers",),
    ("service",),
    ("models",),
    ("mime.evidence", "documents"),
    ("mime",),
    ("mime.html", "mime.carried", "mime.fields"),
    ("mime.css",),
    ("mime.codecs",),
    ("cache",),
    ("calls",),
    ("sandbox",),
    ("untrusted",),
    ("system",),
    ("errors",),
)
"""The rooms of the tools, and the files beside them: each imports from its own floor's room or from floors below."""


def module(path: Path) -> str:
    """A file as Python names it: `mail_archive_tools.mime.headers`; of a package, the package."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts[1:])
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """All that a file imports, in functions and for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def import_graph() -> dict[str, set[str]]:
    """Our modules, and which of them each imports."""
    paths = {module(path): path for path in TOOLS + SERVER}
    return {name: (imports(path) & paths.keys()) - {name} for name, path in paths.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Names that lead back to the first of them; none where the graph has no circle."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for below in sorted(graph[name]):
            if found := follow(below, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := follow(name, []))), [])


def room(name: str) -> str:
    """The room that a module of the tools is in, or the module itself where it stands at the top."""
    inner = name.removeprefix("mail_archive_tools").lstrip(".")
    inside_mime = re.match(r"mime\.(?:codecs|fields|carried|html|css|evidence)(?=\.|$)", inner)
    return inside_mime[0] if inside_mime else inner.split(".")[0]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = import_graph()
    assert len(graph) > 100
    assert circle(graph) == []


def test_arrows_lead_down_only() -> None:
    floor_of = {name: number for number, names in enumerate(FLOORS) for name in names}
    tools = {name: below for name, below in import_graph().items() if name.startswith("mail_archive_tools.")}
    assert {room(name) for name in tools} == set(floor_of)
    upwards = [
        f"{name} imports {each}"
        for name, below in tools.items()
        for each in below - {"mail_archive_tools"}
        if room(each) != room(name) and floor_of[room(each)] <= floor_of[room(name)]
    ]
    assert upwards == []


def test_rooms_stay_small() -> None:
    folders = [path for root in ("server", "tools") for path in (ROOT / root).rglob("*") if path.is_dir()]
    sizes = {
        str(folder.relative_to(ROOT)): len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        for folder in folders
        if "__pycache__" not in folder.parts and not folder.name.endswith(".egg-info")
    }
    assert {name: size for name, size in sizes.items() if size > ROOM_FILES} == {}


def test_tools_never_import_the_server() -> None:
    assert len(TOOLS) > 20
    assert [path.name for path in TOOLS if any(name.startswith("mail_archive_server") for name in imports(path))] == []


def test_only_the_store_and_its_queries_have_sql() -> None:
    storage = {
        "alone.py",
        "checking.py",
        "database.py",
        "exports.py",
        "definitions.py",
        "failures.py",
        "hashes.py",
        "indexed.py",
        "opening.py",
        "putting.py",
        "reading.py",
        "store.py",
    }
    assert {path.name for path in SERVER + TOOLS if "sqlite3" in imports(path)} == {*storage, "kept.py"}
    with_sql = {path.name for path in SERVER + TOOLS if re.search(r"\bSELECT .* FROM\b", path.read_text("utf-8"))}
    assert with_sql == {*storage, "kept.py", "query.py"} - {"alone.py", "failures.py"}


def test_only_what_calls_aws_knows_its_sdk() -> None:
    callers = {
        path.name for path in TOOLS if any(name.split(".")[0] in ("boto3", "botocore") for name in imports(path))
    }
    assert callers == {
        *("buckets.py", "client.py", "once.py", "refusals.py", "credentials.py", "causes.py", "sdk_errors.py"),
        *("documents.py", "faults.py"),
    }


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
        "mail_archive_local/storage/schema.sql",
        "mail_archive_server/hosting/tools.json",
        "mail_archive_server/py.typed",
        "mail_archive_tools/py.typed",
        "mail_archive_mcp-0.1.0.dist-info/licenses/LICENSE",
    ):
        assert needed in names
