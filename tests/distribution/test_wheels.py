"""Whether what users install has wheels. A folder stands for the index of packages: nothing is asked over a network."""

import os
import zipfile
from pathlib import Path

import pytest

from distribution import wheels

ANY = "py3-none-any"
LINUX = "cp312-cp312-manylinux_2_17_x86_64"


def wheel(folder: Path, name: str, tag: str) -> None:
    """An empty wheel of version 1.0."""
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as file:
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        file.writestr(f"{about}/RECORD", "")


@pytest.fixture
def of_a_folder(tmp_path: Path) -> dict[str, str]:
    """An environment in which uv knows this folder alone."""
    wheel(tmp_path, "everywhere", ANY)
    wheel(tmp_path, "linuxonly", LINUX)
    wheel(tmp_path, "linuxtoo", LINUX)
    return {**os.environ, "UV_FIND_LINKS": str(tmp_path), "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}


LINES = ["everywhere==1.0", "linuxonly==1.0", "linuxtoo==1.0"]


def test_all_that_lack_a_wheel_are_named(of_a_folder: dict[str, str]) -> None:
    lacking = wheels.without_wheel(LINES, "aarch64-pc-windows-msvc", "3.12", of_a_folder)
    assert sorted(lacking) == ["linuxonly==1.0", "linuxtoo==1.0"]


def test_nothing_is_named_where_all_have_wheels(of_a_folder: dict[str, str]) -> None:
    assert wheels.without_wheel(LINES, "x86_64-unknown-linux-gnu", "3.12", of_a_folder) == []


def test_what_a_target_does_not_need_is_not_asked_for(of_a_folder: dict[str, str]) -> None:
    lines = ["everywhere==1.0", "linuxonly==1.0 ; sys_platform == 'linux'"]
    assert wheels.without_wheel(lines, "x86_64-pc-windows-msvc", "3.12", of_a_folder) == []
    assert wheels.without_wheel(lines, "x86_64-unknown-linux-gnu", "3.13", of_a_folder) == ["linuxonly==1.0"]


def test_what_uv_cannot_tell_is_an_error_and_no_lack(of_a_folder: dict[str, str]) -> None:
    with pytest.raises(wheels.UvError, match="nowhere"):
        wheels.without_wheel(["nowhere==1.0"], "x86_64-unknown-linux-gnu", "3.12", of_a_folder)


def test_pins_are_read_without_their_hashes() -> None:
    text = "# a comment\na==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\nb==2 ; python_version < '3.12' \\\n"
    assert wheels.requirements(text) == ["a==1", "b==2 ; python_version < '3.12'"]


def test_the_index_is_the_one_that_pip_is_set_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert wheels.index_settings()["UV_DEFAULT_INDEX"] == "http://127.0.0.1:9/simple"


def test_each_promised_machine_is_a_target() -> None:
    assert len(set(wheels.TARGETS)) == 32
