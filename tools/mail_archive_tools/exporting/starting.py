"""Starting an export, and never a second time because an answer was lost."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, ServiceFailed, SlotTaken, Unreachable
from mail_archive_tools.models.moments import in_utc, iso
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Export, is_unfinished_export, state_of
from mail_archive_tools.untrusted import clean_line

_OF_USE = ("QUEUED", "PREPROCESSING", "PROCESSING", "COMPLETED")
_LOOKED_THROUGH = 20
_CLOCKS_DIFFER = timedelta(minutes=5)
_LOOKING_SECONDS = 15.0


@dataclass(frozen=True)
class ExportRequest:
    """What StartArchiveExport is asked; `filters` are the API's, `location` is an S3Location."""

    archive_id: str
    begin: datetime
    end: datetime
    filters: dict[str, Any] | None
    max_results: int
    location: str
    include_metadata: bool

    @property
    def arguments(self) -> dict[str, Any]:
        """The members of the request, without the archive's."""
        return {
            "FromTimestamp": self.begin,
            "ToTimestamp": self.end,
            "Filters": self.filters,
            "MaxResults": self.max_results,
            "ExportDestinationConfiguration": {"S3": {"S3Location": self.location}},
            "IncludeMetadata": self.include_metadata,
        }

    def is_answered_by(self, export: Export) -> bool:
        """Whether that is such an export, as far as it says. Seconds are compared: not all of the service keeps
        more."""
        asked = {"ArchiveId": self.archive_id, **self.arguments}
        del asked["IncludeMetadata"]
        return all(_same(export.get(name, value), value) for name, value in asked.items() if value is not None)


async def start_once(client: MailManager, request: ExportRequest, patience: Patience) -> str:
    """Start an export; returns its ExportId. Where no answer came, it is looked for, and not started again.

    Raises:
        SlotTaken: another export is running.
        Unreachable, ServiceFailed: there was no answer, and the export is not among the archive's.
        ArchiveError: the export cannot be started.
    """
    began = datetime.now(UTC)
    try:
        return await client.start_archive_export(request.archive_id, request.arguments)
    except SlotTaken as error:
        raise SlotTaken(await _in_the_way(client, request.archive_id) or str(error)) from error
    except (Unreachable, ServiceFailed) as error:
        await patience.say("No answer came; looking whether the export was started all the same")
        export_id = await _started_after_all(client, request, began)
        if export_id is None:
            raise type(error)(
                f"{error} The export is not among those of the archive, as far as could be seen: look at "
                "list_archive_exports before you start it again."
            ) from error
        return export_id


async def _started_after_all(client: MailManager, request: ExportRequest, began: datetime) -> str | None:
    """The export that was started although no answer came. Not given up when the caller is: somebody has to know it."""
    with anyio.move_on_after(_LOOKING_SECONDS, shield=True):
        try:
            listed = await client.list_archive_exports(request.archive_id, _LOOKED_THROUGH)
            for each in listed.get("Exports", []):
                export_id = each.get("ExportId", "")
                if not export_id or not _may_be_ours(each, began):
                    continue
                if request.is_answered_by(await client.get_archive_export(export_id)):
                    return str(export_id)
        except ArchiveError:
            # It cannot be looked for: the caller hears of the first failure.
            return None
    return None


async def _in_the_way(client: MailManager, archive_id: str) -> str | None:
    """A sentence on the export that holds the slot, where it can be found."""
    try:
        listed = await client.list_archive_exports(archive_id, _LOOKED_THROUGH)
    except ArchiveError:
        return None
    for export in listed.get("Exports", []):
        if not is_unfinished_export(export):
            continue
        since = export.get("Status", {}).get("SubmissionTimestamp")
        began = f" since {iso(since)}" if since else ""
        return (
            f"Export {clean_line(export.get('ExportId', ''))} is {state_of(export)}{began}, and one may run at a "
            "time. Wait for it with get_archive_export and wait_seconds, then call again; or end it with "
            "stop_archive_export if whoever started it agrees."
        )
    return (
        "An export of another archive is running, and one may run at a time: list_archive_exports of the others shows "
        "it. Call again when it has ended."
    )


def _may_be_ours(export: Export, began: datetime) -> bool:
    submitted = export.get("Status", {}).get("SubmissionTimestamp")
    return state_of(export) in _OF_USE and (submitted is None or submitted > began - _CLOCKS_DIFFER)


def _same(found: Any, asked: Any) -> bool:
    if isinstance(asked, datetime) and isinstance(found, datetime):
        return abs(in_utc(found) - in_utc(asked)) < timedelta(seconds=1)
    return bool(found == asked)
