"""What registries and hosts are told is what the settings and tools are, and what those who take it accept."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from distribution.metadata import FILES, PROJECT, cursor_link, manifest, server_json, started, text_of, vscode_link

from mail_archive_server.settings import SETTINGS, read_settings
from mail_archive_tools import __version__
from mail_archive_tools.catalog import CATALOG
from tests.conftest import ROOT
from tests.pace import HANGS
from tests.test_docs import README, assert_taken

REGISTRY = "github.com/modelcontextprotocol/registry@v1.8.9"
SCHEMA = "internal/validators/schemas/2025-12-11.json"


@pytest.mark.parametrize("place", FILES)
def test_what_is_in_the_repository_is_what_is_made(place: str) -> None:
    """`make metadata` writes it anew."""
    assert (ROOT / place).read_text("utf-8") == text_of(place)


def test_all_say_the_same_version_and_name() -> None:
    assert server_json()["version"] == manifest()["version"] == PROJECT["version"] == __version__
    assert f"<!-- mcp-name: {server_json()['name']} -->" in README
    assert len(server_json()["description"]) <= 100


def test_every_setting_is_a_variable_with_its_description() -> None:
    (package,) = server_json()["packages"]
    variables = {each["name"]: each for each in package["environmentVariables"]}
    assert list(variables) == [setting.variable for setting in SETTINGS]
    for setting in SETTINGS:
        told = variables[setting.variable]
        assert setting.help.lower() in told["description"].lower() and told["isSecret"] is setting.secret
        values = [told["default"]] if "default" in told else []
        for text in values + told.get("choices", []):
            read_settings({}, {setting.variable: text} | ({"MAIL_ARCHIVE_TOKEN": "x" * 32} if text == "http" else {}))


@pytest.mark.slow
def test_the_registrys_schema_takes_the_entry() -> None:
    """The schema as the registry publishes it in its own module."""
    if shutil.which("go") is None:
        pytest.skip("the registry's schema comes with its Go module, and there is no Go")
    command = ["go", "mod", "download", "-json", REGISTRY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANGS)
    if done.returncode:
        pytest.skip("the registry's module cannot be fetched here")
    schema = json.loads((Path(json.loads(done.stdout)["Dir"]) / SCHEMA).read_text("utf-8"))
    assert schema["$id"] == server_json()["$schema"]
    validator = jsonschema.Draft7Validator(schema)
    assert list(validator.iter_errors(server_json())) == []
    assert list(validator.iter_errors(server_json() | {"description": "x" * 101}))


def links(host: str) -> list[str]:
    return re.findall(rf"\]\((https://{re.escape(host)}[^)]+)\)", README)


def test_install_links_hold_what_the_command_line_takes() -> None:
    (code,), (cursor,) = links("vscode.dev/"), links("cursor.com/")
    assert code == vscode_link("--sample") and cursor == cursor_link("--sample")
    found = parse_qs(urlsplit(code).query)
    assert found["name"] == ["mail-archive"]
    config: dict[str, Any] = json.loads(found["config"][0])
    assert config == {"type": "stdio", **started("--sample")}
    from base64 import b64decode

    encoded = parse_qs(urlsplit(cursor).query)["config"][0]
    assert json.loads(b64decode(encoded)) == started("--sample")
    assert_taken(config["args"][1:], {})


def test_the_plugin_has_a_skill_that_names_tools_that_are_there() -> None:
    skill = (ROOT / "plugin" / "skills" / "investigate-mail" / "SKILL.md").read_text("utf-8")
    head = re.match(r"---\nname: ([a-z-]{1,64})\ndescription: (.{1,1024})\n---\n", skill)
    assert head and head[1] == "investigate-mail"
    names = {entry.name for entry in CATALOG}
    called = {word for word in re.findall(r"`([a-z_]+)`", skill) if "_" in word} - {"filter_here", "group_by"}
    assert called <= names and len(called) >= 8
    servers = json.loads((ROOT / "plugin" / ".mcp.json").read_text("utf-8"))["mcpServers"]
    assert servers == {"mail-archive": started()}
    (plugin,) = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text("utf-8"))["plugins"]
    assert (ROOT / plugin["source"] / ".claude-plugin" / "plugin.json").is_file()
