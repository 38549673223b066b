"""An MCP client over stdio: what a host does. Lists who wrote about invoices.

mail-archive-mcp demo --keep sample
python examples/mcp_client.py sample
"""

import sys

import anyio
from mcp import Client, StdioServerParameters


async def main(folder: str) -> None:
    server = StdioServerParameters(command=sys.executable, args=["-m", "mail_archive_server", "--local", folder])
    async with Client(server) as client:
        archives = (await client.call_tool("list_archives")).structured_content or {}
        found = await client.call_tool(
            "search_archive",
            {
                "archive_id": archives["Archives"][0]["ArchiveId"],
                "from_timestamp": "2025-03-01",
                "to_timestamp": "2025-03-30",
                "subject": ["invoice", "Rechnung"],
                "exclude": {"subject": ["Re:"]},
            },
        )
        page = found.structured_content or {}
        print(f"{page['MessagesSoFar']} invoices in March 2025:")
        for row in page["Rows"]:
            print(f"{row['ReceivedTimestamp']}  {row['From']}  {row['Subject']}")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
