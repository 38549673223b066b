"""The sample, put into a local archive."""

from mail_archive_server.local.archives import create_archive
from mail_archive_server.local.context import Local
from mail_archive_server.local.importing.record import describe
from mail_archive_server.sample.year import messages

ARCHIVE_NAME = "tidewater-2025"


def fill(local: Local) -> str:
    """Make the sample's archive in `local`; returns its ArchiveId."""
    archive_id: str = create_archive(
        local, {"ArchiveName": ARCHIVE_NAME, "Retention": {"RetentionPeriod": "PERMANENT"}}
    )["ArchiveId"]
    archive = local.store.archive(archive_id)
    assert archive is not None
    local.store.add_messages(
        archive,
        [
            describe(each.raw, archive_id, each.moment.timestamp(), each.metadata, each.envelope or None)
            for each in messages()
        ],
    )
    return archive_id
