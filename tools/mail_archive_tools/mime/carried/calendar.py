"""Calendar invitations (RFC 5545, RFC 6047) as fields."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

MAX_EVENTS = 20
"""Events read of one calendar."""

CALENDAR_BYTES = 100_000
"""How much of a calendar is read. (The library takes a second for a megabyte of honest ones.)"""

_ATTENDEES = 50
_CHARS = 500
# RFC 5545, 3.6.1 to 3.6.3.
_KINDS = ("VEVENT", "VTODO", "VJOURNAL")


@dataclass(frozen=True)
class Event:
    """One event. Times are as written: with their zone where they have one, else without; a date is a whole day."""

    summary: str | None
    start: str | None
    end: str | None
    location: str | None
    organizer: str | None
    attendees: tuple[str, ...]
    status: str | None
    recurrence: str | None
    description: str | None


@dataclass(frozen=True)
class Calendar:
    """`method` is REQUEST, REPLY, CANCEL, ...; `problem` says what could not be read."""

    method: str | None
    events: tuple[Event, ...]
    problem: str | None = None


def read_calendar(data: bytes) -> Calendar:
    """The events of an iCalendar stream. Never raises."""
    # Imported here: it is slow to load, and few mails hold a calendar.
    from icalendar import Calendar as Stream

    try:
        streams: list[Any] = Stream.from_ical(_whole(data), multiple=True)
        method = next((str(each["METHOD"]) for each in streams if "METHOD" in each), None)
        events = [_event(each) for stream in streams for each in stream.walk() if each.name in _KINDS]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        return Calendar(None, (), f"its calendar cannot be read ({type(error).__name__})")

    problem = None
    if len(data) > CALENDAR_BYTES:
        problem = f"its calendar is longer than {CALENDAR_BYTES:,} bytes: the rest was not read"
    elif len(events) > MAX_EVENTS:
        problem = f"more than {MAX_EVENTS} events: the rest is left out"
    return Calendar(method, tuple(events[:MAX_EVENTS]), problem)


def _whole(data: bytes) -> bytes:
    """The stream, or as much of it as is read, with an end."""
    if len(data) <= CALENDAR_BYTES:
        return data
    lines = data[:CALENDAR_BYTES].rpartition(b"\n")[0]
    return lines + b"\nEND:VEVENT\nEND:VCALENDAR\n"


def _event(component: Any) -> Event:
    # A to-do has a time when it is due in place of an end (RFC 5545, 3.6.2).
    end = component.get("DTEND") or component.get("DUE")
    return Event(
        summary=_text(component.get("SUMMARY")),
        start=_moment(component.get("DTSTART")),
        end=_moment(end),
        location=_text(component.get("LOCATION")),
        organizer=_person(component.get("ORGANIZER")),
        attendees=_people(component.get("ATTENDEE")),
        status=_text(component.get("STATUS")),
        recurrence=_rule(component.get("RRULE")),
        description=_text(component.get("DESCRIPTION")),
    )


def _first(value: Any) -> Any:
    """The library has a list of what comes several times, also where it may come once (RFC 5545, 3.6.1)."""
    if not isinstance(value, list):
        return value
    return value[0] if value else None


def _text(value: Any) -> str | None:
    value = _first(value)
    if value is None:
        return None
    return str(value)[:_CHARS] or None


def _moment(value: Any) -> str | None:
    written = _first(value)
    moment = getattr(written, "dt", None)
    if not isinstance(moment, datetime | date):
        return None

    zone = getattr(written, "params", {}).get("TZID")
    if not zone:
        return moment.isoformat()
    return f"{moment.isoformat()} ({zone})"[:_CHARS]


def _rule(value: Any) -> str | None:
    rule = _first(value)
    if rule is None:
        return None
    written: bytes = rule.to_ical()
    return written.decode("utf-8", "replace")[:_CHARS]


def _people(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    several = value if isinstance(value, list) else [value]
    shown = [_person(each) for each in several[:_ATTENDEES]]
    return tuple(each for each in shown if each)


def _person(value: Any) -> str | None:
    """Name, address, and what they answered (RFC 5545, 3.2.12)."""
    person = _first(value)
    if person is None:
        return None

    address = str(person)
    if address.lower().startswith("mailto:"):
        address = address.partition(":")[2]
    parameters = getattr(person, "params", {})
    name = parameters.get("CN")
    answer = parameters.get("PARTSTAT")

    shown = address
    if name and str(name) != address:
        shown = f"{name} <{address}>"
    if answer:
        shown = f"{shown} ({answer})"
    return shown[:_CHARS]
