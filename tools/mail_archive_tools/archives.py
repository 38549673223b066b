"""The tools on archives themselves."""

from mail_archive_tools.access import Access
from mail_archive_tools.models import ArchiveDetails, ArchiveList
from mail_archive_tools.models.base import ArchiveId, NextToken, PageSize


async def list_archives(
    page_size: PageSize = 50, next_token: NextToken | None = None, *, access: Access
) -> ArchiveList:
    """List the mail archives of this account and Region. Start here: every search needs an archive's id."""
    return ArchiveList.of(**await access.client.list_archives(page_size, next_token))


async def get_archive(archive_id: ArchiveId, *, access: Access) -> ArchiveDetails:
    """Get one archive's name, state, retention, key and ARN."""
    return ArchiveDetails.of(**await access.client.get_archive(archive_id))
