"""The rows of a finished search."""

from dataclasses import dataclass

from mail_archive_tools.errors import REASON_BYTES, ArchiveError, NotReady, SearchEnded, ServiceFailed
from mail_archive_tools.service.shapes import STATES, Row, Search, is_unfinished, state_of
from mail_archive_tools.untrusted import clean_line, shorten


@dataclass(frozen=True)
class Results:
    """A completed search: its rows as the API gave them, and how many it was allowed to find. `left_out` rows said of
    no message, or were received `outside` the range that was searched; `notes` are on the answer that the rows came
    in."""

    rows: list[Row]
    max_results: int
    left_out: int = 0
    outside: int = 0
    notes: tuple[str, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether there may be more messages than rows. What is outside the range does not fill it."""
        return len(self.rows) + self.left_out - self.outside >= self.max_results

    @property
    def is_doubtful(self) -> bool:
        """Whether something was wrong with the answer: then it is not kept, and the next call asks anew."""
        return bool(self.left_out or self.notes)


def left_out_notes(left_out: int) -> list[str]:
    """What to say of rows that say of no message, or of one that cannot be meant."""
    if not left_out:
        return []

    rows = "1 row" if left_out == 1 else f"{left_out:,} rows"
    return [
        f"Mail Manager's answers had {rows} without an ArchivedMessageId, with nothing in it, or received outside the "
        "range that was searched, left out here: messages may be missing. Call again, without cursor, to ask anew."
    ]


def state_notes(search: Search) -> list[str]:
    """What to say of a search whose state is not one of those that the API has."""
    if state_of(search) in STATES:
        return []
    return [
        "In which state it is cannot be told from this answer: look again; stop_archive_search ends it if it stays so."
    ]


def refuse_without_results(search_id: str, search: Search) -> None:
    """Nothing, for a search that is COMPLETED.

    Raises:
        NotReady: it still waits or runs.
        SearchEnded: it failed or was cancelled.
        ServiceFailed: its state is not one of those that the API has.
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

    if state != "COMPLETED":
        said = f"gives search {search_id} the state {clean_line(state)}, which this server does not know"
        if not state:
            said = f"does not say in which state search {search_id} is"
        raise ServiceFailed(
            f"Mail Manager {said}: whether it has results is not known. Look again with get_archive_search; "
            "stop_archive_search ends it if it still runs."
        )


def rows_of_another(search_id: str, contradicting: int, of_all: int) -> ServiceFailed:
    """What to raise for a search whose rows are another one's, twice in a row."""
    return ServiceFailed(
        f"Mail Manager's answer on search {search_id} is not to be used: {contradicting:,} of {of_all:,} rows have "
        "nothing of what was searched, so that they seem to be another search's, twice in a row. Call again; if it "
        "stays so, check the server's endpoint-url, and proxies on the way."
    )


def no_rows(search_id: str, why: ArchiveError) -> SearchEnded:
    """What to raise for a COMPLETED search whose rows the service does not give."""
    return SearchEnded(
        f"Search {search_id} is COMPLETED, but its rows cannot be had: {why} Nothing is known of what it found: search "
        "again."
    )
