"""What searches told of messages, and whether what came for one is that message.

A download is compared with the row that a search of this identity found: of MessageId, Subject, From and Date all that
the row has. Where all of them differ, be it four or a single one, another message came; where some do, each is a
finding. A message that no search has told of has to be whole, and to have a header section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from mail_archive_tools.errors import NotThisMessage
from mail_archive_tools.mime.evidence.recognition import FIELDS

if TYPE_CHECKING:
    from mail_archive_tools.reading.readings import MessageReading
    from mail_archive_tools.service.shapes import Row

KEPT_ROWS = 100_000
"""What is kept at most: some 50 MB, of as many messages as facts are kept of. The oldest go first."""

_OTHER = "other"
_OTHER_FIELDS = ("To", "Cc", "InReplyTo", "XMailer", "ReceivedHeaders")

_NEXT = (
    "Try again later; if it stays so, the operator should check what stands between the server and the host of the raw "
    "messages. get_archive_message_content may give its text."
)
_NEXT_UNTOLD = (
    "Find it by search_archive first: what comes is then compared with the row that is found. "
    "get_archive_message_content may give its text."
)

_BLANK = re.compile(rb"[\s\xef\xbb\xbf]*")
_ERROR_DOCUMENT = re.compile(rb"(?:<\?xml[^>]{0,100}\?>\s*)?<Error>\s*<Code>([A-Za-z]{1,60})</Code>")
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


@dataclass
class Told:
    """What rows say of their messages, by ArchivedMessageId, and in which archive they are: what was told last stands.
    One for each identity."""

    _rows: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    """First the ArchiveId, then the members of `FIELDS`, and what stands for all others."""
    kept_rows: int = KEPT_ROWS

    def __contains__(self, archived_message_id: str) -> bool:
        return archived_message_id in self._rows

    def note(self, rows: Iterable[Row], archive_id: str) -> None:
        """Keep what these rows of an archive say. One without an id says it of no message."""
        for row in rows:
            archived_message_id = row.get("ArchivedMessageId")
            if archived_message_id:
                # At the end, with what was told last.
                self._rows.pop(archived_message_id, None)
                self._rows[archived_message_id] = (archive_id, *_said(row))

        too_many = len(self._rows) - self.kept_rows
        for oldest in list(islice(self._rows, max(too_many, 0))):
            del self._rows[oldest]

    def of(self, archived_message_id: str) -> dict[str, str] | None:
        """The members of `FIELDS` that the row has, or as `other` that it has another header field; None where no row
        is known."""
        row = self._rows.get(archived_message_id)
        if row is None:
            return None

        _, *said = row
        return {name: value for name, value in zip((*FIELDS, _OTHER), said, strict=False) if value}

    def archive_of(self, archived_message_id: str) -> str:
        """The ArchiveId of the archive that a search found it in; nothing where none did."""
        row = self._rows.get(archived_message_id)
        if row is None:
            return ""
        return row[0] or ""


def refuse_other(raw: bytes, reading: MessageReading, told: Mapping[str, str] | None) -> None:
    """Nothing, for what may be the message that was asked for. `told` is what a row says of it.

    Raises:
        NotThisMessage: it is another, or none.
    """
    # Of a message whose row has no header field, none may be expected.
    may_have_none = told is not None and not told
    if not reading.has_header_section and not may_have_none:
        raise not_this(f"{_named(raw)} without a header section")
    if reading.compared and reading.differing == reading.compared:
        names = ", ".join(FIELDS[name] for name in reading.compared)
        raise not_this(f"{_named(raw)} of another {names} than the search shows")


def not_this(what: str) -> NotThisMessage:
    """The error for what came in a message's place: words that are the same for all to which the same happened."""
    error = NotThisMessage(f"What came is not this message, but {what}. Call again for a new link.")
    error.what = what
    return error


def without_the_message(archived_message_id: str, error: NotThisMessage, is_told: bool) -> NotThisMessage:
    """The error for a message in whose place something else came twice."""
    last = NotThisMessage(
        f"Message {archived_message_id} was not read, by two links in a row: what came is not this message, but "
        f"{error.what}. {_NEXT if is_told else _NEXT_UNTOLD}"
    )
    last.what = error.what
    return last


def _named(raw: bytes) -> str:
    """What it looks like, as far as that is known."""
    blank = _BLANK.match(raw)
    start = blank.end() if blank else 0
    document = _ERROR_DOCUMENT.match(raw, start)
    if document is not None:
        code = document.group(1).decode("ascii")
        return f"an error document of its host ({code})"
    if _PAGE.match(raw, start):
        return "a web page"
    return "something"


def _said(row: Row) -> tuple[str | None, ...]:
    """The members of `FIELDS`, in their order, and what stands for all others where it has none of them. Done for
    thousands of rows, so that it is written out."""
    said = (row.get("MessageId"), row.get("Subject"), row.get("From"), row.get("Date"))
    if any(said):
        return said
    has_other = any(row.get(name) for name in _OTHER_FIELDS)
    return (*said, "yes" if has_other else None)
