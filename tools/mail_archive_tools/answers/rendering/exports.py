"""Exports and tags as text."""

from collections.abc import Iterator
from datetime import datetime

from mail_archive_tools.answers.rendering.base import line_by_line, table
from mail_archive_tools.models.archives import ArchiveTags
from mail_archive_tools.models.exports import ArchiveExportList, ExportStatus
from mail_archive_tools.models.moments import iso

_EXPORT_STATUS = ("State", "SubmissionTimestamp", "CompletionTimestamp", "ErrorMessage")


@line_by_line
def render_exports(result: ArchiveExportList) -> Iterator[str]:
    yield from result.notes or ()
    if not result.exports:
        yield "No exports."
    else:
        rows = [[each.export_id or "", *_cells(each.status)] for each in result.exports]
        yield table(("ExportId", *_EXPORT_STATUS), rows)
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
        return [""] * len(_EXPORT_STATUS)
    started = _moment_cell(status.submission_timestamp)
    ended = _moment_cell(status.completion_timestamp)
    return [status.state or "", started, ended, status.error_message or ""]


def _moment_cell(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return iso(moment)
