"""The operations on exports, as the API has them: messages of an archive, into a bucket of S3."""

from typing import Annotated

from pydantic import Field

from mail_archive_tools.access import Access
from mail_archive_tools.answers.fitting import fitted
from mail_archive_tools.calls.consent import Change, Consent, ConsentCode, Fact, named
from mail_archive_tools.calls.patience import Patience, Progress, silent
from mail_archive_tools.calls.quoting import quoted
from mail_archive_tools.errors import AccessDenied, ArchiveError, InvalidArgument, NotFound, NotReady
from mail_archive_tools.exporting.counting import how_many
from mail_archive_tools.exporting.destinations import (
    GRANTED,
    doubts_about,
    refuse_unusable,
    second_question,
    taken_for_granted,
)
from mail_archive_tools.exporting.starting import ExportRequest, start_once
from mail_archive_tools.exporting.waiting import is_about_rights, location_of, wait_for_export, what_to_do
from mail_archive_tools.models import ArchiveFilters
from mail_archive_tools.models.base import ArchiveId, NextToken, PageSize
from mail_archive_tools.models.exports import (
    ArchiveExport,
    ArchiveExportList,
    ExportDestination,
    ExportId,
    StartedExport,
    StoppedExport,
)
from mail_archive_tools.models.moments import FromMoment, ToMoment, iso, read_range
from mail_archive_tools.service.buckets import Examined, Location, bucket_policy
from mail_archive_tools.service.filters import request_filters, said_of
from mail_archive_tools.service.shapes import state_of

MOST_EXPORTED = 250_000
"""Messages that one export has at most."""

START_EXPORT_SECONDS = 45.0
"""How long an export may take to be started, a look for one whose answer was lost included."""
_USUAL_PARTITION = "aws"
"""Of the Regions outside China, GovCloud and the European Sovereign Cloud (IAM, Amazon Resource Names)."""

ExportFilters = Annotated[ArchiveFilters, Field(description="Which messages. Leave it out for all.")]
MaxExported = Annotated[int, Field(ge=1, le=MOST_EXPORTED, description="How many messages it may have.")]
ExportWaitSeconds = Annotated[
    int, Field(ge=0, le=50, description="How long to wait for its end in this call; 0: not at all.")
]


async def start_archive_export(
    archive_id: ArchiveId,
    from_timestamp: FromMoment,
    to_timestamp: ToMoment,
    export_destination_configuration: Annotated[ExportDestination, Field(description="Where it goes.")],
    filters: ExportFilters | None = None,
    max_results: MaxExported = MOST_EXPORTED,
    include_metadata: Annotated[
        bool, Field(description="Whether envelope and metadata are put beside each message, as JSON.")
    ] = False,
    consent_code: ConsentCode = None,
    *,
    access: Access,
    consent: Consent,
    progress: Progress = silent,
) -> StartedExport:
    """Copy messages of an archive, up to 250,000, into an S3 bucket. The user is asked first. One export runs at a
    time. Next: get_archive_export with wait_seconds."""
    begin, end, notes = read_range(from_timestamp, to_timestamp)
    url = export_destination_configuration.s3.s3_location
    # Refused before anything is asked of AWS: the name of a place may itself say things.
    location = access.destination(url)
    archive = await access.client.get_archive(archive_id)
    if archive.get("ArchiveState") != "ACTIVE":
        raise NotReady(f"Archive {archive_id} is pending deletion: nothing in it can be exported any more.")

    request = ExportRequest(archive_id, begin, end, request_filters(filters), max_results, url, include_metadata)

    known: dict[str, str] = {}

    async def counted() -> dict[str, str]:
        # Once for both questions, where they are of one call.
        if not known:
            known["Messages"] = await how_many(access.searcher, request, progress)
        return known

    beside = "nothing"
    if include_metadata:
        beside = "its envelope and metadata, as JSON"
    facts: dict[str, Fact] = {
        "Archive": named(archive),
        "Received": f"{iso(begin)} to {iso(end)}",
        "Which of these": said_of(request.filters) or "all messages",
        "At most": f"{max_results:,} messages",
        "Destination": quoted(url),
        "Beside each message": beside,
        GRANTED: taken_for_granted(access.client.region),
    }
    change = Change("Export mail out of the archive into a bucket?", facts, counted)
    notes += await consent(change, consent_code)

    # Nothing that was chosen here has left to anybody but Mail Manager so far.
    examined = await access.buckets.examine(location)
    refuse_unusable(location, examined)
    again = await second_question(change, access.buckets, location, examined, access.client.region)
    if again is not None:
        await consent(again, consent_code)

    with Patience(START_EXPORT_SECONDS, progress) as patience:
        export_id = await start_once(access.client, request, patience)
    notes += doubts_about(examined)
    return StartedExport(export_id=export_id, notes=notes or None)


async def get_archive_export(
    export_id: ExportId,
    wait_seconds: ExportWaitSeconds = 0,
    *,
    access: Access,
    progress: Progress = silent,
) -> ArchiveExport:
    """See how far an export is, or wait for its end. Of one that failed, the cause is explained."""
    with Patience(wait_seconds, progress) as patience:
        export = await wait_for_export(access.client, export_id, patience)

    location = location_of(export)
    examined = None
    policy = None
    if state_of(export) == "FAILED" and location is not None:
        examined = await _examined(access, location)
        if is_about_rights(export, examined):
            policy = bucket_policy(location, examined.own_partition if examined else _USUAL_PARTITION)
    notes = what_to_do(export, examined)
    told = {"ExportId": export_id, "Notes": notes or None, "BucketPolicy": policy}
    return fitted(ArchiveExport.of(**{**export, **told}))


async def list_archive_exports(
    archive_id: ArchiveId, page_size: PageSize = 20, next_token: NextToken | None = None, *, access: Access
) -> ArchiveExportList:
    """List an archive's exports and their states, newest first: also those that other programs started."""
    response = await access.client.list_archive_exports(archive_id, page_size, next_token)
    return ArchiveExportList.of(**{"Exports": [], **response})


async def stop_archive_export(
    export_id: ExportId, consent_code: ConsentCode = None, *, access: Access, consent: Consent
) -> StoppedExport:
    """Stop a running export; what it has delivered stays. The user is asked first."""
    export = await access.client.get_archive_export(export_id)
    facts = {
        "Export": quoted(export_id),
        "Archive": await _named_if_seen(str(export.get("ArchiveId", "")), access),
        "Destination": quoted(str(location_of(export) or "")),
    }

    change = Change("Stop this export? What it has delivered stays; the rest is not exported.", facts)
    notes = await consent(change, consent_code)
    await access.client.stop_archive_export(export_id)
    return StoppedExport(export_id=export_id, notes=notes or None)


async def _named_if_seen(archive_id: str, access: Access) -> str:
    """An archive for a question; by its id alone, where no more of it may be seen."""
    try:
        return named(await access.client.get_archive(archive_id))
    except (AccessDenied, InvalidArgument, NotFound):
        return quoted(archive_id)


async def _examined(access: Access, location: Location) -> Examined | None:
    """What can be found out of the bucket of a failed export; None: nothing. Only where exports may go is looked: other
    programs export as well."""
    if not access.exports_to(location):
        return None
    try:
        return await access.buckets.examine(location)
    except ArchiveError:
        return None
