"""Whether what users install has a wheel on each machine that is promised.

python -m distribution.wheels     asks the index of packages that pip is set up with (`make wheels`), and so needs it
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import product

from distribution.metadata import ROOT

REQUIREMENTS = ROOT / "distribution" / "requirements.txt"

PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
)
"""As uv names them."""

PYTHONS = ("3.11", "3.12", "3.13", "3.14")

TARGETS = tuple(product(PLATFORMS, PYTHONS))

_ONE_SECONDS = 120
_PIP_SETTINGS = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX"}
"""What pip calls its indexes, and what uv, which does not read pip's settings, does."""


class UvError(Exception):
    """uv did not answer, or said something else than that there is no wheel."""


def main() -> int:
    lines = requirements(REQUIREMENTS.read_text("utf-8"))
    environment = index_settings()
    failed = 0
    for platform, python in TARGETS:
        lacking = without_wheel(lines, platform, python, environment)
        print(f"{platform} {python}: {', '.join(lacking) or 'wheels alone'}", flush=True)
        failed += bool(lacking)
    print(f"{len(TARGETS) - failed} of {len(TARGETS)} targets install from wheels alone")
    return 1 if failed else 0


def requirements(text: str) -> list[str]:
    """A pinned requirement a line, with its marker and without its hashes."""
    lines = (line.removesuffix("\\").strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("--hash", "#"))]


def index_settings() -> dict[str, str]:
    """The environment for uv, with the indexes that pip is set up with."""
    environment = dict(os.environ)
    for setting, variable in _PIP_SETTINGS.items():
        told = _pip_setting(setting)
        if told:
            environment[variable] = told
    return environment


def _pip_setting(name: str) -> str:
    """What pip is set up with, by a variable or by a file; "" where it is not."""
    told = os.environ.get(f"PIP_{name.replace('-', '_').upper()}")
    if told:
        return told
    command = [sys.executable, "-m", "pip", "config", "get", f"global.{name}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def without_wheel(lines: list[str], platform: str, python: str, environment: Mapping[str, str]) -> list[str]:
    """The requirements that have no wheel there.

    Raises:
        UvError: uv could not tell.
    """
    lacking: list[str] = []
    left = list(lines)
    while True:
        said = _resolve(left, platform, python, environment)
        if not said:
            return lacking
        # uv names one at a time.
        named = [line for line in left if _is_named(line, said)]
        if not named:
            raise UvError(said)
        lacking += map(_pin, named)
        left = [line for line in left if line not in named]


def _is_named(line: str, said: str) -> bool:
    """Whether uv says of it that it has no wheel; beside the name may stand its marker, in braces."""
    name, _, pinned = _pin(line).partition("==")
    said_of = rf"\b{re.escape(name)}(\{{.*?\}})?=={re.escape(pinned)} has no"
    return re.search(said_of, said) is not None


def _pin(line: str) -> str:
    """`name==version` of a requirement, without its marker."""
    return line.partition(";")[0].strip()


def _resolve(lines: list[str], platform: str, python: str, environment: Mapping[str, str]) -> str:
    """What uv says against taking wheels alone there; "" where it says nothing.

    Raises:
        UvError: it did not answer in time.
    """
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps", "--no-header", "--only-binary", ":all:",
        "--python", sys.executable, "--python-platform", platform, "--python-version", python, "-",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=False,
            env=dict(environment),
            timeout=_ONE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UvError(f"uv did not answer within {_ONE_SECONDS} s for {platform} {python}") from None
    if done.returncode == 0:
        return ""
    # It breaks its lines where a terminal would.
    return " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"


if __name__ == "__main__":
    sys.exit(main())
