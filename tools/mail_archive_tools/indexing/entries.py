"""A message that was read, as an index takes it."""

from mail_archive_tools.counting.labels import labels_of
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.facts.table import BY_NAME, values_of
from mail_archive_tools.reading.fetching.messages import Fetched
from mail_archive_tools.reading.reader import Reader, facts_read
from mail_archive_tools.reading.saying import texts_of
from mail_archive_tools.service.shapes import Row


async def entry_of(row: Row, fetched: Fetched, reader: Reader) -> Entry:
    """The entry of a message: all of it where it was read whole, else what its header fields tell."""
    # Of what a hostile message has by the thousand, as much as facts keep.
    facts = Facts.unpacked(facts_read(fetched, fetched.reading).packed())
    if facts.unread:
        return _of_header_fields(row, facts, facts.unread)

    files = await reader.text_of_all_files(fetched)
    return Entry(
        row,
        labels_of(row),
        values=values_of(facts),
        numbers=_numbers(facts),
        texts=texts_of(fetched.reading, files.text),
        facts=facts.packed(),
        is_cut=bool(fetched.reading.breaks_off),
        files_are_cut=files.is_cut,
    )


def unread_entry(row: Row, error: ArchiveError) -> Entry:
    """The entry of a message of which nothing can be read."""
    return Entry(row, labels_of(row), unread=str(error))


def _of_header_fields(row: Row, facts: Facts, why: str) -> Entry:
    of_them = {name: values for name, values in values_of(facts).items() if _is_of_header_fields(name)}
    return Entry(row, labels_of(row), of_them, _numbers(facts), facts=facts.packed(), unread=why)


def _is_of_header_fields(name: str) -> bool:
    fact = BY_NAME.get(name)
    return fact is not None and fact.of_header_fields


def _numbers(facts: Facts) -> dict[str, float]:
    numbers: dict[str, float] = {"size_bytes": facts.size_bytes}
    if facts.date_distance is not None:
        numbers["date_distance"] = facts.date_distance
    return numbers
