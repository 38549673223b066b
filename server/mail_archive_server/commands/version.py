"""`version`: what this is; with --verbose also what it stands on, and what the workers that read mail are kept from."""

import argparse

from mail_archive_tools import __version__

HELP = "print the version; with --verbose also what protects from hostile mail here"

_PARTS = ("mcp", "boto3", "pydantic", "selectolax", "pypdfium2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verbose", action="store_true", help="also what it stands on, and what protects")


def run(arguments: argparse.Namespace) -> None:
    print(f"mail-archive-mcp {__version__}")
    if arguments.verbose:
        for line in _facts():
            print(line)


def _facts() -> list[str]:
    import platform
    from importlib.metadata import version

    from mail_archive_server.commands import CommandError
    from mail_archive_tools.reading.reader import new_sandbox
    from mail_archive_tools.sandbox.confinement import PROTECTIONS
    from mail_archive_tools.sandbox.pool import NotRead

    sandbox = new_sandbox()
    try:
        missing = sandbox.missing_protections()
    except NotRead:
        raise CommandError(
            "The processes that read mail do not start, so no message can be read. Install the package anew."
        ) from None
    finally:
        sandbox.close()

    kept = [f"  {name}: {'no: ' + missing[name] if name in missing else 'yes'}" for name in PROTECTIONS]
    return [
        f"Python {platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}",
        ", ".join(f"{name} {version(name)}" for name in _PARTS),
        "The processes that read mail are kept from:",
        *kept,
    ]
