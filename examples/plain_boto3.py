"""Plain boto3 against the socket door: the API as AWS documents it, on a local archive.

mail-archive-mcp demo --keep sample
mail-archive-mcp local sample --port 8025
eval "$(mail-archive-mcp local sample --show-credentials)"
python examples/plain_boto3.py http://127.0.0.1:8025
"""

import sys
import time
from datetime import UTC, datetime
from urllib.request import urlopen

import boto3


def main(url: str) -> None:
    # The key pair is in the environment, as AWS's own tools take it.
    mail = boto3.client("mailmanager", endpoint_url=url)
    archive = mail.list_archives()["Archives"][0]
    search_id = mail.start_archive_search(
        ArchiveId=archive["ArchiveId"],
        FromTimestamp=datetime(2025, 6, 1, tzinfo=UTC),
        ToTimestamp=datetime(2025, 6, 30, tzinfo=UTC),
        Filters={
            "Include": [{"BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": "IS_TRUE"}}]
        },
        MaxResults=1000,
    )["SearchId"]
    while mail.get_archive_search(SearchId=search_id)["Status"]["State"] != "COMPLETED":
        time.sleep(0.1)
    rows = mail.get_archive_search_results(SearchId=search_id)["Rows"]
    print(f"{len(rows)} mails with attachments in June 2025")
    message = mail.get_archive_message(ArchivedMessageId=rows[0]["ArchivedMessageId"])
    with urlopen(message["MessageDownloadLink"]) as raw:
        print(f"The newest is {rows[0]['Subject']!r}, {len(raw.read()):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
