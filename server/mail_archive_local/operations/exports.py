"""StartArchiveExport, GetArchiveExport, ListArchiveExports, StopArchiveExport.

Decided here, because the service does not say [unknown]:
- A message is `<ArchivedMessageId>.eml` under the location; with IncludeMetadata, `<ArchivedMessageId>.json` beside it
  has the members of GetArchiveMessage but its link.
- Which messages an export has is fixed when it is preprocessed; they are delivered newest first.
- Messages that are removed before it is their turn are not delivered, and are no failure.
- An export that was asked to stop is CANCELLED once the messages that are on their way, fifty at most, have arrived;
  what was delivered stays.
- A range may be of any length. Exports are kept for ever.
"""

import json
from typing import Any

from mail_archive_local.api_errors import quota, validation
from mail_archive_local.context import Local, new_id, page, read_token
from mail_archive_local.operations.archives import find_archive
from mail_archive_local.storage.export_records import UNFINISHED, ExportRecord

MAX_MESSAGES = 250_000
"""Messages that one export has at most."""
PAGE_SIZE = 50


def start_archive_export(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = find_archive(local, request["ArchiveId"])
    if archive.state != "ACTIVE":
        raise validation(f"Archive {archive.archive_id} is pending deletion.")
    if request["ToTimestamp"] < request["FromTimestamp"]:
        raise validation("ToTimestamp must not be before FromTimestamp.")
    if not 1 <= request.get("MaxResults", MAX_MESSAGES) <= MAX_MESSAGES:
        raise validation(f"MaxResults must be from 1 to {MAX_MESSAGES}.")

    destination = request["ExportDestinationConfiguration"]
    if "S3" not in destination:
        raise validation("ExportDestinationConfiguration must name a location in S3.")
    if "S3Location" not in destination["S3"]:
        raise validation("ExportDestinationConfiguration.S3 must have an S3Location.")
    if local.exporter is None:
        raise validation(
            "This local archive delivers exports nowhere. Start it with --export-folder DIR, or with --s3-endpoint-url "
            "URL."
        )

    export_id = new_id()
    with local.store.writing() as db:
        running = local.exports.unfinished_in(db)
        if running:
            raise quota(f"One export may run at a time; export {running[0].export_id} is running.")
        local.exports.add(
            db,
            {
                "export_id": export_id,
                "archive": archive.number,
                "request": json.dumps(_kept(request), ensure_ascii=False),
                "submitted": local.clock(),
                "state": "QUEUED",
            },
        )

    local.exporter.wake(local)
    return {"ExportId": export_id}


def get_archive_export(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    export = _find_export(local, request["ExportId"])
    archive = local.store.archive_numbered(export.archive)
    members: dict[str, Any] = {}
    if archive is not None:
        members["ArchiveId"] = archive.archive_id
    members |= json.loads(export.request)
    # The model's reply has no such member.
    members.pop("IncludeMetadata", None)
    members["Status"] = _status(export)
    return members


def list_archive_exports(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    archive = find_archive(local, request["ArchiveId"])
    size = request.get("PageSize", PAGE_SIZE)
    before = read_token(request.get("NextToken"))
    found = local.exports.of_archive(archive.number, before, size + 1)
    return page("Exports", found, size, _summary)


def _summary(export: ExportRecord) -> dict[str, Any]:
    return {"ExportId": export.export_id, "Status": _status(export)}


def stop_archive_export(local: Local, request: dict[str, Any]) -> dict[str, Any]:
    export = _find_export(local, request["ExportId"])
    if export.state in UNFINISHED:
        local.exports.ask_to_stop(export, local.clock())
        if local.exporter is not None:
            local.exporter.wake(local)
    return {}


def _find_export(local: Local, export_id: str) -> ExportRecord:
    export = local.exports.find(export_id)
    if export is None:
        raise validation(f"Export {export_id} does not exist.")
    return export


def _status(export: ExportRecord) -> dict[str, Any]:
    status = {
        "SubmissionTimestamp": export.submitted,
        "CompletionTimestamp": export.completed,
        "State": export.state,
        "ErrorMessage": export.error,
    }
    return {name: value for name, value in status.items() if value is not None}


def _kept(request: dict[str, Any]) -> dict[str, Any]:
    """The request as GetArchiveExport gives it back, and whether metadata was asked for."""
    times = {name: request[name].timestamp() for name in ("FromTimestamp", "ToTimestamp")}
    asked = ("Filters", "MaxResults", "ExportDestinationConfiguration", "IncludeMetadata")
    return times | {name: request[name] for name in asked if name in request}
