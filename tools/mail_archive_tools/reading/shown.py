"""What messages show, as further columns of the rows that they were found by."""

from collections.abc import Callable, Sequence
from typing import Any

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.models.query import Shown
from mail_archive_tools.reading.facts import Facts, FileFact
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.service.shapes import FoundRow


async def with_facts(
    rows: list[FoundRow], show: Sequence[Shown], reader: Reader, patience: Patience
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

    if not _OF_HEADER_FIELDS.issuperset(show):
        notes = [f"Not read: {why}" for why in list(unread.values())[:_NAMED]]
    else:
        # What was asked for is known of those, too, unless nothing came at all.
        notes = [f"Not read: {why}" for each, why in unread.items() if each not in known][:_NAMED]
    missing = len(rows) - len(known.keys() | unread.keys())
    if missing:
        notes.append(f"Time is up: what {missing} of these messages show is not known. The same call again goes on.")
    return with_them, notes


def _shown(facts: Facts, show: Sequence[Shown]) -> dict[str, Any]:
    """The members of `ShownFacts`; nothing, 0 and an empty list are not said."""
    shown: dict[str, Any] = {}
    for name in dict.fromkeys(show):
        if facts.unread and name not in _OF_HEADER_FIELDS:
            continue
        value = _VALUES[name](facts)
        if value:
            shown[_member(name)] = value
    return shown


def _member(name: str) -> str:
    """Of `form_host`, `FormHost`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _hours(facts: Facts) -> float | None:
    if facts.date_distance is None:
        return None
    return round(facts.date_distance / 3_600, 1)


def _return_path_domain(facts: Facts) -> list[str]:
    return [facts.return_path_domain] if facts.return_path_domain else []


def _file(file: FileFact) -> str:
    name = file.name or "(no name)"
    said = ", ".join((*file.kinds, f"{file.size:,} bytes"))
    return f"{name} ({said})"


_OF_HEADER_FIELDS: frozenset[Shown] = frozenset(
    ("size", "date_differs", "authentication", "from_domain", "reply_to_domain", "return_path_domain", "sha256")
)
"""What is known of a message whose body cannot be read."""
_NAMED = 3
"""Messages that could not be read and that are named."""

_VALUES: dict[Shown, Callable[[Facts], Any]] = {
    "size": lambda facts: facts.size_bytes,
    "date_differs": _hours,
    "authentication": lambda facts: list(facts.checks),
    "from_domain": lambda facts: list(facts.from_domains),
    "reply_to_domain": lambda facts: list(facts.reply_to_domains),
    "return_path_domain": _return_path_domain,
    "link_host": lambda facts: list(facts.link_hosts),
    "form_host": lambda facts: list(facts.form_hosts),
    "image_host": lambda facts: list(facts.image_hosts),
    "attachment": lambda facts: [_file(each) for each in facts.files],
    "language": lambda facts: list(facts.languages),
    "finding": lambda facts: list(facts.findings),
    "hidden_words": lambda facts: facts.hidden_words,
    "problem": lambda facts: list(facts.problems),
    "body_hash": lambda facts: list(facts.body_hashes),
    "sha256": lambda facts: facts.sha256,
}
