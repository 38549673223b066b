"""What the tools take and return. Members have the API's names on the wire and Python's names in Python."""

from mail_archive_tools.models.archives import (
    ArchiveDetails,
    ArchiveList,
    ArchiveSummary,
    ArchiveTags,
    ChangedArchive,
    CreatedArchive,
    DeletedArchive,
    Retention,
    Tag,
    TaggedArchive,
)
from mail_archive_tools.models.base import Output
from mail_archive_tools.models.checking import CheckedQuotations, MessageComparison
from mail_archive_tools.models.exports import (
    ArchiveExport,
    ArchiveExportList,
    Destination,
    ExportStatus,
    ExportSummary,
    S3Destination,
    StartedExport,
    StoppedExport,
)
from mail_archive_tools.models.filters import ArchiveFilters, SearchWords
from mail_archive_tools.models.message import (
    ArchivedMessage,
    ArchivedMessageContent,
    Envelope,
    MessageBody,
    Metadata,
)
from mail_archive_tools.models.reading import ReadAttachment, ReadMessage, ReadMessages
from mail_archive_tools.models.search import (
    ArchiveSearch,
    ArchiveSearchList,
    ArchiveSearchPage,
    FilteredHere,
    FoundRow,
    SearchResultRow,
    SearchResults,
    SearchStatus,
    SearchSummary,
    StartedSearch,
    StoppedSearch,
    TimeRange,
)
from mail_archive_tools.models.summary import ArchiveSearchSummary
from mail_archive_tools.models.thread import ArchiveThread

__all__ = [
    "ArchiveDetails",
    "ArchiveExport",
    "ArchiveExportList",
    "ArchiveFilters",
    "ArchiveList",
    "ArchiveSearch",
    "ArchiveSearchList",
    "ArchiveSearchPage",
    "ArchiveSearchSummary",
    "ArchiveSummary",
    "ArchiveTags",
    "ArchiveThread",
    "ArchivedMessage",
    "ArchivedMessageContent",
    "ChangedArchive",
    "CheckedQuotations",
    "CreatedArchive",
    "DeletedArchive",
    "Destination",
    "Envelope",
    "ExportStatus",
    "ExportSummary",
    "FilteredHere",
    "FoundRow",
    "MessageBody",
    "MessageComparison",
    "Metadata",
    "Output",
    "ReadAttachment",
    "ReadMessage",
    "ReadMessages",
    "Retention",
    "S3Destination",
    "SearchResultRow",
    "SearchResults",
    "SearchStatus",
    "SearchSummary",
    "SearchWords",
    "StartedExport",
    "StartedSearch",
    "StoppedExport",
    "StoppedSearch",
    "Tag",
    "TaggedArchive",
    "TimeRange",
]
