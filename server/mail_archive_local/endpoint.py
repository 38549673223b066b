"""The operations of the local archive in one table, and `handle`, which both doors call.

An operation is a function of the `Local` it works on and the request's members (names as in the API, timestamps
as datetimes); it returns the reply's members (timestamps as epoch seconds), or the whole reply as JSON. Whether the
caller may is asked before, for all of them.
"""

from collections.abc import Callable
from typing import Any

from mail_archive_local.api_errors import ApiError
from mail_archive_local.context import Local
from mail_archive_local.identity.callers import Caller
from mail_archive_local.operations import archives, exports, messages, searches, tags
from mail_archive_local.operations.authorizing import refuse_unauthorized
from mail_archive_local.wire.protocol import Reply, operation_named, read_request, write_reply

Operation = Callable[[Local, dict[str, Any]], dict[str, Any] | bytes]


OPERATIONS: dict[str, Operation] = {
    "CreateArchive": archives.create_archive,
    "GetArchive": archives.get_archive,
    "ListArchives": archives.list_archives,
    "UpdateArchive": archives.update_archive,
    "DeleteArchive": archives.delete_archive,
    "StartArchiveSearch": searches.start_archive_search,
    "GetArchiveSearch": searches.get_archive_search,
    "GetArchiveSearchResults": searches.get_archive_search_results,
    "ListArchiveSearches": searches.list_archive_searches,
    "StopArchiveSearch": searches.stop_archive_search,
    "GetArchiveMessageContent": messages.get_archive_message_content,
    "StartArchiveExport": exports.start_archive_export,
    "GetArchiveExport": exports.get_archive_export,
    "ListArchiveExports": exports.list_archive_exports,
    "StopArchiveExport": exports.stop_archive_export,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsForResource": tags.list_tags_for_resource,
}

PERSONAL: dict[str, Callable[[Local, Caller, dict[str, Any]], dict[str, Any]]] = {
    "GetArchiveMessage": messages.get_archive_message,
}
"""Operations whose answer depends on who asks."""


def handle(local: Local, caller: Caller, target: str, body: bytes) -> Reply:
    """The reply to one request of `caller`: `target` is its X-Amz-Target header.

    Raises:
        ApiError: the caller may not, or the request cannot be answered.
        StoreError: the folder cannot be used.
    """
    operation = operation_named(target)
    name = operation.name
    # The model has all of Mail Manager: rules, relays, traffic policies.
    if name not in OPERATIONS and name not in PERSONAL:
        raise ApiError("UnknownOperationException", f"{name} is no operation of archives.")

    request = read_request(operation, body)
    refuse_unauthorized(local, caller, name, request)

    if name in PERSONAL:
        return write_reply(PERSONAL[name](local, caller, request))
    return write_reply(OPERATIONS[name](local, request))
