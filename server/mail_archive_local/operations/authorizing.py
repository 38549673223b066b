"""What an operation does to which archive, asked of the caller's policies before it is done.

Decided here, because the service does not say [unknown]:
- ListArchiveSearches and ListArchiveExports may be granted on `*`, as the service's documentation has it, or on the
  archive.
- Who starts an export may write to its bucket, by the policies of this folder; a bucket has no policy here.
- An id of a search, export or message that is not there is told as that to whoever may do it to any archive.
"""

import json
from collections.abc import Callable
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
    denied = any(caller.rights.denies(caller.iam_request(action, *target)) for target in targets)
    is_refused = all(refusals)
    if operation in _LISTS_OF_ARCHIVES:
        # A Deny of one of the two counts, though the other is allowed.
        is_refused = is_refused or denied
    if is_refused:
        raise ApiError("AccessDeniedException", next(each for each in refusals if each))
    if operation == "StartArchiveExport":
        _refuse_unwritable(caller, request)


def may_read_message(local: Local, caller: Caller, message: int) -> bool:
    """Whether the caller may get a message, by its number in the store."""
    archive = local.store.archive_numbered(archive_of(message))
    resource, context = _of_archive(local, archive)
    return caller.refusal(f"{_PREFIX}GetArchiveMessage", resource, context) is None


def _targets(local: Local, operation: str, request: dict[str, Any]) -> list[Target]:
    """What it is about; where there are several, a right to one of them is enough."""
    if operation == "CreateArchive":
        tags = _tags("requesttag", request.get("Tags", []))
        return [(archive_arn(local.region, "*"), tags)]
    if "ArchiveId" in request:
        archive_id = request["ArchiveId"]
        # One that is not there has an ARN all the same, which a policy may name.
        _, context = _of_archive(local, local.store.archive(archive_id))
        about = (archive_arn(local.region, archive_id), context)
        if operation in _LISTS_OF_ARCHIVES:
            return [(_EVERYTHING, {}), about]
        return [about]
    if "ResourceArn" in request:
        return [_of_arn(local, request)]

    for member, number_in in _BY_ID.items():
        if member in request:
            return _of_one(local, number_in(local, request[member]))
    return [(_EVERYTHING, {})]


def _of_search(local: Local, search_id: str) -> int | None:
    search = local.store.search(search_id)
    if search is None:
        return None
    return search.archive


def _of_message(local: Local, archived_message_id: str) -> int | None:
    message = local.store.message(archived_message_id)
    if message is None:
        return None
    return archive_of(message.id)


def _of_export(local: Local, export_id: str) -> int | None:
    export = local.exports.find(export_id)
    if export is None:
        return None
    return export.archive


_BY_ID: dict[str, Callable[[Local, str], int | None]] = {
    "SearchId": _of_search,
    "ArchivedMessageId": _of_message,
    "ExportId": _of_export,
}
"""Members of requests that name a thing in an archive, and what gives that archive's number; None: there is none."""


def _of_arn(local: Local, request: dict[str, Any]) -> Target:
    """An archive that its ARN names, and the tags that are to be set or taken away."""
    archive_id = archive_of_arn(local.region, request["ResourceArn"])
    archive = None
    if archive_id is not None:
        archive = local.store.archive(archive_id)

    asked = _tags("requesttag", request.get("Tags", []))
    if "TagKeys" in request:
        asked["aws:tagkeys"] = tuple(request["TagKeys"])
    _, context = _of_archive(local, archive)
    return request["ResourceArn"], context | asked


def _refuse_unwritable(caller: Caller, request: dict[str, Any]) -> None:
    """Let an export pass whose caller may put its objects where they are to go."""
    in_s3 = request["ExportDestinationConfiguration"].get("S3", {})
    location = Location.of(in_s3.get("S3Location", ""))
    bucket = f"arn:aws:s3:::{location.bucket}"
    needed = [(action, bucket) for action in ON_BUCKET]
    needed += [(action, f"{bucket}/{location.key('*')}") for action in ON_OBJECTS]
    for action, resource in needed:
        refusal = caller.refusal(action, resource)
        if refusal is not None:
            raise ApiError("AccessDeniedException", refusal)


def _of_one(local: Local, number: int | None) -> list[Target]:
    """The archive of that number. What is not there may be told as that to whoever may do it to any archive."""
    if number is not None:
        return [_of_archive(local, local.store.archive_numbered(number))]
    archives = local.store.archives()
    if not archives:
        return [_of_archive(local, None)]
    return [_of_archive(local, each) for each in archives]


def _of_archive(local: Local, archive: ArchiveRecord | None) -> Target:
    if archive is None:
        return archive_arn(local.region, "*"), {}
    tags = _tags("resourcetag", json.loads(archive.tags))
    return archive_arn(local.region, archive.archive_id), tags


def _tags(kind: str, tags: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {f"aws:{kind}/{each['Key'].lower()}": (each["Value"],) for each in tags}
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys
    if tags and kind == "requesttag":
        values["aws:tagkeys"] = tuple(each["Key"] for each in tags)
    return values
