"""`version`: what this is; with --verbose also what it stands on, and what the workers that read mail are kept from."""

import argparse

from mail_archive_tools import __version__

HELP = "print the version; with --verbose also what protects from hostile mail here"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verbose", action="store_true", help="also what it stands on, and what protects")


def run(arguments: argparse.Namespace) -> None:
    print(f"mail-archive-mcp {__version__}")
    if arguments.verbose:
        for line in _facts():
            print(line)


def _facts() -> list[str]:
    from mail_archive_server.machine import PARTS, left, protections, versions
    from mail_archive_server.terminal import CommandError
    from mail_archive_tools.sandbox.pool import NotRead

    try:
        missing = protections()
    except NotRead:
        raise CommandError(
            "The processes that read mail do not start, so no message can be read. Install the package anew."
        ) from None

    of = versions()
    parts = ", ".join(f"{name} {of[name]}" for name in PARTS)
    facts = [f"Python {of['Python']}", parts, "The processes that read mail are kept from:"]
    for name, why in missing.items():
        holds = "yes"
        if why:
            holds = f"no: {why}"
        facts.append(f"  {name}: {holds}")
    facts.append(f"They can still learn {left()}.")
    return facts
