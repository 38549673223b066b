"""What messages show, as further columns of the rows that they were found by."""

from collections.abc import Sequence
from typing import Any

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.facts.table import BY_NAME, OF_HEADER_FIELDS
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.service.shapes import FoundRow

_NAMED = 3
"""Messages that could not be read and that are named."""


async def with_facts(
    rows: list[FoundRow], show: Sequence[str], reader: Reader, patience: Patience
) -> tuple[list[FoundRow], list[str]]:
    """The rows with what `show` names of each, and notes on those of which it is not known."""
    if not show or not rows:
        return rows, []

    reader.told.note(rows, reader.archive_id)
    ids = [row.get("ArchivedMessageId", "") for row in rows]
    known, unread = await reader.all_facts(ids, patience)

    with_them: list[FoundRow] = []
    for row, archived_message_id in zip(rows, ids, strict=True):
        facts = known.get(archived_message_id)
        if facts is None:
            with_them.append(row)
        else:
            with_them.append({**row, "Facts": _shown(facts, show)})

    if not OF_HEADER_FIELDS.issuperset(show):
        notes = [f"Not read: {why}" for why in list(unread.values())[:_NAMED]]
    else:
        # What was asked for is known of those, too, unless nothing came at all.
        notes = [f"Not read: {why}" for each, why in unread.items() if each not in known][:_NAMED]
    missing = len(rows) - len(known.keys() | unread.keys())
    if missing:
        notes.append(f"Time is up: what {missing} of these messages show is not known. The same call again goes on.")
    return with_them, notes


def _shown(facts: Facts, show: Sequence[str]) -> dict[str, Any]:
    """The members of `ShownFacts`; nothing, 0 and an empty list are not said."""
    shown: dict[str, Any] = {}
    for name in dict.fromkeys(show):
        if facts.unread and name not in OF_HEADER_FIELDS:
            continue
        shown_so = BY_NAME[name].shown
        if shown_so is None:
            continue
        value = shown_so.value(facts)
        if value:
            shown[_member(name)] = value
    return shown


def _member(name: str) -> str:
    """Of `form_host`, `FormHost`."""
    return "".join(part.capitalize() for part in name.split("_"))
