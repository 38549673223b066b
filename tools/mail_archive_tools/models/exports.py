"""Exports, as the four export operations take and give them."""

from typing import Annotated

from pydantic import Field

from mail_archive_tools.models.base import MailLine, Output, described_text, member, optional
from mail_archive_tools.models.filters import Input, ShownFilters
from mail_archive_tools.models.moments import Timestamp
from mail_archive_tools.models.search import ErrorLine

# The API has also `*` (S3Location), which in a policy would stand for any place.
_LETTER = "[a-zA-Z0-9!_'()-]"
_PART = rf"(?:{_LETTER}(?:{_LETTER}|\.)*|\.{_LETTER}(?:{_LETTER}|\.)*|\.\.(?:{_LETTER}|\.)+)"
S3_LOCATION = rf"^s3://[a-zA-Z0-9.-]{{3,63}}(/{_PART})*/?$"
"""Of the API's own, what a destination may be: none of its parts is empty, `.` or `..`, and none has a `*`."""

S3Location = Annotated[
    str,
    described_text("s3://bucket/prefix, within --export-to; one object a message is put there. No part is . or .."),
    Field(pattern=S3_LOCATION, max_length=1_100),
]
ExportId = Annotated[str, described_text("An export's id."), Field(min_length=1, max_length=64)]


class S3ExportDestination(Input):
    s3_location: S3Location = Field()


class ExportDestination(Input):
    """The API's union: S3 is the only kind there is."""

    s3: S3ExportDestination = Field(description="A place in Amazon S3.")


class S3Destination(Output):
    s3_location: MailLine | None = optional("s3://bucket/prefix.")


class Destination(Output):
    s3: S3Destination | None = optional("A place in Amazon S3.")


class ExportStatus(Output):
    submission_timestamp: Timestamp | None = optional("When the export was started.")
    completion_timestamp: Timestamp | None = optional("When it ended; absent while it runs.")
    state: str | None = optional(
        "QUEUED, PREPROCESSING or PROCESSING: wait. COMPLETED: all of it is there. FAILED or CANCELLED: not all."
    )
    error_message: ErrorLine | None = optional("Why it failed.")


class StartedExport(Output):
    export_id: str = member("The new export's id, for get_archive_export.")
    notes: list[str] | None = optional("How the arguments were understood, what to look after.")


class StoppedExport(Output):
    export_id: str = member("The export that was asked to stop. What it has delivered stays.")
    notes: list[str] | None = optional("What to know of it.")


class ArchiveExport(Output):
    export_id: str = member("The id asked for.")
    archive_id: str | None = optional("The archive that is exported.")
    filters: ShownFilters | None = optional("The conditions.")
    from_timestamp: Timestamp | None = optional("Start of the range, inclusive.")
    to_timestamp: Timestamp | None = optional("End of the range, inclusive.")
    max_results: int | None = optional("How many messages it may have.")
    export_destination_configuration: Destination | None = optional("Where it goes.")
    status: ExportStatus | None = optional("How far it is.")
    notes: list[str] | None = optional("What to do next; of a failed export its likely cause, and what mends it.")
    bucket_policy: str | None = optional("Of a failed export: the bucket policy that lets Mail Manager write, as JSON.")


class ExportSummary(Output):
    export_id: str | None = optional("The export's id.")
    status: ExportStatus | None = optional("How far it is.")


class ArchiveExportList(Output):
    exports: list[ExportSummary] = member("The archive's exports, newest first.")
    next_token: str | None = optional("There are more: call list_archive_exports again with it as next_token.")
    notes: list[str] | None = optional("What was wrong with Mail Manager's answer.")
