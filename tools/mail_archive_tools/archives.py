"""The tools on archives themselves."""

from mail_archive_tools.access import Access
from mail_archive_tools.models import ArchiveDetails, ArchiveList
from mail_archive_tools.models.base import ArchiveId, NextToken, PageSize

ABOUT_SEARCHING = [
    "Searched are words of From, To, Cc, Subject and SMTP addresses; not bodies, Bcc, Message-IDs, attachments' names, "
    "sizes. filter_here matches patterns, Message-IDs and bodies on what is found.",
    "Ranges are of when mail was received; Date may differ. recipient is To, not Cc; participant is From, To or Cc.",
    "A search covers 30 days, one runs at a time: a year takes 12 to 13.",
]
NOT_NARROWED = (
    "AWS would give these credentials more archives; only this server's own check keeps to those that are listed."
)


async def list_archives(
    page_size: PageSize = 50, next_token: NextToken | None = None, *, access: Access
) -> ArchiveList:
    """List the mail archives of this account and Region. Start here: every search needs an archive's id."""
    response = await access.client.list_archives(page_size, next_token)
    # Said once, where every investigation begins.
    notes = [*ABOUT_SEARCHING] if next_token is None and response.get("Archives") else []
    if access.client.scope is not None and access.client.scope.alone:
        notes.append(NOT_NARROWED)
    return ArchiveList.of(**response, Notes=notes or None)


async def get_archive(archive_id: ArchiveId, *, access: Access) -> ArchiveDetails:
    """Get one archive's name, state, retention, key and ARN."""
    return ArchiveDetails.of(**await access.client.get_archive(archive_id))
