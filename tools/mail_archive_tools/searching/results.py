"""The rows of a finished search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mail_archive_tools.answers.fitting import VALUE_BYTES
from mail_archive_tools.errors import NotReady, SearchEnded
from mail_archive_tools.searching.polling import is_unfinished, state_of
from mail_archive_tools.searching.windows import Limits
from mail_archive_tools.untrusted import clean_line, shorten

if TYPE_CHECKING:
    from mail_archive_tools.access import Access

CACHED_ROWS = 10_000
"""Rows kept at most: ten searches that found all they may."""

Row: TypeAlias = dict[str, Any]
"""A row as boto3 gives it, by the API's names; any member may be absent."""


@dataclass(frozen=True)
class Results:
    """A completed search: its rows as the API gave them, and how many it was allowed to find."""

    rows: list[Row]
    max_results: int

    @property
    def truncated(self) -> bool:
        """Whether there may be more messages than rows."""
        return len(self.rows) >= self.max_results


async def results_of(
    access: Access, search_id: str, search: dict[str, Any] | None = None, keep: bool = True
) -> Results:
    """What a completed search found. `search` is its GetArchiveSearch response, where it is known already; `keep` is
    for those who will ask again.

    Raises:
        NotReady, SearchEnded: it has no results.
    """

    async def fetch() -> Results:
        known = search or await access.client.get_archive_search(search_id)
        _refuse_without_results(search_id, known)
        rows = await access.client.get_archive_search_results(search_id)
        return Results(rows, known.get("MaxResults", Limits().rows))

    if search is not None:
        _refuse_without_results(search_id, search)
    if not keep and search_id not in access.results:
        return await fetch()
    return await access.results.get(search_id, fetch)


def _refuse_without_results(search_id: str, search: dict[str, Any]) -> None:
    state = state_of(search)
    if is_unfinished(search):
        raise NotReady(
            f"Search {search_id} is still {state}: its results are not known yet. Ask again in a few seconds; "
            "get_archive_search shows when it is COMPLETED."
        )
    if state == "FAILED":
        said = search["Status"].get("ErrorMessage", "Mail Manager does not say why")
        reason = shorten(clean_line(said), VALUE_BYTES).rstrip(".")
        raise SearchEnded(f"Search {search_id} failed: {reason}. It has no results; start a new one.")
    if state == "CANCELLED":
        raise SearchEnded(f"Search {search_id} was cancelled. It has no results; start a new one.")
