"""`demo`: a sample archive, the real server over stdio, a real MCP client, an investigation from question to answer."""

import argparse

from mail_archive_server.setting_values import path
from mail_archive_server.settings import read_value

HELP = "show an investigation of a sample archive, from question to answer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", metavar="DIR", help="keep the sample in this folder, which is new or has it already")


def run(arguments: argparse.Namespace) -> None:
    # Imported here: the sample and the client are for this command alone.
    from mail_archive_server.demo import show

    show(None if arguments.keep is None else read_value(path, "--keep", arguments.keep))
