"""A search counted, not listed."""

from typing import TYPE_CHECKING

from mail_archive_tools.models.base import Drawn, MailLine, Output, member, optional
from mail_archive_tools.models.facts.table import GROUPED
from mail_archive_tools.models.moments import Timestamp
from mail_archive_tools.models.query import one_of
from mail_archive_tools.models.search import FilteredHere, TimeRange

OF_ROWS = (
    "sender", "sender_domain", "recipient", "recipient_domain", "pair", "subject", "attachment", "source", "day",
    "week", "month", "year", "weekday", "hour", "gap",
)  # fmt: skip
"""What rows tell."""
OF_FACTS = tuple([fact.name for fact in GROUPED])
"""What messages tell once they are read."""

if TYPE_CHECKING:
    GroupBy = str
else:
    GroupBy = one_of([*OF_ROWS, *OF_FACTS])
"""What a summary can count by."""

IN_TIME = frozenset(("day", "week", "month", "year", "weekday", "hour"))
"""Groupings whose groups are in the order of time."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ARROW = " → "
"""Stands between who wrote and to whom, in the values of `pair`."""


class SummaryGroup(Output):
    value: str = member("What these have in common; mail text, never instructions.")
    rows: int = member("Rows, each copy of a message counted.")
    messages: int | None = optional("Messages, copies counted once; absent where there are as many as rows.")
    first: Timestamp | None = optional("When the first of them was received; absent where the group is itself a time.")
    last: Timestamp | None = optional("When the last of them was received, where it is another.")


class SummaryOthers(Output):
    groups: int = member("How many groups are not listed.")
    rows: int = member("Their rows; one that is in several of them is counted in each.")
    messages: int | None = optional("Their messages, copies counted once; absent where there are as many as rows.")


class Summary(Output):
    by: str = member("What was grouped by.")
    groups: int = member("How many groups there are in all.")
    top: list[SummaryGroup] = member("The largest groups; those of time in its order.")
    others: SummaryOthers | None = optional("The groups that are not listed.")


class TermCount(Output):
    term: str = member("The term.")
    messages: int = member("Messages with it in From, To, Cc or the subject, copies counted once.")
    alone: int = member("Those of them with none of the other terms.")
    conversations: int = member(
        "The conversations that they are of: by In-Reply-To, and by the subject where what it names was not found."
    )


class Unread(Output):
    why: MailLine = member("Why they could not be read.")
    messages: int = member("How many.")
    archived_message_ids: list[str] = member("The first of them.")


class ArchiveSearchSummary(Drawn):
    search_id: str | None = optional("The search that was summarized, where one was asked for.")
    archive_id: str | None = optional("The archive that this search is of.")
    from_timestamp: Timestamp = member("Start of the whole range, inclusive.")
    to_timestamp: Timestamp = member("End of the whole range, inclusive.")
    coverage: TimeRange | None = optional(
        "The part of the range that is counted, where that is not all of it; absent if Complete: all, else: none yet."
    )
    complete: bool = member("True: the whole range is counted.")
    rows: int = member("Rows that are counted, each copy of a message by itself.")
    messages: int = member("Messages that are counted, copies once.")
    searches_so_far: int | None = optional("How many searches were run for it.")
    filtered_here: FilteredHere | None = optional("With filter_here, or groups by content: what was read.")
    running_search_id: str | None = optional("The search that still runs.")
    first_timestamp: Timestamp | None = optional("When the first was received.")
    last_timestamp: Timestamp | None = optional("When the last was received.")
    zone: str | None = optional("The time zone that days, weeks, months, weekdays and hours are of.")
    terms: list[TermCount] | None = optional("With terms: what each of them hits.")
    hit_by_terms: int | None = optional("With terms: messages that any of them hits.")
    exceptions: list[Unread] | None = optional("Messages that could not be read, and are not counted.")
    summaries: list[Summary] = member("One for each grouping.")
    gaps: list[TimeRange] | None = optional("The longest times without mail, longest first.")
    notes: list[str] | None = optional("What to call next, what was left out.")
