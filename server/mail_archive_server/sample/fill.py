"""The sample, put into a local archive."""

from mail_archive_local.context import Local
from mail_archive_local.importing.record import describe
from mail_archive_local.operations.archives import create_archive
from mail_archive_server.sample.year import messages

ARCHIVE_NAME = "tidewater-2025"


def fill(local: Local) -> str:
    """Put the sample's archive into `local`, where it is not there yet; returns its ArchiveId."""
    there = [archive.archive_id for archive in local.store.archives() if archive.name == ARCHIVE_NAME]
    archive_id: str = there[0] if there else _made(local)
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


def _made(local: Local) -> str:
    request = {"ArchiveName": ARCHIVE_NAME, "Retention": {"RetentionPeriod": "PERMANENT"}}
    archive_id: str = create_archive(local, request)["ArchiveId"]
    return archive_id
