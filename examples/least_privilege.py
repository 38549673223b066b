"""A server that reaches one archive and nothing else, tried without AWS: two archives, and a role for one of them.

python examples/least_privilege.py new-folder
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

COMMAND = [sys.executable, "-m", "mail_archive_server"]
ROLE = "arn:aws:iam::000000000000:role/analyst"
MINUTES = b"""\
From: chair@board.example
To: secretary@board.example
Subject: Minutes
Date: Mon, 2 Jun 2025 10:00:00 +0000

The board alone may read this.
"""
YEAR = {"from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}


def run(*words: str) -> str:
    return subprocess.run([*COMMAND, *words], check=True, capture_output=True, text=True).stdout


def prepare(folder: Path) -> dict[str, str]:
    """The sample archive and one of the board; a role whose policy is for the first. Gives the ids by name."""
    run("demo", "--keep", str(folder))
    minutes = folder.with_suffix(".eml")
    minutes.write_bytes(MINUTES)
    run("import", str(folder), str(minutes), "--archive", "board")
    listed = json.loads(run("call", "list_archives", "--local", str(folder), "--json"))["Archives"]
    archives = {each["ArchiveName"]: each["ArchiveId"] for each in listed}
    (folder / "analyst.json").write_text(run("policy", "--local", str(folder), "--archive", archives["tidewater-2025"]))
    (folder / "trust.json").write_text(run("policy", "--local", str(folder), "--kind", "trust"))
    role = {"RoleName": "analyst", "Policies": ["analyst.json"], "AssumeRolePolicyDocument": "trust.json"}
    (folder / "identity.json").write_text(json.dumps({"Roles": [role]}))
    return archives


def server(folder: Path, *settings: str) -> StdioServerParameters:
    """A server of that folder with these settings."""
    return StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "--local", str(folder), *settings])


async def message_in(archive_id: str, owner: Client) -> str:
    """The newest message of an archive, as the folder's owner finds it."""
    found: Any = await owner.call_tool("search_archive", {"archive_id": archive_id, "limit": 1, **YEAR})
    return str(found.structured_content["Rows"][0]["ArchivedMessageId"])


async def main(folder: Path) -> None:
    archives = prepare(folder)
    narrow = ("--role-arn", ROLE, "--archive", archives["tidewater-2025"])
    print(run("doctor", "--local", str(folder), *narrow))
    async with Client(server(folder)) as owner, Client(server(folder, *narrow)) as analyst:
        for name, archive_id in archives.items():
            message = await message_in(archive_id, owner)
            result: Any = await analyst.call_tool("read_archive_message", {"archived_message_id": message})
            if result.is_error:
                print(f"A message of {name}: refused.")
                print(result.content[0].text)
            else:
                print(f"A message of {name}: read.")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
