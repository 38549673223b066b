"""What `verify` found, in sentences and as JSON: the same in both."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mail_archive_server.terminal import number_of, shown

if TYPE_CHECKING:
    from mail_archive_local.evidence.comparing import Compared
    from mail_archive_local.storage.integrity.checking import Check

_SHOWN = 20


def is_of_files(compared: "list[Compared]") -> bool:
    """Whether they are files that were written of an archive: there is no database to be looked at."""
    return any(each.of_files for each in compared)


def members(found: "Check", compared: "list[Compared]", unchecked: list[str], signatures: list[str]) -> dict[str, Any]:
    """As JSON. What was not checked has no member that says that it is whole."""
    is_as_listed = all(each.is_same for each in compared)
    beside = {"Manifests": [each.members() for each in compared], "Signatures": signatures}
    if is_of_files(compared):
        count = sum(each.same + len(each.changed) for each in compared)
        return {"Whole": is_as_listed, "Messages": count, **beside}
    index = {} if found.database else {"IndexWhole": found.index_is_whole}
    return {
        "Whole": found.is_whole and is_as_listed,
        "Messages": found.messages,
        "Damaged": found.damaged,
        **index,
        "StrayRows": found.strays,
        "OtherRows": found.rows,
        "Database": found.database,
        "Log": found.log,
        "WithoutHash": found.unhashed,
        "HashedLater": found.hashed_later,
        "ReadOtherwise": found.differing,
        "NotChecked": unchecked,
        **beside,
    }


def unchecked(found: "Check", manifests: list[str]) -> list[str]:
    """What was not checked, since the database is damaged; `manifests` are those that it was not compared with."""
    if not found.database:
        return []
    beyond = ["messages behind these, if there are any", "what is kept beside messages"] if found.cut_short else []
    return [*beyond, "the index", *manifests]


def compared_lines(compared: "Compared") -> list[str]:
    lines = [
        f"Manifest {compared.manifest}: {number_of(compared.same, 'message')} as listed, {len(compared.missing):,} "
        f"missing, {len(compared.changed):,} changed, {len(compared.new):,} new."
    ]
    for word, ids in (("Missing", compared.missing), ("Changed", compared.changed)):
        lines += _some(word, [f"message {shown(each)}" for each in ids])
    # Of files, it is known where what is new lies, and not that it is a message.
    kind = "" if compared.of_files else "message "
    lines += _some("New", [f"{kind}{shown(each)}" for each in compared.new])
    for word, names in (("Missing", compared.missing_files), ("Changed", compared.changed_files)):
        lines += _some(word, [f"file {shown(each)}" for each in names])
    if not compared.files_are_covered:
        lines.append(
            f"Not checked: index, load files and texts, of which {compared.manifest} says nothing. A version before "
            "wrote it: export once more for one that covers them."
        )
    return lines


def _some(word: str, things: list[str]) -> list[str]:
    """The first of them, a line each, and how many more there are."""
    lines = [f"{word}: {each}" for each in things[:_SHOWN]]
    if len(things) > _SHOWN:
        lines.append(f"{word}: {len(things) - _SHOWN:,} more")
    return lines


def lines(found: "Check", unchecked: list[str]) -> list[str]:
    """What was found of the database."""
    lines = [f"{number_of(found.messages, 'message')} looked at, {len(found.damaged):,} damaged."]
    if found.cut_short:
        lines[0] += " Then the database could not be read on."
    lines += [f"Damaged: message {shown(each)}" for each in found.damaged[:_SHOWN]]
    if len(found.damaged) > _SHOWN:
        lines.append(f"Damaged: {len(found.damaged) - _SHOWN:,} more")
    lines += [f"Changed: {shown(each)}" for each in found.rows]
    if found.strays:
        lines.append(f"{number_of(found.strays, 'row')} of no message.")
    if not found.index_is_whole:
        lines.append("The index is not that of the messages.")
    lines += [f"Database: {shown(each)}" for each in found.database]
    if found.log:
        lines.append(f"Log: {found.log}")
    lines += [f"Not checked: {shown(each)}" for each in unchecked]
    return [*lines, *_information(found)]


def _information(found: "Check") -> Iterator[str]:
    """What was not checked, and what is no damage."""
    if found.unhashed:
        yield (
            f"{number_of(found.unhashed, 'record')} without a hash, put in by a version before: of these, the messages "
            "and the index were checked, not what searches show. The next import makes their hashes."
        )
    if found.hashed_later:
        yield (
            f"{number_of(found.hashed_later, 'record')} put in by a version before, and hashed by a later import: that "
            "they were whole until then is not known."
        )
    if found.differing:
        yield (
            "For information: today's reader would make other records of "
            f"{number_of(len(found.differing), 'message')}. That says nothing of damage."
        )
