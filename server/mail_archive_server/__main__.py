"""`python -m mail_archive_server`: the same as the command `mail-archive-mcp`."""

from mail_archive_server.cli import main

# Guarded: the processes that help an import load this module too.
if __name__ == "__main__":
    main()
