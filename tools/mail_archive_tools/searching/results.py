"""The rows of a finished search."""

from dataclasses import dataclass

from mail_archive_tools.errors import REASON_BYTES, NotReady, SearchEnded
from mail_archive_tools.service.shapes import Row, Search, is_unfinished, state_of
from mail_archive_tools.untrusted import clean_line, shorten


@dataclass(frozen=True)
class Results:
    """A completed search: its rows as the API gave them, and how many it was allowed to find."""

    rows: list[Row]
    max_results: int

    @property
    def truncated(self) -> bool:
        """Whether there may be more messages than rows."""
        return len(self.rows) >= self.max_results


def refuse_without_results(search_id: str, search: Search) -> None:
    """Nothing, for a search that is COMPLETED.

    Raises:
        NotReady: it still waits or runs.
        SearchEnded: it failed or was cancelled.
    """
    state = state_of(search)
    if is_unfinished(search):
        raise NotReady(
            f"Search {search_id} is still {state}: its results are not known yet. Ask again in a few seconds; "
            "get_archive_search shows when it is COMPLETED."
        )
    if state == "FAILED":
        said = search["Status"].get("ErrorMessage", "Mail Manager does not say why")
        reason = shorten(clean_line(said), REASON_BYTES).rstrip(".")
        raise SearchEnded(f"Search {search_id} failed: {reason}. It has no results; start a new one.")
    if state == "CANCELLED":
        raise SearchEnded(f"Search {search_id} was cancelled. It has no results; start a new one.")
