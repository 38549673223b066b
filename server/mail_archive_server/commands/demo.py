"""`demo`: a sample archive, the real server over stdio, a real MCP client, an investigation from question to answer."""

import argparse
from pathlib import Path

HELP = "show an investigation of a sample archive, from question to answer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep the sample archive in this new folder")


def run(arguments: argparse.Namespace) -> None:
    # Imported here: the sample and the client are for this command alone.
    from mail_archive_server.demo import show

    show(arguments.keep)
