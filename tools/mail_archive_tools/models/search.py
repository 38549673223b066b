"""Searches and what they found, as the five search operations give them."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, create_model

from mail_archive_tools.models.base import FromMail, HeaderLine, MailboxesLine, MailLine, Output, member, optional
from mail_archive_tools.models.facts.table import SHOWN
from mail_archive_tools.models.filters import ShownFilters
from mail_archive_tools.models.message import Envelope
from mail_archive_tools.models.moments import Timestamp
from mail_archive_tools.untrusted import shorten

MOST_COPY_IDS = 200
"""Ids of copies that one row shows at most."""

ErrorLine = Annotated[MailLine, AfterValidator(partial(shorten, limit=300))]
"""Short enough for a list of fifty."""


ShortValue = Annotated[MailLine, AfterValidator(partial(shorten, limit=80))]
"""Short enough for a cell of a table."""
MOST_VALUES = 5
"""Values of one fact that a row shows."""


def _first_values(values: list[str]) -> list[str]:
    more = len(values) - MOST_VALUES
    if more <= 0:
        return values
    return [*values[:MOST_VALUES], f"+{more}"]


class SearchStatus(Output):
    submission_timestamp: Timestamp | None = optional("When the search was started.")
    completion_timestamp: Timestamp | None = optional("When it ended; absent while it runs.")
    state: str | None = optional(
        "QUEUED or RUNNING: wait. COMPLETED: it has results. FAILED or CANCELLED: it has none."
    )
    error_message: ErrorLine | None = optional("Why it failed.")


class StartedSearch(Output):
    search_id: str = member("The new search's id, for get_archive_search and get_archive_search_results.")
    notes: list[str] | None = optional("How the arguments were understood.")


class StoppedSearch(Output):
    search_id: str = member("The search that was asked to stop.")


class ArchiveSearch(Output):
    search_id: str = member("The id asked for.")
    archive_id: str | None = optional("The archive that is searched.")
    filters: ShownFilters | None = optional("The conditions.")
    from_timestamp: Timestamp | None = optional("Start of the range, inclusive.")
    to_timestamp: Timestamp | None = optional("End of the range, inclusive.")
    max_results: int | None = optional("How many rows it may find.")
    status: SearchStatus | None = optional("How far it is.")
    notes: list[str] | None = optional("That its state is not known, and what was wrong with Mail Manager's answer.")


class SearchSummary(Output):
    search_id: str | None = optional("The search's id.")
    status: SearchStatus | None = optional("How far it is.")


class ArchiveSearchList(Output):
    searches: list[SearchSummary] = member("The archive's searches, newest first.")
    next_token: str | None = optional("There are more: call list_archive_searches again with it as next_token.")
    notes: list[str] | None = optional("What was wrong with Mail Manager's answer.")


class SearchResultRow(Output):
    """One message that a search found. A member that the message lacks is absent."""

    archived_message_id: str | None = optional("The id that the message tools ask for.")
    received_timestamp: Timestamp | None = optional("When it was received; searches go by this time.")
    date: HeaderLine | None = optional("The Date header, as the sender wrote it.")
    to: MailboxesLine | None = optional("The To header.")
    from_: MailboxesLine | None = optional("The From header, as the sender wrote it.", alias="From")
    cc: MailboxesLine | None = optional("The Cc header.")
    subject: HeaderLine | None = optional("The Subject header.")
    message_id: MailLine | None = optional("The Message-ID header.")
    has_attachments: bool | None = optional("Whether it has attachments. Absent in a summary: it has none.")
    received_headers: list[MailLine] | None = optional("The Received headers, last hop first.")
    in_reply_to: MailLine | None = optional("The Message-ID that it answers.")
    x_mailer: HeaderLine | None = optional("The program that sent it.")
    x_original_mailer: HeaderLine | None = optional("The program that sent it originally.")
    x_priority: HeaderLine | None = optional("The priority that the sender gave it.")
    ingress_point_id: MailLine | None = optional("The ingress endpoint it came through; received mail only.")
    sender_hostname: MailLine | None = optional("The host it was received from.")
    sender_ip_address: MailLine | None = optional(
        "Received mail: the connecting client's address. Sent mail: the caller's of SendEmail."
    )
    envelope: Envelope | None = optional("The SMTP envelope, which may differ from the headers.")
    source_arn: MailLine | None = optional(
        "What archived it: a rule set's ARN (received) or a configuration set's archive ARN (sent)."
    )


class SearchResults(FromMail):
    search_id: str = member("The search asked for.")
    rows: list[SearchResultRow] = member("This page's messages.")
    total_rows: int = member("How many the search found in all.")
    truncated: bool | None = optional(
        "True: it found as many as it was allowed to, so there may be more. Narrow it to be sure."
    )
    complete: bool | None = optional("False: rows that say of no message were left out; see Notes.")
    next_cursor: str | None = optional("There are more rows: call again with it as cursor.")
    notes: list[str] | None = optional("What was shortened or left out.")


Values = Annotated[list[ShortValue], AfterValidator(_first_values)]
"""The first of a fact's values; how many more there are is the last."""


_SHOWN_AS: dict[str, Any] = {"texts": Values, "text": str, "number": int, "hours": float}
_ABSENT = "Members are absent where there is nothing to say of them."

if TYPE_CHECKING:

    class ShownFacts(Output):
        """A member for each fact that can be shown."""

        def __getattr__(self, name: str) -> Any: ...

else:
    ShownFacts = create_model(
        "ShownFacts",
        __base__=Output,
        **{fact.name: (_SHOWN_AS[fact.shown.kind] | None, optional(fact.shown.says)) for fact in SHOWN},
    )
    ShownFacts.__doc__ = _ABSENT


class FoundRow(SearchResultRow):
    """A message that was found, once for all its copies: the members are those of the first of them."""

    copies: int | None = optional("How many archived messages are this one, where there are several.")
    copy_ids: list[str] | None = optional("The ids of all of them (200 at most), the row's own first.")
    similar_ids: list[str] | None = optional("With deduplicate='similar': messages like it that are left out below it.")
    facts: ShownFacts | None = optional("What show asks for, as far as it was read.")


class FoldedRow(Output):
    archived_message_id: str = member("The message that is left out.")
    like: str = member("The one of an earlier answer that it is like.")


class TimeRange(Output):
    from_timestamp: Timestamp = member("Start, inclusive.")
    to_timestamp: Timestamp = member("End, inclusive.")


def unless_all(covered: TimeRange | None, begin: datetime, end: datetime) -> TimeRange | None:
    """What is covered of a range; None where that is the whole, which an answer need not say twice."""
    if covered is None:
        return None
    if (covered.from_timestamp, covered.to_timestamp) == (begin, end):
        return None
    return covered


class FilteredHere(Output):
    """What this server looked at on top of the service's search."""

    rows_found: int = member("How many rows the service's searches found so far, by the words alone.")
    rows_read: int = member("How many of them were looked at so far.")
    not_read: int | None = optional("Messages whose body could not be read: they may match as well.")


class ArchiveSearchPage(FromMail):
    from_timestamp: Timestamp = member("Start of the whole range, inclusive.")
    to_timestamp: Timestamp = member("End of the whole range, inclusive.")
    coverage: TimeRange | None = optional(
        "The part of the range that was searched, and with filter_here looked through, where that is not all of it; "
        "absent if Complete: all, else: none yet."
    )
    complete: bool = member("True: nothing is left to search or to look at, so the counts are totals.")
    rows: list[FoundRow] = member("This page's messages, in the order of ReceivedTimestamp.")
    rows_so_far: int = member("Rows in Coverage, each copy of a message counted; with filter_here, those that match.")
    messages_so_far: int = member("The messages that these rows are of, copies counted once.")
    searches_so_far: int = member("How many searches were run, those of the pages before included.")
    filtered_here: FilteredHere | None = optional("With filter_here: what this server looked at.")
    folded: list[FoldedRow] | None = optional("With deduplicate='similar': messages like those of earlier answers.")
    search_id: str | None = optional(
        "The search that found all these rows, if one did: get_archive_search_results shows them in full."
    )
    running_search_id: str | None = optional("The search that still runs: what it finds is not known yet.")
    next_cursor: str | None = optional("There is more, or may be: call search_archive again with it as cursor.")
    notes: list[str] | None = optional("How the arguments were understood, what was shortened, what went wrong.")
