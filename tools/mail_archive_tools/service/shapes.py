"""Responses as boto3 gives them, by the API's names. Any member may be absent; timestamps are aware datetimes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict


class Envelope(TypedDict, total=False):
    """The SMTP envelope."""

    Helo: str
    From: str
    To: list[str]


class Row(TypedDict, total=False):
    """One message that a search found."""

    ArchivedMessageId: str
    ReceivedTimestamp: datetime
    Date: str
    To: str
    From: str
    Cc: str
    Subject: str
    MessageId: str
    HasAttachments: bool
    ReceivedHeaders: list[str]
    InReplyTo: str
    XMailer: str
    XOriginalMailer: str
    XPriority: str
    IngressPointId: str
    SenderHostname: str
    SenderIpAddress: str
    Envelope: Envelope
    SourceArn: str


@dataclass(frozen=True)
class ResultRows:
    """What GetArchiveSearchResults gave: rows with an ArchivedMessageId, how many others were left out, and what is to
    be said of the answer."""

    rows: list[Row]
    left_out: int = 0
    notes: tuple[str, ...] = ()


class FoundRow(Row, total=False):
    """A row that stands for all copies of its message."""

    Copies: int
    CopyIds: list[str]
    SimilarIds: list[str]
    Facts: dict[str, Any]


class JobStatus(TypedDict, total=False):
    """How far a search or an export is."""

    SubmissionTimestamp: datetime
    CompletionTimestamp: datetime
    State: str
    ErrorMessage: str


class Job(TypedDict, total=False):
    """What a search or an export was asked, and how far it is."""

    ArchiveId: str
    Filters: dict[str, Any]
    FromTimestamp: datetime
    ToTimestamp: datetime
    MaxResults: int
    Status: JobStatus


class Search(Job, total=False):
    """A search."""

    SearchId: str


class S3Destination(TypedDict, total=False):
    """A place in S3."""

    S3Location: str


class Destination(TypedDict, total=False):
    """Where an export goes."""

    S3: S3Destination


class Export(Job, total=False):
    """An export."""

    ExportId: str
    ExportDestinationConfiguration: Destination


_UNFINISHED = ("QUEUED", "RUNNING")
STATES = (*_UNFINISHED, "COMPLETED", "FAILED", "CANCELLED")
"""Those of a search, as the API has them."""
_UNFINISHED_EXPORT = ("QUEUED", "PREPROCESSING", "PROCESSING")


def state_of(job: Job) -> str:
    """The state of a search or an export; "" where the service does not say."""
    return job.get("Status", {}).get("State", "")


def submitted_of(job: Job) -> datetime | None:
    """When a search or an export was started, where the service says."""
    return job.get("Status", {}).get("SubmissionTimestamp")


def is_unfinished(search: Search) -> bool:
    """Whether a search still waits or runs."""
    return state_of(search) in _UNFINISHED


def is_unfinished_export(export: Export) -> bool:
    """Whether an export still waits or runs."""
    return state_of(export) in _UNFINISHED_EXPORT
