"""What holds the project's parts apart, and what the wheel has in it."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mail_archive_local
from tests.conftest import ROOT

PACKAGES = {
    "mail_archive_tools": ROOT / "tools" / "mail_archive_tools",
    "mail_archive_local": ROOT / "server" / "mail_archive_local",
    "mail_archive_server": ROOT / "server" / "mail_archive_server",
}
"""The packages, each of which imports those before it alone."""

FILES = sorted(path for folder in PACKAGES.values() for path in folder.rglob("*.py"))

ROOM_FILES = 14
"""Files that stand side by side in one room, `__init__.py` left aside."""

FACE_NAMES = 20
"""Names of the local archive that others may use, at most."""

FLOORS = {
    "mail_archive_tools": (
        ("catalog",),
        ("archives", "searches", "messages", "search", "read", "summarize", "thread", "check", "exports", "indexing"),
        ("access",),
        ("counting", "conversations", "comparing", "exporting"),
        ("searching",),
        ("reading",),
        ("answers",),
        ("storage",),
        ("index",),
        ("service",),
        ("models",),
        ("words",),
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
    ),
    "mail_archive_local": (
        ("folder",),
        ("evidence", "doors"),
        ("endpoint", "exporting", "importing", "choosing"),
        ("operations",),
        ("context",),
        ("download_links",),
        ("identity",),
        ("wire", "storage"),
        ("api_errors", "arns", "errors"),
    ),
    "mail_archive_server": (
        ("__main__",),
        ("cli",),
        ("commands",),
        ("demo", "machine"),
        ("sample", "app"),
        ("backends", "transport"),
        ("identity", "resources", "prompts", "middleware"),
        ("hosting", "indexes"),
        ("settings",),
        ("setting_values", "terminal", "viewer", "stopping"),
    ),
}
"""The rooms of each package, and the files beside them: each imports from its own room or from floors below."""

SDK_ROOMS = ("mail_archive_tools.service", "mail_archive_server.identity", "mail_archive_local.wire",
             "mail_archive_local.identity")  # fmt: skip
"""Where boto3 and botocore are known."""

SQL_ROOMS = ("mail_archive_tools.storage", "mail_archive_local.storage")


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
    paths = {module(path): path for path in FILES}
    return {name: (imports(path) & paths.keys()) - {name} for name, path in paths.items()}


def package(name: str) -> str:
    return name.partition(".")[0]


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
    """The room of its package that a module is in, or the module itself where it stands at the top."""
    _, _, inner = name.partition(".")
    inside_mime = re.match(r"mime\.(?:codecs|fields|carried|html|css|evidence)(?=\.|$)", inner)
    return inside_mime[0] if inside_mime else inner.partition(".")[0]


def outside(rooms: tuple[str, ...], paths: list[Path]) -> list[str]:
    """Those of the modules that are in none of these rooms."""
    return [name for name in map(module, paths) if not name.startswith(tuple(f"{each}." for each in rooms))]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = import_graph()
    assert len(graph) > 100
    assert circle(graph) == []


@pytest.mark.parametrize("of", PACKAGES)
def test_arrows_lead_down_only(of: str) -> None:
    floor_of = {name: number for number, names in enumerate(FLOORS[of]) for name in names}
    inside = {name: below for name, below in import_graph().items() if package(name) == of and room(name)}
    assert {room(name) for name in inside} == set(floor_of)
    upwards = [
        f"{name} imports {each}"
        for name, below in inside.items()
        for each in below
        if package(each) == of
        and room(each)
        and room(each) != room(name)
        and floor_of[room(each)] <= floor_of[room(name)]
    ]
    assert upwards == []


def test_packages_import_those_below_alone() -> None:
    height = {name: number for number, name in enumerate(PACKAGES)}
    upwards = [
        f"{name} imports {each}"
        for name, below in import_graph().items()
        for each in below
        if height[package(each)] > height[package(name)]
    ]
    assert upwards == []


def test_the_local_archive_has_one_face() -> None:
    """What the server and the examples import of it are few names, each of which is there."""
    face = set(mail_archive_local.__all__)
    assert 10 < len(face) <= FACE_NAMES
    assert all(getattr(mail_archive_local, name).__doc__ for name in face - {"ACCOUNT", "DEFAULT_REGION"})
    users = [path for path in FILES if package(module(path)) == "mail_archive_server"]
    imported = {
        name
        for path in [*users, *(ROOT / "examples").glob("*.py")]
        for name in imports(path)
        if package(name) == "mail_archive_local"
    }
    assert imported - {"mail_archive_local"} <= {f"mail_archive_local.{name}" for name in face}
    assert "mail_archive_local.ArchiveFolder" in imported


def test_the_face_of_the_local_archive_costs_nothing_before_it_is_used() -> None:
    code = "import sys, mail_archive_local; print([name for name in sys.modules if 'mail_archive_' in name])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "['mail_archive_local']"


def test_the_local_archive_knows_nothing_of_mcp() -> None:
    local = [path for path in FILES if package(module(path)) == "mail_archive_local"]
    assert len(local) > 50
    knowing = {
        module(path) for path in local for name in imports(path) if name.partition(".")[0] in ("mcp", "mcp_types")
    }
    assert knowing == set()


def test_rooms_stay_small() -> None:
    folders = [path for root in ("server", "tools") for path in (ROOT / root).rglob("*") if path.is_dir()]
    sizes = {
        str(folder.relative_to(ROOT)): len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        for folder in folders
        if "__pycache__" not in folder.parts and not folder.name.endswith(".egg-info")
    }
    assert {name: size for name, size in sizes.items() if size > ROOM_FILES} == {}


def test_sql_is_in_storage_alone() -> None:
    with_driver = [path for path in FILES if "sqlite3" in imports(path)]
    with_sql = [path for path in FILES if re.search(r"\bSELECT .* FROM\b", path.read_text("utf-8"))]
    assert len(with_driver) > 5 and len(with_sql) > 5
    assert outside(SQL_ROOMS, with_driver + with_sql) == []


def test_the_sdk_is_known_in_few_rooms() -> None:
    callers = [path for path in FILES if {name.partition(".")[0] for name in imports(path)} & {"boto3", "botocore"}]
    assert len(callers) > 10
    assert outside(SDK_ROOMS, callers) == []


def test_nothing_in_the_tools_asks_whether_the_archive_is_local() -> None:
    tools = [path for path in FILES if package(module(path)) == "mail_archive_tools"]
    assert [path.name for path in tools if "local" in {word.lower() for word in path.read_text("utf-8").split()}] == []


@pytest.mark.slow
def test_the_wheel_has_all_packages_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        *PACKAGES,
        "mail_archive_mcp-0.1.0.dist-info",
    }
    for needed in (
        "mail_archive_local/storage/schema.sql",
        "mail_archive_server/hosting/tools.json",
        "mail_archive_local/py.typed",
        "mail_archive_server/py.typed",
        "mail_archive_tools/py.typed",
        "mail_archive_mcp-0.1.0.dist-info/licenses/LICENSE",
    ):
        assert needed in names
