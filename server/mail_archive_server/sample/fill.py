"""The sample, put into a local archive."""

from mail_archive_local import ArchiveFolder
from mail_archive_server.sample.year import messages

ARCHIVE_NAME = "tidewater-2025"


def fill(folder: ArchiveFolder) -> str:
    """Put the sample's archive into a folder, where it is not there yet; returns its ArchiveId."""
    archive = folder.archive_to_fill(ARCHIVE_NAME)
    folder.put(archive, messages())
    return archive.archive_id
