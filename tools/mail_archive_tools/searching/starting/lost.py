"""A job that was started although no answer came: it is looked for, since one that nobody knows holds the only slot."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar, cast

import anyio

from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.shapes import Job, Search, state_of, submitted_of

LOOKED_THROUGH = 20
"""The newest jobs of an archive that are looked through for one whose answer was lost."""
_OF_NO_USE = ("FAILED", "CANCELLED")
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of the service may be from ours: AWS takes no signature from one that is further off."""
_LOOKING_SECONDS = 15.0

_Job = TypeVar("_Job", bound=Job)


async def started_after_all(
    began: datetime,
    listed: Callable[[], Awaitable[Iterable[_Job]]],
    is_ours: Callable[[_Job], Awaitable[bool]],
) -> _Job | None:
    """Of the newest jobs of an archive, the one that was started since `began` although no answer came; None where it
    cannot be found. The look goes on when the call is cancelled: somebody has to know the job."""
    with anyio.move_on_after(_LOOKING_SECONDS, shield=True):
        try:
            for job in await listed():
                submitted = submitted_of(job)
                is_old = submitted is not None and submitted <= began - _CLOCKS_DIFFER
                if is_old or state_of(job) in _OF_NO_USE:
                    continue
                if await is_ours(job):
                    return job
        except ArchiveError:
            # It cannot be looked for: the caller hears of the first failure.
            return None
    return None


async def search_after_all(client: MailManager, request: SearchRequest, began: datetime) -> str | None:
    """The search that was started although no answer came: left alone, it would hold the only slot."""

    async def listed() -> list[Search]:
        response = await client.list_archive_searches(request.archive_id, LOOKED_THROUGH)
        return cast(list[Search], response.get("Searches", []))

    async def is_ours(search: Search) -> bool:
        """Whether it was asked the same; by whom is no matter."""
        asked = await client.get_archive_search(search["SearchId"])
        return request.is_answered_by(asked) and asked.get("Filters") == request.filters

    found = await started_after_all(began, listed, is_ours)
    return None if found is None else found["SearchId"]
