"""`python -m mail_archive_server`: the same as the command `mail-archive-mcp`."""

from mail_archive_server.cli import main

main()
