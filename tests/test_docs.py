"""The README and the docs, held to what is there."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from distribution.pages import PAGES, escaped
from distribution.sentences import sentences

from mail_archive_server.cli import COMMANDS, command_line
from mail_archive_server.commands.serve import add_arguments
from mail_archive_server.settings import read_settings
from mail_archive_tools import errors
from mail_archive_tools.answers.budget import TOOL_ANSWER_BYTES
from tests import copies
from tests.buckets import Bucket, s3_server
from tests.conftest import ROOT, Sample, eml
from tests.warm import run

SPRING = {"from_timestamp": "2025-03-01", "to_timestamp": "2025-06-01"}

SPHINX = ROOT / ".venv" / "docs" / "bin" / "python"

README = (ROOT / "README.md").read_text("utf-8")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
}
REPOSITORY = "https://github.com/mail-archive-mcp/mail-archive-mcp/blob/main/"
PICTURES = "https://raw.githubusercontent.com/mail-archive-mcp/mail-archive-mcp/main/"


def blocks(language: str) -> list[str]:
    found = [re.findall(rf"^ *```{language}\n(.*?)```", text, re.DOTALL | re.MULTILINE) for text in TEXTS.values()]
    return [block for each in found for block in each]


def commands() -> list[str]:
    return [line.strip() for block in blocks("bash") for line in block.splitlines() if line.strip()]


def test_the_readme_is_what_one_needs_first() -> None:
    assert len(README.splitlines()) < 150
    assert README.index("message-light.png") < 1_500


@pytest.mark.parametrize("page", PAGES)
def test_pages_that_are_made_are_what_they_are_made_from(page: str) -> None:
    """`make pages` writes them anew."""
    assert (ROOT / "docs" / page).read_text("utf-8") == PAGES[page]()


def test_every_kind_of_error_is_told_with_its_sentences() -> None:
    told = TEXTS["docs/errors.md"]
    kinds = [
        name for name, each in vars(errors).items() if isinstance(each, type) and each.__module__ == errors.__name__
    ]
    assert {f"## {kind}\n" in told for kind in kinds if kind != "ArchiveError"} == {True}
    found = list(sentences())
    assert len(found) > 200 and all(f"- {escaped(sentence)}\n" in told for _, sentence in found)
    # Those that are put together elsewhere than where they are raised as well.
    for kind, part in (
        ("NotConsented", "This client cannot ask its user: nothing was changed. Whoever runs this server can start it"),
        ("InvalidArgument", "This cursor is damaged. Leave cursor out to begin anew."),
        ("AccessDenied", "IAM does not allow … on …, with an explicit deny in …, which nothing overrules."),
        ("DownloadFailed", "The raw message has … bytes or more, and … are read at most."),
        ("SettingError", "--port must be a port number from 0 to 65535; it is …."),
    ):
        assert [each for of, each in found if of == kind and part in each], part


def test_what_troubleshooting_quotes_is_said_somewhere() -> None:
    paths = [path for root in ("tools", "server") for path in (ROOT / root).rglob("*") if path.suffix in (".py", ".js")]
    source = "\n".join(path.read_text("utf-8") for path in paths)
    # Sentences go on over the ends of lines.
    source = re.sub(r'"\s*\n\s*f?"', "", source)
    quoted = re.findall(r'\*"(.+?)"\*', TEXTS["docs/troubleshooting.md"], re.DOTALL)
    assert len(quoted) >= 10
    parts = [part.strip() for sentence in quoted for part in " ".join(sentence.split()).split("...")]
    assert [part for part in parts if part not in source] == []


def test_the_layout_names_what_is_there() -> None:
    page = TEXTS["docs/how-it-works.md"]
    layout = page[page.index("## Layout") : page.index("## Speed")]
    named = set(re.findall(r"[\w]+\.(?:py|sql)", layout))
    roots = ("tools", "server", "distribution")
    there = {path.name for root in roots for path in (ROOT / root).rglob("*.py")}
    there |= {"schema.sql", "exports.sql", "hashes.sql"}
    packages = {
        "commands",
        "evidence",
        "documents",
        "facts",
        "indexing",
        "office",
        "office97",
        "models",
        "sample",
        "mime",
        "rendering",
        "codecs",
        "fields",
        "carried",
        "html",
        "css",
        "grammar",
        "colours",
        "findings",
        "starting",
    }
    inside = {path.name for root in roots for path in (ROOT / root).rglob("*.py") if path.parent.name in packages}
    assert named <= there
    assert there - named <= inside | {"__init__.py", "__main__.py"}


def changes() -> dict[str, str]:
    """The changes of which CONTRIBUTING.md says where they go, and what it says of each."""
    page = TEXTS["CONTRIBUTING.md"]
    section = page.partition("## Where a change goes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
    return {change: files for change, files in rows if change not in ("Change", "---")}


def test_thirteen_changes_have_a_place() -> None:
    assert len(changes()) == 13


@pytest.mark.parametrize("change", changes())
def test_the_files_of_a_change_are_there_and_have_what_is_said_of_them(change: str) -> None:
    named = re.findall(r"`([^`]+)`", changes()[change])
    paths = [ROOT / name for name in named if "/" in name or name.endswith((".md", ".toml"))]
    assert paths
    assert [path for path in paths if not path.exists()] == []

    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
    source = "\n".join(file.read_text("utf-8") for file in files)
    words = [name for name in named if re.fullmatch(r"[A-Z]\w+|build_server", name)]
    assert [word for word in words if not re.search(rf"\b{word}\b", source)] == []


def test_no_answer_is_said_to_be_larger_than_answers_are() -> None:
    assert f"no answer more than {TOOL_ANSWER_BYTES // 1_000} KB" in README


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[page]):
        place, _, anchor = target.partition("#")
        if place.startswith((REPOSITORY, PICTURES)):
            path = ROOT / place.removeprefix(REPOSITORY).removeprefix(PICTURES)
        elif place.startswith("https://"):
            continue
        else:
            path = folder / place if place else ROOT / page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_without_a_network(tmp_path: Path) -> None:
    if not SPHINX.exists():
        pytest.skip("no Sphinx: `make test` brings it")
    words = ("-m", "sphinx", "--fail-on-warning", "--quiet", "--builder", "html", str(ROOT / "docs"), str(tmp_path))
    done = subprocess.run([SPHINX, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = {path.stem: path.read_text("utf-8") for path in tmp_path.glob("*.html")}
    written = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert written <= pages.keys()
    for name in written:
        # What a browser loads by itself comes with the site.
        assert (
            re.findall(r'<(?:script|img|iframe)[^>]*src="https?:|<link[^>]*rel="stylesheet"[^>]*"https?:', pages[name])
            == []
        )


def servers() -> list[dict[str, Any]]:
    """How each of the hosts' configurations starts the server."""
    found = [json.loads(block) for block in blocks("json")]
    found += [tomllib.loads(block) for block in blocks("toml")] + [yaml.safe_load(block) for block in blocks("yaml")]
    return [next(iter(each.values()))["mail-archive"] for each in found]


def test_the_hosts_configurations_are_taken_by_the_command_line() -> None:
    assert len(servers()) >= 9
    for server in servers():
        assert server.get("command", server.get("cmd")) == "uvx" and server["args"][0] == "mail-archive-mcp"
        assert_taken(server["args"][1:], server.get("env", {}))


def test_programs_of_the_docs_are_programs() -> None:
    programs = blocks("python")
    assert len(programs) >= 5
    for program in programs:
        compile(program, "docs", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        of_a_host = "uvx" in program and "mail-archive-mcp" in program
        assert of_a_host or "mail_archive_local" in program


def test_the_program_about_a_local_archive_runs(tmp_path: Path) -> None:
    (program,) = (each for each in blocks("python") if "mail_archive_local" in each)
    (tmp_path / "export.mbox").write_bytes(b"From a@b.example Sun Jun  1 12:00:00 2025\n" + eml(Subject="two"))
    finished = python("-c", program, cwd=tmp_path)
    assert (finished.stdout, finished.stderr) == ("True\n", "")
    assert (tmp_path / "out" / "messages.mbox").is_file()


def assert_taken(words: list[str], environment: dict[str, str]) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    read_settings(vars(parser.parse_args(words)), environment)


def test_every_command_is_one_that_a_test_runs_or_reads() -> None:
    kinds = {
        "make": None,
        "pip": {"install"},
        "claude": {"mcp", "plugin"},
        "docker": {"build", "run", "compose"},
        "uvx": {"mail-archive-mcp"},
        "mail-archive-mcp": None,
        "export": {"AWS_ENDPOINT_URL_MAILMANAGER=http://127.0.0.1:8025"},
        "eval": {"$(mail-archive-mcp local sample --show-credentials)", "$(mail-archive-mcp completion bash)"},
        "aws": {"mailmanager"},
        "python": {f"examples/{name}.py" for name in ("agent", "mcp_client", "least_privilege", "local_archive")},
    }
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for line in commands():
        words = shlex.split(line)
        known = kinds[words[0]]
        assert known is None or words[1] in known, line
        if words[0] in ("mail-archive-mcp", "uvx"):
            words = words[words.index("mail-archive-mcp") :]
            arguments = words[1:] if words[1] in COMMANDS else ["serve", *words[1:]]
            command_line().parse_args(arguments)
        if words[:2] == ["claude", "mcp"]:
            assert_taken(words[words.index("mail-archive-mcp") + 1 :], {})
        if words[:2] == ["docker", "run"]:
            assert_taken(words[words.index("mail-archive-mcp") + 1 :], {})
        if words[0] == "make":
            assert all(re.search(rf"^{word}:", makefile, re.MULTILINE) for word in words[1:]), line


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # What an example starts is a copy; code of a page is run as it is.
    command = [sys.executable, *words] if words[0] == "-c" else copies.example(*words)
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_commands_of_a_local_archive_work_in_their_order(tmp_path: Path, sample: Sample) -> None:
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mail" / "one.eml").write_bytes(eml(Subject="one"))
    (tmp_path / "export.mbox").write_bytes(b"From a@b.example Sun Jun  1 12:00:00 2025\n" + eml(Subject="two"))
    ending = ("import", "--no-index", "demo", "call", "tools", "policy", "--local")
    runnable = [
        line
        for line in commands()
        if line.startswith(("python", *(f"mail-archive-mcp {word}" for word in ending)))
        # The first takes its time, and is run among the examples; the others want a bucket, or a folder of somebody.
        and "least_privilege" not in line
        and "case-7" not in line
        and "my-own" not in line
    ]
    assert len(runnable) == 16
    in_order = list(dict.fromkeys(runnable))
    # What makes something may be run once more.
    again = [line for line in in_order if " import " in line]
    for line in [*in_order, *again]:
        program, *words = shlex.split(line.replace("~", str(tmp_path)).replace("examples/", f"{ROOT}/examples/"))
        finished = run(*words, cwd=tmp_path) if program == "mail-archive-mcp" else python(*words, cwd=tmp_path)
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
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        said = []
        for line in lines:
            done = run(*shlex.split(line)[1:], cwd=tmp_path, variables=environment)
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
            "PATH": f"{Path(copies.command()).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
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
