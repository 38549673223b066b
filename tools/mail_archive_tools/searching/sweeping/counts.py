"""What was found of a search so far, and what it took."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.models.moments import iso

NAMED_OVERFLOWS = 5
"""Seconds with too many messages that are named; of more, it is said that there are others."""

NAMED_HIDDEN = 3
"""Messages that match by hidden words alone, and that are named."""

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""What `datetime` can say: the years 1 to 9999, in seconds since 1970."""

# What a cursor carries comes from outside, and is held to these.
Second = Annotated[int, Field(ge=FIRST_SECOND, le=LAST_SECOND)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class Counts(NamedTuple):
    """Small, and made of what JSON knows, so that a cursor can carry it."""

    searches: Count = 0
    rows: Count = 0
    messages: Count = 0
    """Copies of one message counted once, within a window."""
    overflowed: Annotated[tuple[Second, ...], Field(max_length=NAMED_OVERFLOWS + 1)] = ()
    """Seconds with more messages than a search may find: those that are named, and one more if there are others."""
    left_out: Count = 0
    """Rows in the service's answers that said of no message."""

    def having_run(self, searches: int, overflowed: Sequence[int] = (), left_out: int = 0) -> "Counts":
        """The counts after more searches, the seconds that were too full for them, and the rows that were left out."""
        seconds = tuple(dict.fromkeys((*self.overflowed, *overflowed)))
        return self._replace(
            searches=self.searches + searches,
            overflowed=seconds[: NAMED_OVERFLOWS + 1],
            left_out=self.left_out + left_out,
        )

    @property
    def is_whole(self) -> bool:
        """Whether all that the searches found is here, as far as the service shows."""
        return not self.overflowed and not self.left_out

    def having_found(self, rows: int, messages: int) -> "Counts":
        """The counts with more rows, and the messages that they are of."""
        return self._replace(rows=self.rows + rows, messages=self.messages + messages)


def overflow_notes(counts: Counts) -> list[str]:
    """What to say of seconds with more messages than one search may find."""
    if not counts.overflowed:
        return []

    named = counts.overflowed[:NAMED_OVERFLOWS]
    moments = ", ".join(iso(datetime.fromtimestamp(second, UTC)) for second in named)
    others = " and others" if len(counts.overflowed) > NAMED_OVERFLOWS else ""
    return [
        f"More messages were received than one search can find in the second of {moments}{others}: some are missing "
        "here. Narrow the words to find them."
    ]


def broken_off_notes(messages: int) -> list[str]:
    """What to say of messages that have none of the words that were looked for, and break off."""
    if not messages:
        return []

    those = "1 message that was read breaks off" if messages == 1 else f"{messages:,} messages that were read break off"
    return [f"{those}, without the words of filter_here in what is there: left out here."]


def hidden_notes(archived_message_ids: Collection[str]) -> list[str]:
    """What to say of messages that have the words only in what their readers do not see."""
    if not archived_message_ids:
        return []

    some = sorted(archived_message_ids)[:NAMED_HIDDEN]
    named = ", ".join(some)
    if len(archived_message_ids) > len(some):
        named += f" and {len(archived_message_ids) - len(some):,} more"
    return [
        f"The words of filter_here.body stand only in hidden text of {named}: what a reader of the mail does not see. "
        'read_archive_message with sections=["hidden_text"] shows it.'
    ]


def index_notes(seconds: Stretch | None, why_not: Collection[str] = ()) -> list[str]:
    """What to say of the seconds that an index answered, or of why one did not."""
    if seconds is None or why_not:
        return list(why_not)
    ends = [iso(datetime.fromtimestamp(second, UTC)) for second in seconds]
    return [
        f"The index of content answered for {ends[0]} to {ends[1]}; for other times messages are searched and read."
    ]
