"""What registries and hosts are told of the server, made from its settings and its catalog.

python -m distribution.metadata     writes server.json, the bundle's manifest and the plugin's files
"""

import json
import tomllib
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mail_archive_server.settings import SETTINGS, Setting
from mail_archive_tools.catalog import CATALOG

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAME, VERSION = PROJECT["name"], PROJECT["version"]
REGISTRY_NAME = f"io.github.{NAME}/{NAME}"
REPOSITORY = PROJECT["urls"]["Source"]
DOCUMENTATION = PROJECT["urls"]["Documentation"]
SUMMARY = "Find, read and summarize mail in Amazon SES Mail Manager archives, within scoped IAM credentials"
"""At most 100 characters, as the registry wants it."""
AUTHOR = "The mail-archive-mcp authors"

SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

ASKED = {
    "sample": ("boolean", "Try the sample archive"),
    "region": ("string", "AWS Region"),
    "profile": ("string", "AWS profile"),
    "archive": ("string", "Archives"),
    "local": ("directory", "Local archive"),
}
"""The settings that the bundle asks its user for, none of which has to be answered, and how they are asked."""


def server_json() -> dict[str, Any]:
    """The entry in the MCP registry."""
    return {
        "$schema": SERVER_SCHEMA,
        "name": REGISTRY_NAME,
        "title": "Mail archive",
        "description": SUMMARY,
        "version": VERSION,
        "websiteUrl": DOCUMENTATION,
        "repository": {"url": REPOSITORY, "source": "github"},
        "packages": [
            {
                "registryType": "pypi",
                "identifier": NAME,
                "version": VERSION,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [_variable(each) for each in SETTINGS],
            }
        ],
    }


def _variable(setting: Setting) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": setting.variable,
        "description": f"{setting.help[:1].upper()}{setting.help[1:]}.",
        "isRequired": False,
        "isSecret": setting.secret,
    }
    if setting.switch:
        described["format"] = "boolean"
    if setting.metavar in ("DIR", "FILE", "PATH"):
        described["format"] = "filepath"
    choices = setting.metavar.split("|")
    if len(choices) > 1 and not setting.switch:
        described["choices"] = choices
    if setting.default not in (None, (), False):
        described["default"] = str(setting.default)
    return described


def manifest() -> dict[str, Any]:
    """The manifest of the bundle (MCPB 0.4). `uv` fetches what the server stands on when the host first starts it."""
    by_name = {setting.name: setting for setting in SETTINGS}
    return {
        "manifest_version": "0.4",
        "name": NAME,
        "display_name": "Mail archive",
        "version": VERSION,
        "description": SUMMARY,
        "long_description": (
            "Searches any range of a Mail Manager archive, reads messages as a person would, counts, and shows who "
            "wrote to whom. What mails say is data, never instructions. Tick the sample to look around without AWS."
        ),
        "author": {"name": AUTHOR, "url": REPOSITORY},
        "repository": {"type": "git", "url": REPOSITORY},
        "documentation": DOCUMENTATION,
        "support": f"{REPOSITORY}/issues",
        "license": PROJECT["license"],
        "keywords": PROJECT["keywords"],
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": "server/mail_archive_server/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--quiet", "--no-dev", "--directory", "${__dirname}", NAME],
                "env": {by_name[name].variable: f"${{user_config.{name}}}" for name in ASKED},
            },
        },
        "tools": [
            {"name": entry.name, "description": entry.description}
            for entry in CATALOG
            if entry.toolset in ("read", "view")
        ],
        "compatibility": {
            "platforms": ["darwin", "linux", "win32"],
            "runtimes": {"python": PROJECT["requires-python"]},
        },
        "user_config": {
            name: {
                "type": kind,
                "title": title,
                "description": f"{by_name[name].help[:1].upper()}{by_name[name].help[1:]}.",
                "required": False,
                **({"default": False} if kind == "boolean" else {}),
            }
            for name, (kind, title) in ASKED.items()
        },
    }


def plugin() -> dict[str, Any]:
    return {
        "name": NAME,
        "version": VERSION,
        "description": SUMMARY,
        "author": {"name": AUTHOR},
        "homepage": DOCUMENTATION,
        "repository": REPOSITORY,
        "license": PROJECT["license"],
        "keywords": PROJECT["keywords"],
    }


def marketplace() -> dict[str, Any]:
    """What a host that takes plugins reads of this repository."""
    return {
        "name": NAME,
        "owner": {"name": AUTHOR},
        "plugins": [{"name": NAME, "source": "./plugin", "description": SUMMARY}],
    }


def started(*words: str) -> dict[str, Any]:
    """How a host starts the server: what the package index has, in an environment of its own."""
    return {"command": "uvx", "args": [NAME, *words]}


def vscode_link(*words: str) -> str:
    """Installs the server in VS Code, which asks before it does."""
    config = json.dumps({"type": "stdio", **started(*words)}, separators=(",", ":"))
    return f"https://vscode.dev/redirect/mcp/install?name=mail-archive&config={quote(config, safe='')}"


def cursor_link(*words: str) -> str:
    """Installs the server in Cursor, which asks before it does."""
    config = b64encode(json.dumps(started(*words), separators=(",", ":")).encode()).decode()
    return f"https://cursor.com/en/install-mcp?name=mail-archive&config={quote(config, safe='')}"


FILES = {
    "server.json": server_json,
    "distribution/mcpb/manifest.json": manifest,
    "plugin/.claude-plugin/plugin.json": plugin,
    "plugin/.mcp.json": lambda: {"mcpServers": {"mail-archive": started()}},
    ".claude-plugin/marketplace.json": marketplace,
}
"""What is made, by its place in the repository."""


def text_of(place: str) -> str:
    return json.dumps(FILES[place](), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each in FILES:
        path = ROOT / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(each), "utf-8")
