"""The rows of a search, made to fit an answer: shortened where they are long, and as many as there is room for."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar

from mail_archive_tools.answers.budget import ROWS_BYTES
from mail_archive_tools.answers.fitting import CUT, fitted
from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.models import SearchResultRow
from mail_archive_tools.untrusted import elide, shorten

Detail = Literal["summary", "full"]

FROM_BYTES, TO_BYTES, SUBJECT_BYTES = 62, 44, 92
"""The most that a value takes in a summary, in bytes of UTF-8: twenty rows fit in 6 KB."""
DATE_BYTES = 32
DATE_TOLERANCE = timedelta(hours=1)
"""How far the Date header may be from the moment of receipt before a summary shows it."""

_SUMMARY = (
    "archived_message_id", "received_timestamp", "from_", "to", "subject", "has_attachments", "copies", "copy_ids",
    "similar_ids", "facts",
)  # fmt: skip
"""The members that a summary shows."""
_SUMMARIZED = "… marks cut values."
_FEWER = "There is no room for more rows in one answer."
# A quoted string (RFC 5322, 3.2.4), which may lack its end, a comma, or what stands between these.
_QUOTED_OR_NOT = re.compile(r'"(?:[^"\\]|\\.)*"?|,|[^",]+')
_AROUND_NAMES = "\"' "
_LEAST_NAME_BYTES = 4
"""A name that would have less room is left out."""

_Row = TypeVar("_Row", bound=SearchResultRow)


def fit_rows(rows: Sequence[Mapping[str, Any]], detail: Detail, model: type[_Row]) -> tuple[list[_Row], list[str]]:
    """The first of `rows` (as the API gave them) that fit, at least one, and notes on what is not shown."""
    is_summary = detail == "summary"
    shorter, cut = (_summarized, _SUMMARIZED) if is_summary else (fitted, CUT)
    fitting: list[_Row] = []
    # As keys, since each is said once.
    notes: dict[str, None] = {}
    used = 0
    unknown = 0
    for row in rows:
        whole = model.of(**row)
        shown = shorter(whole)
        used += len(shown.model_dump_json(by_alias=True, exclude_none=True).encode())
        if fitting and used > ROWS_BYTES:
            notes[_FEWER] = None
            break

        if _is_cut(whole, shown):
            notes[cut] = None
        if whole.has_attachments is None:
            unknown += 1
        fitting.append(shown)

    if unknown and is_summary:
        # A summary says of the others only that they have attachments: that one has none is what is left.
        notes[f"Whether {unknown} of these have attachments is not known."] = None
    return fitting, list(notes)


def _is_cut(whole: _Row, shown: _Row) -> bool:
    """Whether a value was shortened; members that a summary leaves out do not count."""
    return any(value is not None and value != getattr(whole, name) for name, value in shown)


def _summarized(row: _Row) -> _Row:
    known = type(row).model_fields
    shown = {name: getattr(row, name) for name in _SUMMARY if name in known}
    if row.date is not None and _differs_from_receipt(row):
        shown["date"] = shorten(row.date, DATE_BYTES)
    # Absent says that there are none; of how many it is not known, a note says.
    shown["has_attachments"] = row.has_attachments or None

    if row.subject is not None:
        shown["subject"] = shorten(row.subject, SUBJECT_BYTES)
    if row.from_ is not None:
        shown["from_"] = _shorten_mailbox(row.from_, FROM_BYTES)
    if row.to is not None:
        shown["to"] = _shorten_list(row.to, TO_BYTES)

    return row.model_copy(update={**dict.fromkeys(known), **shown})


def _differs_from_receipt(row: SearchResultRow) -> bool:
    """Whether the sender's date is more than an hour from when the message was received."""
    date = read_date(row.date or "").moment
    if date is None or row.received_timestamp is None:
        return False
    return abs(date - row.received_timestamp) > DATE_TOLERANCE


def _shorten_mailbox(value: str, limit: int) -> str:
    """A mailbox (`name <address>`) in `limit` bytes. The address is worth more than the name: neither a long name
    nor another address in it may hide the one that counts, which is the last."""
    if len(value.encode()) <= limit:
        return value
    name, opened, end = value.rpartition("<")
    if not opened or not end.endswith(">"):
        return shorten(value, limit)

    address = elide(f"<{end}", limit)
    name_room = limit - len(address.encode()) - len(" ")
    if name_room < _LEAST_NAME_BYTES:
        return address
    name = shorten(name.strip(_AROUND_NAMES), name_room)
    return f"{name} {address}".strip()


def _shorten_list(value: str, limit: int) -> str:
    """A list of mailboxes in `limit` bytes: the first, and how many more there are."""
    if len(value.encode()) <= limit:
        return value
    first, *others = _mailboxes(value)
    if not others:
        return _shorten_mailbox(first, limit)
    count = f" +{len(others)}"
    return _shorten_mailbox(first, limit - len(count)) + count


def _mailboxes(value: str) -> list[str]:
    """The mailboxes of a list; a comma within quotation marks separates none."""
    found = [""]
    for piece in _QUOTED_OR_NOT.findall(value):
        if piece == ",":
            found.append("")
        else:
            found[-1] += piece

    stripped = [each.strip() for each in found]
    return [each for each in stripped if each] or [value]
