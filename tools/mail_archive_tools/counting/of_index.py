"""The groups of what messages show, as an index tells them for the rows that it counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.counting.contents import PlacesOfIndex
from mail_archive_tools.index.engine import Index
from mail_archive_tools.models.facts.table import BY_NAME, NONE, Fact


def groups_of_index(
    index: Index, columns: Columns, parts: Sequence[PlacesOfIndex], group_by: Iterable[str]
) -> dict[str, dict[int, Sequence[str]]]:
    """The groups of each row that the index counted, by groupings and places. Blocks."""
    groups: dict[str, dict[int, Sequence[str]]] = {}
    for by in group_by:
        fact = BY_NAME.get(by)
        if fact is None or fact.grouped is None:
            continue
        of_fact: dict[int, Sequence[str]] = {}
        for part in parts:
            of_fact.update(_groups_of(index, columns, part, fact))
        groups[by] = of_fact
    return groups


def _groups_of(index: Index, columns: Columns, part: PlacesOfIndex, fact: Fact) -> dict[int, Sequence[str]]:
    groups = index.values(part.question, fact.group_name)
    asked: Mapping[str, Sequence[str]] = {}
    if fact.asked is not None:
        asked = index.values(part.question, fact.name)

    found: dict[int, Sequence[str]] = {}
    for place in part.places:
        archived_message_id = columns.archived_message_id(place)
        found[place] = groups.get(archived_message_id) or asked.get(archived_message_id) or (NONE,)
    return found
