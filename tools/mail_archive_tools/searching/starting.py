"""Starting a search: when the only slot is free, and never a second time because an answer was lost."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, ServiceFailed, SlotTaken, Unreachable
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.polling import FIRST_DELAY, growing
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.service.retries import jittered
from mail_archive_tools.service.shapes import Search, state_of

_LOST_ANSWERS = 2
"""How often a search is started anew after its answer was lost and it was not found."""

_LOOKED_THROUGH = 20
_OF_USE = ("QUEUED", "RUNNING", "COMPLETED")
_CLOCKS_DIFFER = timedelta(minutes=5)
_LOOKING_SECONDS = 15.0


async def start_when_free(client: MailManager, request: SearchRequest, patience: Patience) -> str:
    """Start a search, waiting for one of another program that holds the only slot; returns its SearchId.

    Raises:
        SlotTaken: the other one still runs when the time is up.
        ArchiveError: the search cannot be started.
    """
    tries, lost = growing(FIRST_DELAY), 0
    while True:
        began = datetime.now(UTC)
        try:
            return await client.start_archive_search(request.archive_id, **request.arguments)
        except SlotTaken:
            delay = jittered(next(tries))
            if delay > patience.left:
                raise
        except (Unreachable, ServiceFailed):
            if (search_id := await _started_after_all(client, request, began)) is not None:
                return search_id
            lost += 1
            delay = jittered(next(tries))
            if lost > _LOST_ANSWERS or delay > patience.left:
                raise
        await patience.pause(delay, "Another search is ahead, which this call did not start")


async def _started_after_all(client: MailManager, request: SearchRequest, began: datetime) -> str | None:
    """The search that was started although no answer came: left alone, it would hold the only slot. Not given up when
    the caller is: somebody has to know it."""
    with anyio.move_on_after(_LOOKING_SECONDS, shield=True):
        try:
            listed = await client.list_archive_searches(request.archive_id, _LOOKED_THROUGH)
            for each in cast(list[Search], listed.get("Searches", [])):
                search_id = each.get("SearchId", "")
                if search_id and _may_be_ours(each, began) and await _is_ours(client, search_id, request):
                    return search_id
        except ArchiveError:
            # It cannot be looked for: the caller hears of the first failure.
            return None
    return None


def _may_be_ours(search: Search, began: datetime) -> bool:
    submitted: datetime | None = search.get("Status", {}).get("SubmissionTimestamp")
    return state_of(search) in _OF_USE and (submitted is None or submitted > began - _CLOCKS_DIFFER)


async def _is_ours(client: MailManager, search_id: str, request: SearchRequest) -> bool:
    """Whether it was asked the same; by whom is no matter."""
    search: dict[str, Any] = cast(dict[str, Any], await client.get_archive_search(search_id))
    return request.is_answered_by(cast(Search, search)) and search.get("Filters") == request.filters
