"""The rows of exports as text: each column under its name, and none of another program's making."""

from datetime import UTC, datetime

from mail_archive_tools.answers.rendering import render
from mail_archive_tools.models.exports import ArchiveExportList

STARTED, ENDED = datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 2, 13, tzinfo=UTC)


def test_each_export_is_a_row_with_its_own_state_times_and_error() -> None:
    failed = {
        "State": "FAILED",
        "SubmissionTimestamp": STARTED,
        "CompletionTimestamp": ENDED,
        "ErrorMessage": "Access\tDenied\u202e\nExportId",
    }
    running = {"State": "PROCESSING", "SubmissionTimestamp": STARTED}
    exports = [{"ExportId": "e-1", "Status": failed}, {"ExportId": "e-2", "Status": running}, {"ExportId": "e-3"}]
    assert render(ArchiveExportList.of(Exports=exports, NextToken="more")).split("\n") == [
        "ExportId\tState\tSubmissionTimestamp\tCompletionTimestamp\tErrorMessage",
        "e-1\tFAILED\t2025-01-01T12:00:00Z\t2025-01-02T13:00:00Z\tAccess Denied ExportId",
        "e-2\tPROCESSING\t2025-01-01T12:00:00Z\t\t",
        "e-3\t\t\t\t",
        "NextToken: more",
    ]


def test_no_export_is_said() -> None:
    assert render(ArchiveExportList.of(Exports=[])) == "No exports."
