"""What an operation does to which archive, asked of the caller's policies before it is done.

Decided here, because the service does not say [unknown]:
- ListArchiveSearches may be granted on `*`, as the service's documentation has it, or on the archive.
- An id of a search or message that is not there is told as that to whoever may do it to any archive.
"""

import json
from typing import Any

from mail_archive_server.local.arns import archive_arn
from mail_archive_server.local.context import Local
from mail_archive_server.local.errors import ApiError
from mail_archive_server.local.identity.callers import Caller
from mail_archive_server.local.storage.keys import archive_of
from mail_archive_server.local.storage.store import ArchiveRecord

_PREFIX = "ses:"
_EVERYTHING = "*"

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
    if all(refusals) or (denied and operation == "ListArchiveSearches"):
        raise ApiError("AccessDeniedException", next(each for each in refusals if each))


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
        return [(_EVERYTHING, {}), about] if operation == "ListArchiveSearches" else [about]
    if "SearchId" in request:
        search = local.store.search(request["SearchId"])
        return _of_one(local, None if search is None else search.archive)
    if "ArchivedMessageId" in request:
        message = local.store.message(request["ArchivedMessageId"])
        return _of_one(local, None if message is None else archive_of(message.id))
    return [(_EVERYTHING, {})]


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
