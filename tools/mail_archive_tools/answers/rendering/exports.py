"""Exports and tags as text."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import line_by_line, table
from mail_archive_tools.models.archives import ArchiveTags
from mail_archive_tools.models.exports import ArchiveExportList, ExportStatus
from mail_archive_tools.models.moments import iso


@line_by_line
def render_exports(result: ArchiveExportList) -> Iterator[str]:
    yield from result.notes or ()
    if not result.exports:
        yield "No exports."
    else:
        rows = [[each.export_id or "", *_cells(each.status)] for each in result.exports]
        yield table(["ExportId", "State", "SubmissionTimestamp", "CompletionTimestamp", "ErrorMessage"], rows)
    if result.next_token:
        yield f"NextToken: {result.next_token}"


@line_by_line
def render_tags(result: ArchiveTags) -> Iterator[str]:
    yield from result.notes or ()
    if not result.tags:
        yield "No tags."
    else:
        yield table(["Key", "Value"], [[tag.key, tag.value] for tag in result.tags])


def _cells(status: ExportStatus | None) -> list[str]:
    if status is None:
        return [""] * 4
    times = (status.submission_timestamp, status.completion_timestamp)
    return [status.state or "", *(iso(time) if time else "" for time in times), status.error_message or ""]
