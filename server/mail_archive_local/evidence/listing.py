"""The manifest of a local archive: all that is in it, and where it came from."""

from pathlib import Path
from typing import Any

from mail_archive_local.errors import LocalArchiveError
from mail_archive_local.evidence.manifest import About, Listed, ManifestError, Written, read_head, write_manifest
from mail_archive_local.evidence.selecting import Selection
from mail_archive_local.importing.tally import ImportTally
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store
from mail_archive_tools.models.filters import SearchWords

EVERYTHING = Selection(SearchWords())


def list_import(
    path: Path, store: Store, archive: ArchiveRecord, tally: ImportTally, sources: list[str], query: dict[str, Any]
) -> Written:
    """Write the manifest of an archive after an import from these sources. `query` is what they were asked for, where
    they are an export.

    Raises:
        LocalArchiveError: there is something else in its place.
    """
    errors = [{"Origin": each.origin, "Reason": each.reason} for each in tally.skipped]
    # Whoever has the manifest alone is to see that there was more.
    errors += [{"Reason": each} for each in tally.cut_short]
    error_count = tally.skips + len(tally.cut_short)
    about = About(archive.archive_id, archive.name, sources, query, errors, error_count)
    try:
        return list_archive(path, store, archive, about)
    except ManifestError as error:
        raise LocalArchiveError(f"{error} Move it away, and import once more.") from error


def list_archive(path: Path, store: Store, archive: ArchiveRecord, about: About) -> Written:
    """Write the manifest of an archive, in the place of an older one: what came by the imports before is in it as well.

    Raises:
        ManifestError: there is something else in its place.
    """
    if path.exists():
        about = about.after(read_head(path))

    messages = EVERYTHING.messages(store, archive)
    listed = (Listed.of(each.archived_message_id, each.second, each.raw) for each in messages)
    return write_manifest(path, about, listed)
