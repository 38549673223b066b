"""Exports read back: messages, and what stands beside them as JSON, whatever the objects are called and however packed.

Neither the names nor the packing of what Mail Manager exports are documented, so an object is what its bytes say: a
message, JSON, or either of them in gzip or zip. The JSON of a message is what stands beside it (its path differs only
behind the first dot of its name), else what names its Message-ID.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, TypeVar

from mail_archive_local.importing.beside import NOTHING, Beside
from mail_archive_local.importing.packed import Unpacked, Unread, unpacked
from mail_archive_local.storage.pairing import Pairing
from mail_archive_tools.mime.fields.headers import read_headers


class Entry(NamedTuple):
    """An object: where it is, and what is another one when its bytes change."""

    origin: str
    version: str
    size: int


@dataclass(frozen=True)
class Exported:
    """A message of an export, and what is known beside it."""

    origin: str
    raw: bytes
    beside: Beside


@dataclass(frozen=True)
class Settle:
    """All messages have been given once: what comes now are some of them once more, with what is known beside them."""


_Listed = TypeVar("_Listed")


class PlaceFailed(Exception):
    """The objects of a place cannot be listed; the text says why, and what to do."""


Item = Exported | Unread | Entry | Settle
"""What reading gives. An `Entry` comes once all that is in that object was given."""

Fetch = Callable[[Iterable[Entry]], Iterable[tuple[Entry, bytes | str]]]
"""Gives the bytes of objects, in their order, or a sentence on why they cannot be had."""


def read_export(entries: Iterable[Entry], fetch: Fetch) -> Iterator[Item]:
    """The messages of an export. `entries` come in the order of their origins; memory holds those that stand beside
    each other. A message whose JSON stands elsewhere, and is found later, is given once more in the end, with it.

    Raises:
        PlaceFailed: not all objects can be listed; all that could be had was given.
    """
    failures: list[PlaceFailed] = []
    with closing(Pairing()) as alone:
        objects = until_failure(fetch(entries), failures)
        for _, group in groupby(objects, key=lambda pair: stem(pair[0].origin)):
            yield from _read_group(list(group), alone)
        if failures:
            raise failures[0]
        yield Settle()
        for origin, record in alone.brought_together():
            yield from _again(Entry(*origin), Beside.from_json(record), fetch)


def until_failure(listed: Iterable[_Listed], failures: list[PlaceFailed]) -> Iterator[_Listed]:
    """What is listed up to a failure, which is noted: what stands beside each other is dealt with before it is told."""
    try:
        yield from listed
    except PlaceFailed as error:
        failures.append(error)


def stem(origin: str) -> str:
    """What the paths of objects that stand beside each other have in common."""
    folder, slash, name = origin.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"


@dataclass
class _Group:
    """What stands beside each other: messages, with their origins and objects, and records."""

    messages: list[tuple[Entry, str, bytes]] = field(default_factory=list)
    records: list[Beside] = field(default_factory=list)


def _read_group(objects: list[tuple[Entry, bytes | str]], alone: Pairing) -> Iterator[Item]:
    groups: dict[str, _Group] = {}
    for entry, content in objects:
        for found in _found_in(entry, content):
            if isinstance(found, Unread):
                yield found
                continue
            # Within a zip, names tell what stands beside each other as well.
            group = groups.setdefault(stem(found.origin), _Group())
            if isinstance(found.content, bytes):
                group.messages.append((entry, found.origin, found.content))
            else:
                group.records += found.content

    for group in groups.values():
        yield from _paired(group, alone)
    # What could not be had is asked for once more by the next import.
    yield from (entry for entry, content in objects if isinstance(content, bytes))


def _found_in(entry: Entry, content: bytes | str) -> Iterable[Unpacked | Unread]:
    """What is in an object; where it could not be had, the sentence that says why."""
    if isinstance(content, str):
        return [Unread(entry.origin, content)]
    return unpacked(entry.origin, content)


def _paired(group: _Group, alone: Pairing) -> Iterator[Exported]:
    """The messages of a group with their records. One message and one record are of each other; else a Message-ID says
    it, and those that are left wait for each other."""
    if len(group.messages) == 1 and len(group.records) == 1:
        _, origin, raw = group.messages[0]
        yield Exported(origin, raw, group.records[0])
        return

    by_message_id = {record.message_id: record for record in group.records if record.message_id}
    for entry, origin, raw in group.messages:
        message_id = message_id_of_header(raw)
        record = by_message_id.pop(message_id, None) or _record_of(message_id, entry, alone)
        yield Exported(origin, raw, record)
    for message_id, record in by_message_id.items():
        alone.keep(message_id, record.to_json())


def _record_of(message_id: str, entry: Entry, alone: Pairing) -> Beside:
    if not message_id:
        return NOTHING
    record = alone.record_of(message_id, entry)
    if record is None:
        return NOTHING
    return Beside.from_json(record)


def _again(entry: Entry, record: Beside, fetch: Fetch) -> Iterator[Exported]:
    """A message that was given without its record."""
    for _, content in fetch([entry]):
        for found in _found_in(entry, content):
            if isinstance(found, Unread) or not isinstance(found.content, bytes):
                continue
            if message_id_of_header(found.content) == record.message_id:
                yield Exported(found.origin, found.content, record)
                return


def message_id_of_header(raw: bytes) -> str:
    """The Message-ID field of a message, "" where it has none."""
    field = read_headers(raw).first("message-id")
    if field is None:
        return ""
    return field.unfolded.strip()
