"""TagResource, UntagResource, ListTagsForResource: the tags of archives.

Decided here, because the service does not say [unknown]:
- An ARN of another account, Region or kind of resource is one that is not found.
- Tags of an archive that is pending deletion can be seen, not changed.
- More than 200 tags on one archive are a ServiceQuotaExceededException.
"""

import json
from typing import Any

from mail_archive_local.api_errors import not_found, quota
from mail_archive_local.arns import archive_of_arn
from mail_archive_local.context import Local
from mail_archive_local.operations.archives import find_archive, refuse_pending
from mail_archive_local.storage.putting import ArchiveRecord

MAX_TAGS = 200


def tag_resource(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = _find(local, request["ResourceArn"])
    refuse_pending(archive)

    added = {each["Key"]: each["Value"] for each in request["Tags"]}
    with local.store.writing() as db:
        # Read within the transaction: another process may have set tags meanwhile.
        tags = _by_key(local.store.archive_in(db, archive.number)) | added
        if len(tags) > MAX_TAGS:
            raise quota(f"An archive may have {MAX_TAGS} tags.")
        local.store.change_archive(db, archive.number, {"tags": _written(tags)})
    return {}


def untag_resource(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = _find(local, request["ResourceArn"])
    refuse_pending(archive)

    removed = set(request["TagKeys"])
    with local.store.writing() as db:
        tags = _by_key(local.store.archive_in(db, archive.number))
        kept = {key: value for key, value in tags.items() if key not in removed}
        local.store.change_archive(db, archive.number, {"tags": _written(kept)})
    return {}


def list_tags_for_resource(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = _find(local, request["ResourceArn"])
    return {"Tags": json.loads(archive.tags)}


def _find(local: Local, arn: str) -> ArchiveRecord:
    archive_id = archive_of_arn(local.region, arn)
    if archive_id is None:
        raise not_found(f"Resource {arn} was not found.")
    return find_archive(local, archive_id)


def _by_key(archive: ArchiveRecord) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in json.loads(archive.tags)}


def _written(tags: dict[str, str]) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return json.dumps(listed)
