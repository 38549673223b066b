"""CreateArchive, GetArchive, ListArchives, UpdateArchive, DeleteArchive.

Decided here, because the service does not say [unknown]:
- A ClientToken that comes again with the same name answers with the archive it made; with another name it is a
  ConflictException.
- The weekly limit on changes of retention counts from the last change, not from the creation.
- An archive that has been pending deletion for 30 days is removed when archives are next listed or made.
- Mail that was put in may be older than the archive here: it is said to have been made no later than that mail.
"""

import json
from typing import Any

from mail_archive_local.api_errors import conflict, not_found, quota
from mail_archive_local.arns import archive_arn
from mail_archive_local.context import Local, new_id, page, read_token
from mail_archive_local.storage.putting import ArchiveRecord

MAX_ACTIVE_ARCHIVES = 10
DEFAULT_RETENTION = "SIX_MONTHS"
RETENTION_CHANGE_SECONDS = 7 * 86_400
PENDING_DELETION_SECONDS = 30 * 86_400
PAGE_SIZE = 50


def create_archive(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    _remove_expired(local)
    now, name, token = local.clock(), request["ArchiveName"], request.get("ClientToken")
    archive_id = new_id("a-")
    with local.store.writing() as db:
        for archive in local.store.archives_in(db):
            if token is not None and archive.client_token == token:
                if archive.name == name:
                    return {"ArchiveId": archive.archive_id}
                raise conflict("The ClientToken was used for an archive of another name.")

        active = [archive for archive in local.store.archives_in(db) if archive.state == "ACTIVE"]
        _refuse_taken_name(active, name)
        if len(active) >= MAX_ACTIVE_ARCHIVES:
            raise quota(f"An account may have {MAX_ACTIVE_ARCHIVES} active archives; delete one first.")

        local.store.add_archive(
            db,
            {
                "archive_id": archive_id,
                "name": name,
                "state": "ACTIVE",
                "retention": request.get("Retention", {}).get("RetentionPeriod", DEFAULT_RETENTION),
                "kms_key_arn": request.get("KmsKeyArn"),
                "tags": json.dumps(request.get("Tags", [])),
                "client_token": token,
                "created": now,
                "updated": now,
            },
        )

    return {"ArchiveId": archive_id}


def get_archive(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = find_archive(local, request["ArchiveId"])
    created = archive.created
    oldest = local.store.oldest_second(archive)
    # Mail Manager has no message that is older than its archive, and clients search no further back: one that was
    # filled by an import is as old as its oldest message.
    if oldest is not None:
        created = min(created, oldest)

    members: dict[str, Any] = {
        "ArchiveId": archive.archive_id,
        "ArchiveName": archive.name,
        "ArchiveArn": archive_arn(local.region, archive.archive_id),
        "ArchiveState": archive.state,
        "Retention": {"RetentionPeriod": archive.retention},
        "CreatedTimestamp": created,
        "LastUpdatedTimestamp": archive.updated,
    }
    if archive.kms_key_arn:
        members["KmsKeyArn"] = archive.kms_key_arn
    return members


def list_archives(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    _remove_expired(local)
    size = request.get("PageSize", PAGE_SIZE)
    after = read_token(request.get("NextToken")) or 0
    archives = [archive for archive in local.store.archives() if archive.number > after]
    return page("Archives", archives, size, _summary)


def _summary(archive: ArchiveRecord) -> dict[str, Any]:
    return {
        "ArchiveId": archive.archive_id,
        "ArchiveName": archive.name,
        "ArchiveState": archive.state,
        "LastUpdatedTimestamp": archive.updated,
    }


def update_archive(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive, now = find_archive(local, request["ArchiveId"]), local.clock()
    refuse_pending(archive)

    changes: dict[str, Any] = {"updated": now}
    period = request.get("Retention", {}).get("RetentionPeriod", archive.retention)
    if period != archive.retention:
        changed = archive.retention_changed
        if changed is not None and now - changed < RETENTION_CHANGE_SECONDS:
            raise quota("The retention of an archive may be changed once a week.")
        changes |= {"retention": period, "retention_changed": now}

    with local.store.writing() as db:
        if "ArchiveName" in request:
            active = [each for each in local.store.archives_in(db) if each.state == "ACTIVE"]
            others = [each for each in active if each.number != archive.number]
            _refuse_taken_name(others, request["ArchiveName"])
            changes["name"] = request["ArchiveName"]
        local.store.change_archive(db, archive.number, changes)

    return {}


def delete_archive(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = local.store.archive(request["ArchiveId"])
    if archive is None:
        return {}
    refuse_pending(archive)

    now = local.clock()
    with local.store.writing() as db:
        changes = {"state": "PENDING_DELETION", "deleted": now, "updated": now}
        local.store.change_archive(db, archive.number, changes)

    return {}


def find_archive(local: Local, archive_id: str) -> ArchiveRecord:
    """The archive of that id.

    Raises:
        ApiError: ResourceNotFoundException, there is none.
    """
    archive = local.store.archive(archive_id)
    if archive is None:
        raise not_found(f"Archive {archive_id} was not found.")
    return archive


def refuse_pending(archive: ArchiveRecord) -> None:
    """
    Raises:
        ApiError: ConflictException, the archive is pending deletion.
    """
    if archive.state != "ACTIVE":
        raise conflict(f"Archive {archive.archive_id} is pending deletion.")


def _refuse_taken_name(active: list[ArchiveRecord], name: str) -> None:
    if any(archive.name == name for archive in active):
        raise conflict("Archive already exists")


def _was_deleted_before(limit: float, archive: ArchiveRecord) -> bool:
    return archive.deleted is not None and archive.deleted < limit


def _remove_expired(local: Local) -> None:
    limit = local.clock() - PENDING_DELETION_SECONDS
    expired = [each for each in local.store.archives() if _was_deleted_before(limit, each)]
    if not expired or not local.store.can_be_written:
        return

    with local.store.writing() as db:
        for archive in expired:
            local.store.remove_archive(db, archive.number)
