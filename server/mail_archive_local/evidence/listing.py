"""The manifest of a local archive: all that is in it, and where it came from."""

from pathlib import Path

from mail_archive_local.evidence.manifest import About, Listed, Written, read_head, write_manifest
from mail_archive_local.evidence.selecting import Selection
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store
from mail_archive_tools.models.filters import SearchWords

EVERYTHING = Selection(SearchWords())


def list_archive(path: Path, store: Store, archive: ArchiveRecord, about: About) -> Written:
    """Write the manifest of an archive, in the place of an older one: what came by the imports before is in it as well.

    Raises:
        ManifestError: there is something else in its place.
    """
    if path.exists():
        about = about.after(read_head(path))
    messages = EVERYTHING.messages(store, archive)
    return write_manifest(
        path, about, (Listed.of(each.archived_message_id, each.second, each.raw) for each in messages)
    )
