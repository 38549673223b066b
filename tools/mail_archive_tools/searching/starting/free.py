"""Starting a search: when the only slot is free, and never a second time because an answer was lost."""

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import Late, ServiceFailed, SlotTaken, Unreachable
from mail_archive_tools.searching.job import SearchRequest
from mail_archive_tools.searching.polling import FIRST_DELAY, growing
from mail_archive_tools.searching.starting.background import Starts
from mail_archive_tools.service.retries import jittered

_LOST_ANSWERS = 2
"""How often a search is started anew after its answer was lost and it was not found."""


async def start_when_free(starts: Starts, request: SearchRequest, patience: Patience) -> str:
    """Start a search, waiting for one of another program that holds the only slot; returns its SearchId.

    Raises:
        SlotTaken: the other one still runs when the time is up.
        Late: no answer came in time.
        ArchiveError: the search cannot be started.
    """
    delays = map(jittered, growing(FIRST_DELAY))
    lost = 0
    while True:
        delay = next(delays)
        try:
            return await starts.search_id(request)
        except SlotTaken:
            if delay > patience.left:
                raise
        except Late:
            # It goes on in the background, so it is not to be started anew.
            raise
        except (Unreachable, ServiceFailed):
            lost += 1
            if lost > _LOST_ANSWERS or delay > patience.left:
                raise

        await patience.pause(delay, "Another search is ahead, which this call did not start")
