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
    known, unread = await reader.all_facts([row.get("ArchivedMessageId", "") for row in rows], patience)
    with_them: list[FoundRow] = []
    for row in rows:
        facts = known.get(row.get("ArchivedMessageId", ""))
        with_them.append({**row, "Facts": _shown(facts, show)} if facts else row)
    notes = [f"Not read: {why}" for why in list(unread.values())[:_NAMED]]
    if missing := len(rows) - len(known) - len(unread):
        notes.append(f"Time is up: what {missing} of these messages show is not known. The same call again goes on.")
    return with_them, notes


def _shown(facts: Facts, show: Sequence[Shown]) -> dict[str, Any]:
    """The members of `ShownFacts`; nothing, 0 and an empty list are not said."""
    return {_member(name): value for name in dict.fromkeys(show) if (value := _VALUES[name](facts))}


def _member(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _hours(facts: Facts) -> float | None:
    return None if facts.date_distance is None else round(facts.date_distance / 3_600, 1)


def _file(file: FileFact) -> str:
    return f"{file.name or '(no name)'} ({', '.join((*file.kinds, f'{file.size:,} bytes'))})"


_NAMED = 3

_VALUES: dict[Shown, Callable[[Facts], Any]] = {
    "size": lambda facts: facts.size_bytes,
    "date_differs": _hours,
    "authentication": lambda facts: list(facts.checks),
    "from_domain": lambda facts: list(facts.from_domains),
    "reply_to_domain": lambda facts: list(facts.reply_to_domains),
    "return_path_domain": lambda facts: [facts.return_path_domain] if facts.return_path_domain else None,
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
