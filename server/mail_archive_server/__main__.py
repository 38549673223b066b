"""The command `mail-archive-mcp`, and `python -m mail_archive_server`."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line. Loading it takes a moment, in which Ctrl-C is no error either."""
    try:
        from mail_archive_server import cli

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("mail-archive-mcp: interrupted. Nothing was begun.\n")
        sys.exit(_INTERRUPTED)


# Guarded: the processes that help an import load this module too.
if __name__ == "__main__":
    main()
