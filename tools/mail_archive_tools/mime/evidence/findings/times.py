"""Times that do not fit together: those of the sender and of the hosts on the way."""

from collections.abc import Iterator
from datetime import timedelta

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.route import Hop
from mail_archive_tools.mime.message import Message

_LONG_DELAY = timedelta(days=2)
_BACKWARDS_SECONDS = 15 * 3_600
"""How much earlier than the hop before is worth a word: clocks of honest hosts differ by minutes, and by zones, which
are up to 14 hours from UTC."""


def in_times(message: Message, route: list[Hop]) -> Iterator[Finding]:
    """Of a message without a Date nothing else is said: its way has no beginning to be compared with."""
    date = message.date
    # RFC 5322, 3.6: the field is required.
    if date is None:
        yield Finding("no-date", "There is no Date field.")
        return

    first = next((hop.time for hop in route if hop.time), None)
    if date.moment is None:
        yield Finding("bad-date", f"Date is no date: {date.text[:80]}")
    elif first and abs(date.moment - first) > _LONG_DELAY:
        days = abs(date.moment - first).days
        earlier = "before" if date.moment < first else "after"
        received = f"the first host received the message ({first:%Y-%m-%dT%H:%M%z})"
        yield Finding("date-differs", f"Date is {days} days {earlier} {received}.")

    for hop in route:
        if hop.delay is None:
            continue
        if hop.delay < -_BACKWARDS_SECONDS:
            yield Finding(
                "times-backwards", f"A hop to {hop.by} has a time {-hop.delay:.0f} s before the one before it."
            )
            return
