"""Makes what is given away into dist/: wheel and source, the bundle, the plugin, the registry's entry, what is inside.

python -m distribution.dist     `make dist` is all there is to type
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from distribution.metadata import NAME, ROOT, VERSION, text_of

REQUIREMENTS = ROOT / "distribution" / "requirements.txt"
"""What the server stands on, pinned: names, versions, hashes."""
MCPB = ROOT / ".venv" / "mcpb" / "node_modules" / ".bin" / "mcpb"
CYCLONEDX = ROOT / ".venv" / "cyclonedx" / "bin" / "cyclonedx-py"
IN_BUNDLE = ("pyproject.toml", "README.md", "LICENSE", "server", "tools")
EPOCH = "1767225600"
"""The time that archives say their files are of: always the same, so that the same source gives the same bytes."""


def make(out: Path) -> list[Path]:
    """Make all of it anew; returns the files."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    packages = build(out)
    with tempfile.TemporaryDirectory() as other:
        for again in build(Path(other)):
            if again.read_bytes() != (out / again.name).read_bytes():
                raise SystemExit(f"{again.name} is not reproducible: built twice, it has other bytes.")
    return [*packages, bundle(out), plugin(out), entry(out), materials(out)]


def build(out: Path) -> list[Path]:
    """The source archive, and the wheel made of it."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return sorted(out.glob(f"{NAME.replace('-', '_')}-{VERSION}*"))


def bundle(out: Path) -> Path:
    """The bundle that hosts install with a click."""
    if not MCPB.exists():
        raise SystemExit("The bundle is packed by @anthropic-ai/mcpb, which `make dist` fetches where there is npm.")
    made = out / "mail-archive.mcpb"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in IN_BUNDLE:
            copy(ROOT / each, folder / each)
        for path in (ROOT / "distribution" / "mcpb").iterdir():
            copy(path, folder / path.name)
        subprocess.run([MCPB, "validate", folder / "manifest.json"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([MCPB, "pack", folder, made], check=True, stdout=subprocess.DEVNULL)
    return made


def plugin(out: Path) -> Path:
    """The plugin, for hosts that take one as a file."""
    made = out / "mail-archive-plugin.zip"
    folder = ROOT / "plugin"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            # Without the time of the checkout, so that it is the same bytes each time.
            packed.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    return made


def entry(out: Path) -> Path:
    """The entry in the MCP registry, made anew."""
    made = out / "server.json"
    made.write_text(text_of("server.json"), "utf-8")
    return made


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


def materials(out: Path) -> Path:
    """What the server stands on, as a CycloneDX document."""
    if not CYCLONEDX.exists():
        raise SystemExit(
            "The bill of materials is written by cyclonedx-bom, which `make dist` puts into .venv/cyclonedx."
        )
    made = out / f"{NAME}-{VERSION}.cdx.json"
    command = [str(CYCLONEDX), "requirements", str(REQUIREMENTS), "--pyproject"]
    command += [str(ROOT / "pyproject.toml"), "--output-reproducible", "--of", "JSON", "-o", str(made)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    for path in make(parser.parse_args().out):
        content = path.read_bytes()
        print(f"{hashlib.sha256(content).hexdigest()}  {path.name}  {len(content):,} bytes")


if __name__ == "__main__":
    main()
