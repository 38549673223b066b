"""StartArchiveSearch, GetArchiveSearch, GetArchiveSearchResults, ListArchiveSearches, StopArchiveSearch.

Decided here, because the service does not say [unknown]:
- What a search finds is fixed when it starts; its states are a matter of the clock, so that any process sees the
  same ones.
- CONTAINS is a case-insensitive substring of the decoded header value; any value of a condition suffices, all
  conditions under Include must hold, any under Unless excludes. Both ends of the range are inclusive.
- Rows come newest first. A range over 30 days, or one that ends before it starts, is a ValidationException.
- Results of a cancelled search are a ConflictException; stopping a search that has ended does nothing.
- Searches are kept for ever; the newest thousand of an archive are listed.
"""

import json
import math
from datetime import timedelta
from typing import Any

from mail_archive_local.api_errors import conflict, quota, validation
from mail_archive_local.context import Local, new_id, page, read_token
from mail_archive_local.operations.archives import find_archive, refuse_pending
from mail_archive_local.storage.statements import Query, TextCondition
from mail_archive_local.storage.store import SearchRecord
from mail_archive_tools.index.contains import fold

MAX_RANGE = timedelta(days=30)
QUEUED_SHARE = 0.3
"""The part of a search's time that it is QUEUED."""
PAGE_SIZE = 50

_COLUMNS = {
    "TO": "to",
    "FROM": "from",
    "CC": "cc",
    "SUBJECT": "subject",
    "ENVELOPE_TO": "envelope_to",
    "ENVELOPE_FROM": "envelope_from",
}


def start_archive_search(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = find_archive(local, request["ArchiveId"])
    refuse_pending(archive)
    _refuse_range(request)

    found = local.store.find(query_of(archive.number, request), request["MaxResults"])
    now, search_id = local.clock(), new_id()
    values = {
        "search_id": search_id,
        "archive": archive.number,
        "request": json.dumps(_kept(request), ensure_ascii=False),
        "submitted": now,
        "running": now + local.search_seconds * QUEUED_SHARE,
        "completed": now + local.search_seconds,
        "found": json.dumps(found),
    }

    def start(db: Any) -> None:
        running = local.store.unfinished_searches(db, now)
        if running:
            raise quota(f"One search may run at a time; search {running[0].search_id} is running.")
        local.store.add_search(db, values)

    local.store.change_searches(start)
    return {"SearchId": search_id}


def get_archive_search(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    search = _find_search(local, request["SearchId"])
    archive = local.store.archive_numbered(search.archive)
    members: dict[str, Any] = {}
    if archive is not None:
        members["ArchiveId"] = archive.archive_id
    members |= json.loads(search.request)
    members["Status"] = _status(local, search)
    return members


def get_archive_search_results(local: Local, request: dict[str, Any]) -> bytes:
    search = _find_search(local, request["SearchId"])
    state = _state(local, search)
    if state == "CANCELLED":
        raise conflict(f"Search {search.search_id} was cancelled; it has no results.")
    if state != "COMPLETED":
        raise conflict(f"Search {search.search_id} is still in progress ({state}).")

    rows = local.store.rows(json.loads(search.found))
    # A row is kept as the JSON that the API sends, so that a thousand of them need no parsing here.
    return b'{"Rows":[' + ",".join(rows).encode() + b"]}"


def list_archive_searches(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = find_archive(local, request["ArchiveId"])
    size = request.get("PageSize", PAGE_SIZE)
    before = read_token(request.get("NextToken"))
    found = local.store.searches(archive.number, before, size + 1)

    def summary(search: SearchRecord) -> dict[str, Any]:
        return {"SearchId": search.search_id, "Status": _status(local, search)}

    return page("Searches", found, size, summary)


def stop_archive_search(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    search = _find_search(local, request["SearchId"])
    if _state(local, search) in ("QUEUED", "RUNNING"):
        now = local.clock()
        local.store.change_searches(lambda db: local.store.cancel_search(db, search.search_id, now))
    return {}


def _find_search(local: Local, search_id: str) -> SearchRecord:
    search = local.store.search(search_id)
    if search is None:
        raise validation(f"Search {search_id} does not exist.")
    return search


def _state(local: Local, search: SearchRecord) -> str:
    now = local.clock()
    if search.cancelled is not None:
        return "CANCELLED"
    if now >= search.completed:
        return "COMPLETED"
    if now >= search.running:
        return "RUNNING"
    return "QUEUED"


def _status(local: Local, search: SearchRecord) -> dict[str, Any]:
    state = _state(local, search)
    status: dict[str, Any] = {"SubmissionTimestamp": search.submitted, "State": state}
    if state == "COMPLETED":
        status["CompletionTimestamp"] = search.completed
    if search.cancelled is not None:
        status["CompletionTimestamp"] = search.cancelled
    return status


def _refuse_range(request: dict[str, Any]) -> None:
    length = request["ToTimestamp"] - request["FromTimestamp"]
    if length < timedelta(0):
        raise validation("ToTimestamp must not be before FromTimestamp.")
    if length > MAX_RANGE:
        raise validation(f"A search covers at most {MAX_RANGE.days} days; this range is longer.")


def _kept(request: dict[str, Any]) -> dict[str, Any]:
    """The request as GetArchiveSearch gives it back."""
    kept = {name: request[name].timestamp() for name in ("FromTimestamp", "ToTimestamp")}
    for name in ("Filters", "MaxResults"):
        if name in request:
            kept[name] = request[name]
    return kept


def query_of(archive: int, request: dict[str, Any]) -> Query:
    filters = request.get("Filters", {})
    include, include_flags = _conditions(filters.get("Include", []))
    unless, unless_flags = _conditions(filters.get("Unless", []))
    # Messages have whole seconds: the first and the last of the range are those that lie in it.
    return Query(
        archive=archive,
        first_second=math.ceil(request["FromTimestamp"].timestamp()),
        last_second=math.floor(request["ToTimestamp"].timestamp()),
        include=include,
        unless=unless,
        include_attachments=include_flags,
        unless_attachments=unless_flags,
    )


def _conditions(conditions: list[dict[str, Any]]) -> tuple[tuple[TextCondition, ...], tuple[bool, ...]]:
    texts: list[TextCondition] = []
    flags: list[bool] = []
    for condition in conditions:
        # A condition is a union: it has one of the two.
        if "StringExpression" in condition:
            expression = condition["StringExpression"]
            column = _COLUMNS[expression["Evaluate"]["Attribute"]]
            values = tuple(fold(value) for value in expression["Values"])
            texts.append(TextCondition(column, values))
        else:
            flags.append(condition["BooleanExpression"]["Operator"] == "IS_TRUE")
    return tuple(texts), tuple(flags)
