"""What an operation does to which archive, asked of the caller's policies before it is done.

Decided here, because the service does not say [unknown]:
- ListArchiveSearches and ListArchiveExports may be granted on `*`, as the service's documentation has it, or on the
  archive.
- Who starts an export may write to its bucket, by the policies of this folder; a bucket has no policy here.
- An id of a search, export or message that is not there is told as that to whoever may do it to any archive.
"""

import json
from typing import Any

from mail_archive_local.api_errors import ApiError
from mail_archive_local.arns import archive_arn, archive_of_arn
from mail_archive_local.context import Local
from mail_archive_local.identity.callers import Caller
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.row_keys import archive_of
from mail_archive_tools.service.buckets import ON_BUCKET, ON_OBJECTS, Location

_PREFIX = "ses:"
_EVERYTHING = "*"

_LISTS_OF_ARCHIVES = ("ListArchiveSearches", "ListArchiveExports")

Target = tuple[str, dict[str, tuple[str, ...]]]
"""A resource, and what conditions may ask of it."""


def refuse_unauthorized(local: Local, caller: Caller, operation: str, request: dict[str, Any]) -> None:
    """Let a request pass that the caller may make.

    Raises:
        ApiError: AccessDeniedException, naming caller, action, resource and the kind of policy that is in the way.
    """
    action = f"{_PREFIX}{operation}"
    targets = _targets(local, operation, request)
    refusals = [caller.refusal(action, resource, context) for resource, context in targets]
    denied = any(caller.rights.denies(caller.asked(action, *target)) for target in targets)
    if all(refusals) or (denied and operation in _LISTS_OF_ARCHIVES):
        raise ApiError("AccessDeniedException", next(each for each in refusals if each))
    if operation == "StartArchiveExport":
        _refuse_unwritable(caller, request)


def may_read_message(local: Local, caller: Caller, message: int) -> bool:
    """Whether the caller may get a message, by its number in the store."""
    target = _of_archive(local, local.store.archive_numbered(archive_of(message)))
    return caller.refusal(f"{_PREFIX}GetArchiveMessage", *target) is None


def _targets(local: Local, operation: str, request: dict[str, Any]) -> list[Target]:
    """What it is about; where there are several, a right to one of them is enough."""
    if operation == "CreateArchive":
        return [(archive_arn(local.region, "*"), _tags("requesttag", request.get("Tags", [])))]
    if "ArchiveId" in request:
        archive = local.store.archive(request["ArchiveId"])
        about = (archive_arn(local.region, request["ArchiveId"]), _of_archive(local, archive)[1])
        return [(_EVERYTHING, {}), about] if operation in _LISTS_OF_ARCHIVES else [about]
    if "SearchId" in request:
        search = local.store.search(request["SearchId"])
        return _of_one(local, None if search is None else search.archive)
    if "ArchivedMessageId" in request:
        message = local.store.message(request["ArchivedMessageId"])
        return _of_one(local, None if message is None else archive_of(message.id))
    if "ExportId" in request:
        export = local.exports.find(request["ExportId"])
        return _of_one(local, None if export is None else export.archive)
    if "ResourceArn" in request:
        return [_of_arn(local, request)]
    return [(_EVERYTHING, {})]


def _of_arn(local: Local, request: dict[str, Any]) -> Target:
    """An archive that its ARN names, and the tags that are to be set or taken away."""
    archive_id = archive_of_arn(local.region, request["ResourceArn"])
    archive = local.store.archive(archive_id) if archive_id is not None else None
    asked = _tags("requesttag", request.get("Tags", []))
    if "TagKeys" in request:
        asked["aws:tagkeys"] = tuple(request["TagKeys"])
    return request["ResourceArn"], _of_archive(local, archive)[1] | asked


def _refuse_unwritable(caller: Caller, request: dict[str, Any]) -> None:
    """Let an export pass whose caller may put its objects where they are to go."""
    location = Location.of(request["ExportDestinationConfiguration"].get("S3", {}).get("S3Location", ""))
    bucket = f"arn:aws:s3:::{location.bucket}"
    needed = [(action, bucket) for action in ON_BUCKET]
    needed += [(action, f"{bucket}/{location.key('*')}") for action in ON_OBJECTS]
    for action, resource in needed:
        if refusal := caller.refusal(action, resource):
            raise ApiError("AccessDeniedException", refusal)


def _of_one(local: Local, number: int | None) -> list[Target]:
    if number is not None:
        return [_of_archive(local, local.store.archive_numbered(number))]
    return [_of_archive(local, each) for each in local.store.archives()] or [_of_archive(local, None)]


def _of_archive(local: Local, archive: ArchiveRecord | None) -> Target:
    if archive is None:
        return archive_arn(local.region, "*"), {}
    return archive_arn(local.region, archive.archive_id), _tags("resourcetag", json.loads(archive.tags))


def _tags(kind: str, tags: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    values = {f"aws:{kind}/{each['Key'].lower()}": (each["Value"],) for each in tags}
    return values | ({"aws:tagkeys": tuple(each["Key"] for each in tags)} if tags and kind == "requesttag" else {})
