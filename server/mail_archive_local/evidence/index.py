"""An index of what was written: a row a message, as CSV or JSON Lines."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from mail_archive_local.evidence.manifest import Listed
from mail_archive_local.evidence.selecting import Selected
from mail_archive_local.evidence.writing import gone_on_with
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.moments import iso_of_seconds
from mail_archive_tools.untrusted import visible_line

COLUMNS = (
    *("ArchivedMessageId", "ReceivedTimestamp", "Date", "From", "To", "Cc", "Subject", "MessageId", "InReplyTo"),
    *("HasAttachments", "Bytes", "SHA256", "EDRMMIH", "File"),
)
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row_of(message: Selected, listed: Listed) -> dict[str, Any]:
    """What an index says of a message; header values are decoded, and lose what nobody sees. Each other character
    stays: an index is evidence, which programs read."""
    row = json.loads(message.row)
    # Encoded words stand in texts; in ids there are none (RFC 2047, section 5).
    texts = {name: visible_line(decode_words(row.get(name) or "")) for name in ("Date", "From", "To", "Cc", "Subject")}
    ids = {name: visible_line(row.get(name) or "") for name in ("MessageId", "InReplyTo")}

    return {
        "ArchivedMessageId": message.archived_message_id,
        "ReceivedTimestamp": iso_of_seconds(message.second),
        **texts,
        **ids,
        "HasAttachments": bool(row.get("HasAttachments")),
        "Bytes": listed.size,
        "SHA256": listed.sha256,
        "EDRMMIH": listed.edrm_mih,
        "File": listed.file,
    }


class Index:
    """`index.csv` or `index.jsonl`. In CSV, a text that a spreadsheet would take for a formula has an apostrophe before
    it: mail is written by strangers."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.name = f"index.{kind}"
        self._is_csv = kind == "csv"
        self._file = io.TextIOWrapper(gone_on_with(folder / self.name), encoding="utf-8", newline="")
        # As RFC 4180 has it.
        self._csv = csv.DictWriter(self._file, COLUMNS, lineterminator="\r\n")
        if self._is_csv:
            self._csv.writeheader()

    def add(self, row: dict[str, Any]) -> None:
        if self._is_csv:
            self._csv.writerow({name: _harmless(value) for name, value in row.items()})
        else:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


def _harmless(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
