"""Lists that are missing from an answer: the service may leave empty ones out, and so may a fault.

The first time that an operation leaves a list out, it is asked once more. Where the list is absent again, that is how
this service says "none", for as long as the process lives.
"""

from collections.abc import Callable
from typing import Any

NULL_MEMBERS = "NullMembers"
"""The member of ResponseMetadata that names the members of an answer that are null, which botocore leaves out."""

NOTES = "Notes"
"""The member for what is to be said of an answer; no operation has one of that name."""

_LEFT_OUT: set[tuple[str, str]] = set()
"""Endpoints, and operations that leave empty lists out there."""


def with_lists(client: Any, operation: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of `send`, with each list that the operation's output has; it is sent twice at most. What is null is
    told in its Notes."""
    lists = lists_of(client.meta.service_model.operation_model(operation))
    response = send()
    if not _absent(response, lists):
        return response

    known = (client.meta.endpoint_url, operation)
    if known not in _LEFT_OUT:
        response = send()
        if _absent(response, lists):
            _LEFT_OUT.add(known)

    absent = _absent(response, lists)
    null_members = response["ResponseMetadata"].get(NULL_MEMBERS, [])
    nulls = [name for name in null_members if name in absent]
    if nulls:
        response[NOTES] = [f"Mail Manager gave no list of {name} but null, which is taken for none." for name in nulls]
    return response | {name: [] for name in absent}


def lists_of(operation: Any) -> list[str]:
    """The names of the lists that the service's model has in an operation's output."""
    shape = operation.output_shape
    if shape is None:
        return []
    return [name for name, member in shape.members.items() if member.type_name == "list"]


def _absent(response: dict[str, Any], lists: list[str]) -> list[str]:
    return [name for name in lists if name not in response]
