"""The operations of the local archive in one table, and `handle`, which both doors call.

An operation is a function of the `Local` it works on and the request's members (names as in the API, timestamps
as datetimes); it returns the reply's members (timestamps as epoch seconds), or the whole reply as JSON.
"""

from collections.abc import Callable
from typing import Any

from mail_archive_server.local import archives, messages, searches
from mail_archive_server.local.context import Local
from mail_archive_server.local.errors import ApiError
from mail_archive_server.local.storage.database import StoreError
from mail_archive_server.local.wire import Reply, operation_named, read_request, write_error, write_reply

Operation = Callable[[Local, dict[str, Any]], dict[str, Any] | bytes]


def not_offered(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    """An operation of the service that this version of the local archive does not have."""
    raise ApiError(
        "NotImplementedException",
        "The local archive of this version does not offer exports or changes of tags.",
    )


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
    "GetArchiveMessage": messages.get_archive_message,
    "GetArchiveMessageContent": messages.get_archive_message_content,
    "StartArchiveExport": not_offered,
    "GetArchiveExport": not_offered,
    "ListArchiveExports": not_offered,
    "StopArchiveExport": not_offered,
    "TagResource": not_offered,
    "UntagResource": not_offered,
    "ListTagsForResource": not_offered,
}


def handle(local: Local, target: str, body: bytes) -> Reply:
    """The reply to one request: `target` is its X-Amz-Target header. Blocks; any thread may call it."""
    try:
        operation = operation_named(target)
        function = OPERATIONS.get(operation.name)
        if function is None:
            raise ApiError("UnknownOperationException", f"{operation.name} is no operation of archives.")
        return write_reply(function(local, read_request(operation, body)))
    except ApiError as error:
        return write_error(error)
    except StoreError as error:
        # A status below 500 on purpose: SDKs would repeat the call, and each try waits for the lock.
        return write_error(ApiError("LocalArchiveUnavailable", str(error)))
