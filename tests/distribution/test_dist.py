"""What `make dist` makes: the same bytes twice, a bundle that a host can start, all that it stands on named."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from distribution.metadata import ASKED, NAME, VERSION
from mcp import Client, StdioServerParameters

from distribution import dist
from mail_archive_server.hosting.viewing import TOOL
from tests.conftest import ROOT, text_of

pytestmark = pytest.mark.slow

UV = Path(sys.executable).with_name("uv")
ACTIONLINT = ROOT / ".venv" / "actionlint" / "actionlint"
YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, as a host unpacks it."""
    if not dist.MCPB.exists():
        pytest.skip("no packer of bundles: `make test` fetches it, where there is npm")
    out = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(dist.bundle(out)) as packed:
        packed.extractall(out / "unpacked")
    return out / "unpacked"


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (dist.build(tmp_path / name) for name in ("first", "second"))
    assert [path.suffix for path in first] == [".whl", ".gz"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    with zipfile.ZipFile(first[0]) as wheel:
        names = wheel.namelist()
        told = wheel.read(f"{NAME.replace('-', '_')}-{VERSION}.dist-info/METADATA").decode()
    assert "mail_archive_server/viewer/search.html" in names and "mail_archive_server/viewer/main.js" in names
    assert not [name for name in names if name.startswith(("tests", "docs", "distribution"))]
    assert "Project-URL: Documentation, https://" in told
    # The package index shows the README by itself: a link into the repository would lead nowhere.
    readme = told.partition("\n\n")[2]
    assert re.findall(r"\]\((?!https://|#)[^)]+\)", readme) == []


def test_all_that_it_stands_on_is_in_the_bill_of_materials(tmp_path: Path) -> None:
    materials = json.loads(dist.materials(tmp_path).read_text("utf-8"))
    assert materials["bomFormat"] == "CycloneDX" and materials["metadata"]["component"]["name"] == NAME
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", dist.REQUIREMENTS.read_text("utf-8"), re.MULTILINE))
    found = {each["name"]: each["version"] for each in materials["components"]}
    assert found.keys() == pinned.keys() and {"mcp", "boto3", "pillow"} <= found.keys()
    assert all(each.get("purl") for each in materials["components"])


def test_the_bundle_names_what_it_asks_and_offers(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    assert set(manifest["user_config"]) == set(ASKED)
    assert (bundle / manifest["icon"]).read_bytes().startswith(b"\x89PNG")
    assert (bundle / manifest["server"]["entry_point"]).is_file()
    assert "show_archive_search" in [tool["name"] for tool in manifest["tools"]]
    assert not [path for path in bundle.rglob("*") if "__pycache__" in path.parts or path.suffix == ".so"]


@pytest.mark.anyio
async def test_a_host_starts_the_bundle_and_the_fraud_of_the_sample_is_found(bundle: Path, tmp_path: Path) -> None:
    config = json.loads((bundle / "manifest.json").read_text("utf-8"))["server"]["mcp_config"]
    if not UV.exists():
        pytest.skip("uv, which hosts bring, is not in this environment")
    # Of what its user leaves open, a host gives nothing, the default, or the placeholder.
    given = {"sample": "true", "region": "", "archive": "", "local": ""}
    variables = {
        name: given.get(value.removeprefix("${user_config.").removesuffix("}"), value)
        for name, value in config["env"].items()
    }
    arguments = [each.replace("${__dirname}", str(bundle)) for each in config["args"]]
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "UV_", "PIP_", "SSL_", "HOME"))}
    environment = {**kept, **variables, "UV_PYTHON": sys.executable, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")}
    assert config["command"] == "uv"
    done = subprocess.run(
        [str(UV), *arguments[:-1], NAME, "version"], env=environment, capture_output=True, text=True, check=False
    )
    if "dns error" in done.stderr or "Failed to fetch" in done.stderr:
        pytest.skip("what the server stands on cannot be fetched here")
    assert done.stdout == f"{NAME} {VERSION}\n", done.stderr

    async with Client(StdioServerParameters(command=str(UV), args=arguments, env=environment)) as client:
        (archive,) = (await called(client, "list_archives"))["Archives"]
        found = await called(client, "show_archive_search", archive_id=archive["ArchiveId"], **YEAR, subject=["bank"])
        fraud = found["Rows"][-1]["ArchivedMessageId"]
        read = await called(client, TOOL, tool="read_archive_message", arguments={"archived_message_id": fraud})
    assert "brightwel1-optics" in found["Rows"][-1]["From"]
    assert any("another domain" in each["Finding"] for each in read["Findings"])


async def called(client: Client, name: str, /, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, text_of(result)
    return result.structured_content or {}


def test_the_plugin_and_the_registrys_entry_are_made_with_it(tmp_path: Path) -> None:
    first = dist.plugin(tmp_path).read_bytes()
    with zipfile.ZipFile(dist.plugin(tmp_path)) as packed:
        assert set(packed.namelist()) == {
            *(".claude-plugin/plugin.json", ".mcp.json", "skills/investigate-mail/SKILL.md"),
        }
    assert (tmp_path / "mail-archive-plugin.zip").read_bytes() == first
    assert dist.entry(tmp_path).read_bytes() == (ROOT / "server.json").read_bytes()


# The container


def instructions(kind: str) -> list[str]:
    return re.findall(rf"^{kind} (.+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)


NOT_FETCHED = ("No matching distribution", "Could not fetch", "dns error", "Failed to fetch")


def here(command: str, app: Path) -> str:
    """A build step as it is run here. uv takes pip's words, hashes included, and does in a second what takes pip
    fifteen; that pip takes the same file is seen wherever `make demo` makes its environment."""
    if not UV.exists():
        return command.replace("/app", str(app)).replace("python -m venv", f"{sys.executable} -m venv", 1)

    made = command.replace("python -m venv", f"{sys.executable} -m venv --without-pip", 1)
    # What was fetched before is of use here: this is no layer of an image.
    installed = made.replace("/app/bin/python -m pip install --no-cache-dir", f"{UV} pip install --python /app", 1)
    return re.sub(r"(?<= )/app\b", str(app), installed)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image's build steps make, without Docker: the same commands, in folders of their own."""
    folder = tmp_path_factory.mktemp("image")
    source = folder / "source"
    for line in instructions("COPY"):
        *paths, target = line.split()
        if paths[0].startswith("--"):
            continue
        for path in paths:
            place = source / target / path if target == "./" else source / target
            place.parent.mkdir(parents=True, exist_ok=True)
            dist.copy(ROOT / path, place)
    # Nothing of it is run often enough to be worth compiling.
    environment = os.environ | {"PIP_NO_COMPILE": "1"}
    for command in instructions("RUN"):
        done = subprocess.run(
            here(command, folder / "app"),
            shell=True,
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if any(each in done.stderr for each in NOT_FETCHED):
            pytest.skip("what the image stands on cannot be fetched here")
        assert done.returncode == 0, done.stderr
    return folder / "app"


@pytest.mark.anyio
async def test_the_image_runs_as_nobody_on_a_file_system_that_it_cannot_write(image: Path) -> None:
    assert instructions("USER") == ["10001:10001"] and json.loads(instructions("ENTRYPOINT")[0]) == [NAME]
    health = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    program = str(image / "bin" / health[0])
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    assert subprocess.run([program, *health[1:]], env=environment, capture_output=True, check=False).returncode == 0
    command = [program, "--sample"]
    # Nothing below the image is this user's to write; where the Python behind it is not theirs to run, it is ours.
    nobody = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups", "--no-new-privs"]
    if os.getuid() == 0 and shutil.which(nobody[0]):
        for folder in (image, *image.parents):
            folder.chmod(folder.stat().st_mode | 0o055)
        tried = [*nobody, str(image / "bin" / "python"), "-c", ""]
        if subprocess.run(tried, env=environment, capture_output=True, check=False).returncode == 0:
            command = [*nobody, *command]
    async with Client(StdioServerParameters(command=command[0], args=command[1:], env=environment)) as client:
        assert (await called(client, "list_archives"))["Archives"]


def test_compose_starts_the_server_over_http_for_those_with_the_token() -> None:
    import yaml

    from mail_archive_server.settings import SettingError, read_settings

    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"].values()
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["tmpfs"] == ["/tmp"]
    given = {"MAIL_ARCHIVE_TOKEN": "t" * 32, "MAIL_ARCHIVE_SAMPLE": "yes"}

    def filled(found: re.Match[str]) -> str:
        name, _, default = found[1].partition(":")
        return given.get(name, default[1:] if default.startswith("-") else "")

    variables = {name: re.sub(r"\$\{([^}]+)\}", filled, value) for name, value in service["environment"].items()}
    settings = read_settings({}, variables)
    assert (settings.transport, settings.host, settings.token, settings.sample) == ("http", "0.0.0.0", "t" * 32, True)
    assert f":{settings.port}" in service["ports"][0]
    with pytest.raises(SettingError, match="Give a token"):
        read_settings({}, variables | {"MAIL_ARCHIVE_TOKEN": ""})


# What runs elsewhere


def test_workflows_are_valid_and_name_three_systems(tmp_path: Path) -> None:
    import yaml

    path = ROOT / ".github" / "workflows" / "ci.yml"
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    assert jobs.keys() == {"lint", "tests", "whole", "dist"}
    assert jobs["tests"]["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    for template in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        assert yaml.safe_load(template.read_text("utf-8"))
    if not ACTIONLINT.exists():
        pytest.skip("no actionlint: `make test` brings it, where there is Go")
    done = subprocess.run([ACTIONLINT, "-shellcheck=", path], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
    (tmp_path / "bad.yml").write_text(path.read_text("utf-8").replace("runs-on: ubuntu-latest", "runs-in: x", 1))
    assert subprocess.run([ACTIONLINT, tmp_path / "bad.yml"], capture_output=True, cwd=ROOT, check=False).returncode
