"""The rows of a search as text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mail_archive_tools.answers.rendering.base import from_mail, labelled, table
from mail_archive_tools.models import SearchResultRow

_ROW_COLUMNS = ("ArchivedMessageId", "ReceivedTimestamp", "Att", "From", "To", "Subject")
_COLUMNS_WHERE_THERE_ARE_ANY = ("Date", "Copies")
_SUMMARY_MEMBERS = {
    *_ROW_COLUMNS, *_COLUMNS_WHERE_THERE_ARE_ANY, "HasAttachments", "CopyIds", "SimilarIds", "Facts",
}  # fmt: skip
"""What a row of a summary may have: then a line of a table is enough for it."""


def row_lines(rows: Sequence[SearchResultRow]) -> Iterator[str]:
    """Rows as a table where only the summary's members are known, else one after another."""
    if not rows:
        return
    shown = [row.structured() for row in rows]
    if all(row.keys() <= _SUMMARY_MEMBERS for row in shown):
        yield from_mail([_row_table(shown)])
    else:
        yield from_mail("\n".join([*labelled(row), ""]) for row in shown)


def _row_table(rows: Sequence[dict[str, Any]]) -> str:
    others = [name for name in _COLUMNS_WHERE_THERE_ARE_ANY if any(name in row for row in rows)]
    columns = [*_ROW_COLUMNS, *others]
    facts = dict.fromkeys(name for row in rows for name in row.get("Facts", ()))
    cells = ([*(_cell(row, name) for name in columns), *_fact_cells(row, facts)] for row in rows)
    return table([*columns, *facts], cells)


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "Att":
        return "yes" if row.get("HasAttachments") else ""
    return str(row.get(name, ""))


def _fact_cells(row: dict[str, Any], names: Iterable[str]) -> Iterator[str]:
    """What a row shows of its message; that there is nothing is another thing than that it was not read."""
    facts = row.get("Facts")
    for name in names:
        if facts is None:
            yield "(not read)"
            continue
        value = facts.get(name, "")
        if isinstance(value, list):
            yield "; ".join(value)
        else:
            yield str(value)
