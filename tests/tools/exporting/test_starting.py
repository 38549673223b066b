"""Which export of an archive is the one whose answer was lost: that one, and no other that is like it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mail_archive_tools.exporting.starting import ExportRequest

BEGIN = datetime(2025, 1, 1, 12, tzinfo=UTC)
CONDITION = {
    "StringExpression": {"Evaluate": {"Attribute": "FROM"}, "Operator": "CONTAINS", "Values": ["acme.example"]}
}
REQUEST = ExportRequest(
    "a-1", BEGIN, BEGIN + timedelta(days=30), {"Include": [CONDITION]}, 20, "s3://evidence/case", True
)
"""What was asked."""


def export(**changed: Any) -> Any:
    """An export as GetArchiveExport has it."""
    told = {"ArchiveId": "a-1", **REQUEST.arguments, "Status": {"State": "QUEUED"}}
    del told["IncludeMetadata"]
    return {**told, **changed}


def test_the_export_that_was_asked_for_is_told_by_all_that_it_says() -> None:
    assert REQUEST.is_answered_by(export())
    # What the service leaves out is not held against it.
    assert REQUEST.is_answered_by({"Status": {"State": "QUEUED"}})


@pytest.mark.parametrize("late", [timedelta(milliseconds=1), timedelta(milliseconds=-999)])
def test_times_are_compared_to_the_second(late: timedelta) -> None:
    assert REQUEST.is_answered_by(export(FromTimestamp=BEGIN + late))


@pytest.mark.parametrize("name", ["FromTimestamp", "ToTimestamp"])
@pytest.mark.parametrize("late", [timedelta(seconds=1), timedelta(seconds=-1), timedelta(minutes=59)])
def test_an_export_of_another_second_is_another(name: str, late: timedelta) -> None:
    """Two exports of ranges that begin within an hour of each other are two."""
    assert not REQUEST.is_answered_by(export(**{name: REQUEST.arguments[name] + late}))


@pytest.mark.parametrize(
    "changed",
    [
        {"ArchiveId": "a-2"},
        {"Filters": {"Include": []}},
        {"Filters": {"Unless": [CONDITION]}},
        {"MaxResults": 21},
        {"ExportDestinationConfiguration": {"S3": {"S3Location": "s3://evidence/case/"}}},
        {"ExportDestinationConfiguration": {"S3": {"S3Location": "s3://evidence/other"}}},
    ],
)
def test_an_export_of_something_else_is_another(changed: dict[str, Any]) -> None:
    assert not REQUEST.is_answered_by(export(**changed))
