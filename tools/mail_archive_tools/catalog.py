"""Every tool once: its function, what a host should know of it, and the IAM actions it needs.

The server, the README's table and the tests all read this.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from mail_archive_tools import archives, check, exports, messages, read, search, searches, summarize, thread
from mail_archive_tools.models import Output
from mail_archive_tools.service import buckets

Toolset = Literal["read", "view", "export", "admin"]


@dataclass(frozen=True)
class CatalogTool:
    """One tool. The flags are MCP's annotations: it changes nothing; it may destroy something; calling it again
    changes nothing more; it shows what third parties wrote."""

    function: Callable[..., Awaitable[Output]]
    title: str
    iam_actions: tuple[str, ...]
    goes_without: tuple[str, ...] = ()
    """Those of the actions that it answers without, only less well."""
    toolset: Toolset = "read"
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        """The function's docstring, on one line."""
        return " ".join((self.function.__doc__ or "").split())


SEARCHING = (
    "ses:StartArchiveSearch",
    "ses:GetArchiveSearch",
    "ses:GetArchiveSearchResults",
    "ses:StopArchiveSearch",
    "ses:ListArchiveSearches",
    "ses:GetArchive",
)
"""What a search that waits needs."""

BESIDE = ("ses:StopArchiveSearch", "ses:ListArchiveSearches", "ses:GetArchive")
"""What it goes on without: one stops a search that nobody waits for any more, one names the search that is in its way,
one says where an archive begins. What `filter_here` alone needs is told by its refusal."""

CATALOG: tuple[CatalogTool, ...] = (
    CatalogTool(archives.list_archives, "List archives", ("ses:ListArchives",)),
    CatalogTool(archives.get_archive, "Get an archive", ("ses:GetArchive",)),
    # It starts a search, which IAM calls a write; to a user, and to the mail, it is a read.
    CatalogTool(
        search.search_archive,
        "Search an archive",
        (*SEARCHING, "ses:GetArchiveMessage"),
        (*BESIDE, "ses:GetArchiveMessage"),
        idempotent=False,
        open_world=True,
    ),
    CatalogTool(
        summarize.summarize_archive_search,
        "Summarize a search",
        (*SEARCHING, "ses:GetArchiveMessage"),
        (*BESIDE, "ses:GetArchiveMessage"),
        idempotent=False,
        open_world=True,
    ),
    CatalogTool(
        searches.start_archive_search,
        "Start a search",
        ("ses:StartArchiveSearch",),
        read_only=False,
        idempotent=False,
    ),
    CatalogTool(searches.get_archive_search, "Get a search", ("ses:GetArchiveSearch",)),
    CatalogTool(
        searches.get_archive_search_results,
        "Get a search's results",
        ("ses:GetArchiveSearch", "ses:GetArchiveSearchResults"),
        open_world=True,
    ),
    CatalogTool(searches.list_archive_searches, "List searches", ("ses:ListArchiveSearches",)),
    CatalogTool(
        searches.stop_archive_search, "Stop a search", ("ses:StopArchiveSearch",), read_only=False, destructive=True
    ),
    CatalogTool(messages.get_archive_message, "Get a message", ("ses:GetArchiveMessage",), open_world=True),
    CatalogTool(
        messages.get_archive_message_content,
        "Get a message's content",
        ("ses:GetArchiveMessageContent",),
        open_world=True,
    ),
    CatalogTool(
        thread.get_archive_thread,
        "Get a conversation",
        (*SEARCHING, "ses:GetArchiveMessage"),
        BESIDE,
        idempotent=False,
        open_world=True,
    ),
    CatalogTool(read.read_archive_message, "Read a message", ("ses:GetArchiveMessage",), open_world=True),
    CatalogTool(read.read_archive_messages, "Read several messages", ("ses:GetArchiveMessage",), open_world=True),
    CatalogTool(read.read_archive_attachment, "Read an attachment", ("ses:GetArchiveMessage",), open_world=True),
    CatalogTool(check.compare_archive_messages, "Compare two messages", ("ses:GetArchiveMessage",), open_world=True),
    CatalogTool(check.check_quotations, "Check quotations", ("ses:GetArchiveMessage",), open_world=True),
    # The messages that are opened in the view are read by it, too.
    CatalogTool(
        search.show_archive_search,
        "Show a search",
        (*SEARCHING, "ses:GetArchiveMessage"),
        (*BESIDE, "ses:GetArchiveMessage"),
        toolset="view",
        idempotent=False,
        open_world=True,
    ),
    # It takes mail out of the archive, where others may read it.
    CatalogTool(
        exports.start_archive_export,
        "Export mail",
        (
            "ses:StartArchiveExport",
            "ses:GetArchive",
            "ses:GetArchiveExport",
            "ses:ListArchiveExports",
            *SEARCHING[:4],
            *buckets.NEEDED,
            buckets.VERSIONING,
        ),
        ("ses:GetArchiveExport", "ses:ListArchiveExports", *SEARCHING[:4], buckets.VERSIONING),
        toolset="export",
        read_only=False,
        destructive=True,
        idempotent=False,
        open_world=True,
    ),
    CatalogTool(exports.get_archive_export, "Get an export", ("ses:GetArchiveExport",), toolset="export"),
    CatalogTool(exports.list_archive_exports, "List exports", ("ses:ListArchiveExports",), toolset="export"),
    CatalogTool(
        exports.stop_archive_export,
        "Stop an export",
        ("ses:StopArchiveExport", "ses:GetArchiveExport"),
        toolset="export",
        read_only=False,
        destructive=True,
    ),
    CatalogTool(
        archives.create_archive,
        "Create an archive",
        ("ses:CreateArchive",),
        toolset="admin",
        read_only=False,
        idempotent=False,
    ),
    CatalogTool(
        archives.update_archive,
        "Change an archive",
        ("ses:UpdateArchive", "ses:GetArchive"),
        toolset="admin",
        read_only=False,
        destructive=True,
    ),
    CatalogTool(
        archives.delete_archive,
        "Delete an archive",
        ("ses:DeleteArchive", "ses:GetArchive"),
        toolset="admin",
        read_only=False,
        destructive=True,
    ),
    CatalogTool(
        archives.tag_archive,
        "Tag an archive",
        ("ses:TagResource", "ses:GetArchive"),
        toolset="admin",
        read_only=False,
        destructive=True,
    ),
    CatalogTool(
        archives.untag_archive,
        "Untag an archive",
        ("ses:UntagResource", "ses:GetArchive"),
        toolset="admin",
        read_only=False,
        destructive=True,
    ),
    CatalogTool(archives.list_archive_tags, "List an archive's tags", ("ses:ListTagsForResource",), toolset="admin"),
)


def entry_named(name: str) -> CatalogTool:
    """The tool of that name; KeyError where there is none."""
    return _BY_NAME[name]


_BY_NAME = {entry.name: entry for entry in CATALOG}
