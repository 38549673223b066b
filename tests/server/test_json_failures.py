"""`--json` when a command fails: one JSON object on standard output, whose `error` is the sentence of stderr."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.cli import command_line, main
from tests.conftest import Sample, eml


def commands_with_json() -> set[str]:
    """Those that take it, by their own words."""
    (commands,) = (each for each in command_line()._actions if isinstance(each, argparse._SubParsersAction))
    return {name for name, parser in commands.choices.items() if "--json" in parser._option_string_actions}


FAILS: dict[str, tuple[tuple[str, ...], int]] = {
    "import": (("{folder}/new", "{folder}/nothing"), 1),
    "verify": (("{folder}/nothing",), 1),
    "export-local": (("{folder}/nothing", "{folder}/out"), 1),
    "call": (("get_archive", '{{"archive_id": "a-1"}}', "--local", "{sample}"), 1),
    "doctor": (("--local", "{folder}/nothing"), 1),
    "index": (("--status", "--index", "{folder}/none.sqlite3"), 1),
    "tools": (("--toolsets", "none-of-these"), 2),
}
"""Of each command, words with which it fails, and its status."""


def test_every_command_with_json_is_asked_to_fail() -> None:
    assert set(FAILS) == commands_with_json()


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    """The status, the object and the sentence."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    told = capsys.readouterr()
    return int(ended.value.code or 0), json.loads(told.out), told.err


@pytest.mark.parametrize("command", FAILS)
def test_a_failure_is_one_object_with_the_sentence_of_stderr(
    pristine: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    words, wanted = FAILS[command]
    given = [word.format(folder=tmp_path, sample=pristine.folder) for word in words]
    status, members, sentence = failed(capsys, command, *given, "--json")
    assert status == wanted
    assert list(members) == ["error"] and sentence == f"mail-archive-mcp: {members['error']}\n"

    with pytest.raises(SystemExit) as ended:
        main([command, *given])
    assert ended.value.code == wanted
    assert capsys.readouterr() == ("", sentence)


@pytest.mark.parametrize("command", FAILS)
def test_words_that_no_command_takes_are_an_object_too(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, members, said = failed(capsys, command, "--no-such-flag", "--json")
    assert status == 2 and members["error"] in said


def test_what_was_found_stands_in_the_same_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mail = tmp_path / "mail"
    mail.mkdir()
    (mail / "one.eml").write_bytes(eml(From="a@b.example", Subject="Minutes"))
    archive, out = str(tmp_path / "archive"), tmp_path / "out"
    main(["import", "--no-index", archive, str(mail)])
    main(["export-local", archive, str(out)])
    (out / "index.csv").write_bytes(b"forged")
    capsys.readouterr()
    status, members, sentence = failed(capsys, "verify", str(out), "--json")
    assert status == 1 and members["Whole"] is False and members["Messages"] == 1
    assert members["error"] in sentence and "1 changed" in members["error"]

    (tmp_path / "empty" / "case").mkdir(parents=True)
    status, members, sentence = failed(
        capsys, "import", "--no-index", archive, str(tmp_path / "empty"), "--export", "--json"
    )
    assert status == 1 and members["Added"] == 0 and "no mail in this export" in members["error"]
