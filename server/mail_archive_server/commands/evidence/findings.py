"""What `verify` found, in sentences and as JSON: the same in both."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mail_archive_server.terminal import number_of, shown

if TYPE_CHECKING:
    from mail_archive_local import Verified

_SHOWN = 20


def members(verified: "Verified") -> dict[str, Any]:
    """As JSON. What was not checked has no member that says that it is whole."""
    beside = {
        "Manifests": [each.members() for each in verified.compared],
        "Signatures": _signatures(verified),
    }
    if verified.is_of_files:
        return {"Whole": verified.is_whole, "Messages": verified.messages, **beside}

    found = verified.check
    members: dict[str, Any] = {
        "Whole": verified.is_whole,
        "Messages": verified.messages,
        "Damaged": found.damaged,
        "IndexWhole": found.index_is_whole,
        "StrayRows": found.strays,
        "OtherRows": found.rows,
        "Database": found.database,
        "Log": found.log,
        "WithoutHash": found.unhashed,
        "HashedLater": found.hashed_later,
        "ReadOtherwise": found.differing,
        "NotChecked": _not_checked(verified),
        **beside,
    }
    if found.database:
        # Nobody looked at it.
        del members["IndexWhole"]
    return members


def lines(verified: "Verified") -> Iterator[str]:
    """The same in sentences."""
    if not verified.is_of_files:
        yield from _lines_of_database(verified)
    yield from _lines_of_manifests(verified)
    yield from _signatures(verified)


def _not_checked(verified: "Verified") -> list[str]:
    """What was not checked, since the database is damaged."""
    found = verified.check
    if not found.database:
        return []

    not_checked = ["the index"]
    if found.cut_short:
        not_checked = ["messages behind these, if there are any", "what is kept beside messages", "the index"]
    for each in verified.not_compared:
        manifest = f"manifest {each.manifest}"
        if each.messages is not None:
            manifest += f", which lists {number_of(each.messages, 'message')}"
        not_checked.append(manifest)
    return not_checked


def _signatures(verified: "Verified") -> list[str]:
    said = []
    for each in verified.signatures:
        if each.signed_by is not None:
            said.append(f"{each.manifest} was signed by {shown(each.signed_by)}, and has not changed since.")
        else:
            said.append(f"{each.manifest} was as it is at {each.stamped_at}.")
    return said


def _lines_of_manifests(verified: "Verified") -> Iterator[str]:
    for compared in verified.compared:
        yield (
            f"Manifest {compared.manifest}: {number_of(compared.same, 'message')} as listed, "
            f"{len(compared.missing):,} missing, {len(compared.changed):,} changed, {len(compared.new):,} new."
        )
        yield from _some("Missing", "message ", compared.missing)
        yield from _some("Changed", "message ", compared.changed)
        # Of files, it is known where what is new lies, and not that it is a message.
        yield from _some("New", "" if compared.of_files else "message ", compared.new)
        yield from _some("Missing", "file ", compared.missing_files)
        yield from _some("Changed", "file ", compared.changed_files)
        if not compared.files_are_covered:
            yield (
                f"Not checked: index, load files and texts, of which {compared.manifest} says nothing. A version "
                "before wrote it: export once more for one that covers them."
            )


def _some(word: str, kind: str, names: list[str]) -> Iterator[str]:
    """The first of them, a line each, and how many more there are."""
    for each in names[:_SHOWN]:
        yield f"{word}: {kind}{shown(each)}"
    if len(names) > _SHOWN:
        yield f"{word}: {len(names) - _SHOWN:,} more"


def _lines_of_database(verified: "Verified") -> Iterator[str]:
    found = verified.check
    looked_at = f"{number_of(found.messages, 'message')} looked at, {len(found.damaged):,} damaged."
    if found.cut_short:
        looked_at += " Then the database could not be read on."
    yield looked_at

    yield from _some("Damaged", "message ", found.damaged)
    yield from (f"Changed: {shown(each)}" for each in found.rows)
    if found.strays:
        yield f"{number_of(found.strays, 'row')} of no message."
    if not found.index_is_whole:
        yield "The index is not that of the messages."
    yield from (f"Database: {shown(each)}" for each in found.database)
    if found.log:
        yield f"Log: {found.log}"
    yield from (f"Not checked: {shown(each)}" for each in _not_checked(verified))
    yield from _information(verified)


def _information(verified: "Verified") -> Iterator[str]:
    """What was not checked, and what is no damage."""
    found = verified.check
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
