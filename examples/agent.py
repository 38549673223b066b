"""An agent's workflow with no host: the tools are plain typed functions. Finds mail that pretends to be a supplier's.

    mail-archive-mcp demo --keep sample
    python examples/agent.py sample

Without a folder it works on AWS, with the credentials and the Region that AWS's own settings give.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.archives import list_archives
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.messages import get_archive_message
from mail_archive_tools.models import SearchResultRow
from mail_archive_tools.search import search_archive

SUPPLIER = "Brightwell"
SUPPLIERS_HOST = "mail.brightwell-optics.example"


async def main(folder: str | None = None) -> None:
    access = open_access(Settings(local=Path(folder) if folder else None))
    try:
        archive_id = (await list_archives(access=access)).archives[0].archive_id
        for row in await all_rows(archive_id, access):
            message = await get_archive_message(row.archived_message_id or "", access=access)
            host = message.metadata.sender_hostname if message.metadata else None
            if host not in (SUPPLIERS_HOST, None):
                print(f"{row.received_timestamp:%Y-%m-%d %H:%M} {row.subject}: not from {SUPPLIER}, but from {host}")
    except ArchiveError as error:
        sys.exit(str(error))


async def all_rows(archive_id: str, access: Access) -> list[SearchResultRow]:
    """Everything of five years that claims to be from the supplier, page by page."""
    rows: list[SearchResultRow] = []
    cursor = None
    while True:
        page = await search_archive(
            archive_id,
            datetime(2021, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC),
            sender=[SUPPLIER],
            limit=10,
            cursor=cursor,
            access=access,
        )
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else None)
