"""Starting an export, and never a second time because an answer was lost."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, ServiceFailed, SlotTaken, Unreachable
from mail_archive_tools.models.moments import in_utc, iso
from mail_archive_tools.searching.starting.lost import LOOKED_THROUGH, started_after_all
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Export, is_unfinished_export, state_of, submitted_of
from mail_archive_tools.untrusted import clean_line


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
        """Whether that is such an export, as far as it says. Times are compared by their seconds: not all of the
        service keeps more."""
        asked = {"ArchiveId": self.archive_id, **self.arguments}
        # GetArchiveExport does not say it.
        del asked["IncludeMetadata"]
        for name, value in asked.items():
            if value is not None and not _is_same(export.get(name, value), value):
                return False
        return True


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
        export_id = await _export_after_all(client, request, began)
        if export_id is None:
            raise type(error)(
                f"{error} The export is not among those of the archive, as far as could be seen: look at "
                "list_archive_exports before you start it again."
            ) from error
        return export_id


async def _export_after_all(client: MailManager, request: ExportRequest, began: datetime) -> str | None:
    """The export that was started although no answer came."""

    async def listed() -> list[Export]:
        return await _newest(client, request.archive_id)

    async def is_ours(export: Export) -> bool:
        return request.is_answered_by(await client.get_archive_export(export["ExportId"]))

    found = await started_after_all(began, listed, is_ours)
    if found is None:
        return None
    return found["ExportId"]


async def _newest(client: MailManager, archive_id: str) -> list[Export]:
    response = await client.list_archive_exports(archive_id, LOOKED_THROUGH)
    return cast(list[Export], response.get("Exports", []))


async def _in_the_way(client: MailManager, archive_id: str) -> str | None:
    """A sentence on the export that holds the slot, where it can be found."""
    try:
        newest = await _newest(client, archive_id)
    except ArchiveError:
        return None

    running = next(filter(is_unfinished_export, newest), None)
    if running is not None:
        state = str(state_of(running))
        since = submitted_of(running)
        if since is not None:
            state += f" since {iso(since)}"
        return (
            f"Export {clean_line(running.get('ExportId', ''))} is {state}, and one may run at a time. Wait for it with "
            "get_archive_export and wait_seconds, then call again; or end it with stop_archive_export if whoever "
            "started it agrees."
        )
    return (
        "An export of another archive is running, and one may run at a time: list_archive_exports of the others shows "
        "it. Call again when it has ended."
    )


def _is_same(found: Any, asked: Any) -> bool:
    if isinstance(asked, datetime) and isinstance(found, datetime):
        return abs(in_utc(found) - in_utc(asked)) < timedelta(seconds=1)
    return bool(found == asked)
