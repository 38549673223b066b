"""The rows of a search, made to fit an answer: shortened where they are long, and as many as there is room for."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from mail_archive_tools.fitting import CUT, fitted
from mail_archive_tools.models import SearchResultRow
from mail_archive_tools.untrusted import elide, shorten

Detail = Literal["summary", "full"]

PAGE_BYTES = 34_000
"""The most that the rows of one answer take, in bytes of JSON."""

FROM_BYTES, TO_BYTES, SUBJECT_BYTES = 62, 44, 92
"""The most that a value takes in a summary, in bytes of UTF-8: twenty rows fit in 6 KB."""

_SUMMARY = ("archived_message_id", "received_timestamp", "from_", "to", "subject", "has_attachments")
_SUMMARIZED = "Long values are shortened (…); detail='full' of get_archive_search_results shows more."
_FEWER = "Fewer rows than asked for, so that the answer stays readable; NextCursor goes on."
_ADDRESS_AT_END = re.compile(r"^(?P<name>.*?)\s*(?P<address><[^<>\s]+>)$")


def fit_rows(rows: Sequence[dict[str, Any]], detail: Detail) -> tuple[list[SearchResultRow], list[str]]:
    """The first of `rows` (as the API gave them) that fit, at least one, and notes on what is not shown."""
    fitting: list[SearchResultRow] = []
    used, shortened = 0, False
    for row in rows:
        whole = SearchResultRow.of(**row)
        shown = _summary(whole) if detail == "summary" else fitted(whole)
        used += len(shown.model_dump_json(by_alias=True, exclude_none=True).encode())
        if fitting and used > PAGE_BYTES:
            return fitting, [*([_shortened(detail)] if shortened else []), _FEWER]
        shortened = shortened or _differs(whole, shown)
        fitting.append(shown)
    return fitting, [_shortened(detail)] if shortened else []


def _shortened(detail: Detail) -> str:
    return _SUMMARIZED if detail == "summary" else CUT


def _differs(whole: SearchResultRow, shown: SearchResultRow) -> bool:
    """Whether a value was shortened; members that a summary leaves out do not count."""
    return any(value is not None and value != getattr(whole, name) for name, value in shown)


def _summary(row: SearchResultRow) -> SearchResultRow:
    shown = {name: getattr(row, name) for name in _SUMMARY}
    if row.subject is not None:
        shown["subject"] = shorten(row.subject, SUBJECT_BYTES)
    if row.from_ is not None:
        shown["from_"] = _shorten_addresses(row.from_, FROM_BYTES)
    if row.to is not None:
        shown["to"] = _shorten_addresses(row.to, TO_BYTES)
    return row.model_copy(update=dict.fromkeys(SearchResultRow.model_fields) | shown)


def _shorten_addresses(value: str, limit: int) -> str:
    """An address header in `limit` bytes. An address is worth more than the name before it: a look-alike domain
    must not hide behind a long display name."""
    if len(value.encode()) <= limit:
        return value
    first, _, more = value.partition(">,")
    if more:
        first += ">"
    elif "<" not in value:
        first, _, more = value.partition(",")
    count = f" +{more.count('@')}" if more else ""
    room = limit - len(count)
    match = _ADDRESS_AT_END.match(first)
    if match is None or len(first.encode()) <= room:
        return shorten(first, room) + count
    address = elide(match["address"], room)
    name_room = room - len(address.encode()) - 1
    name = shorten(match["name"].strip('"'), name_room) if name_room > 3 else ""
    return f"{name} {address}".strip() + count
