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

    problem = f"more than {MAX_EVENTS} events: the rest is left out" if len(events) > MAX_EVENTS else None
    if len(data) > CALENDAR_BYTES:
        problem = f"its calendar is longer than {CALENDAR_BYTES:,} bytes: the rest was not read"
    return Calendar(method, tuple(events[:MAX_EVENTS]), problem)


def _whole(data: bytes) -> bytes:
    """The stream, or as much of it as is read, with an end."""
    if len(data) <= CALENDAR_BYTES:
        return data
    return data[:CALENDAR_BYTES].rpartition(b"\n")[0] + b"\nEND:VEVENT\nEND:VCALENDAR\n"


def _event(component: Any) -> Event:
    attendees = component.get("ATTENDEE") or []
    attendees = attendees if isinstance(attendees, list) else [attendees]
    return Event(
        summary=_text(component.get("SUMMARY")),
        start=_moment(component.get("DTSTART")),
        end=_moment(component.get("DTEND") or component.get("DUE")),
        location=_text(component.get("LOCATION")),
        organizer=_person(component.get("ORGANIZER")),
        attendees=tuple(shown for each in attendees[:_ATTENDEES] if (shown := _person(each))),
        status=_text(component.get("STATUS")),
        recurrence=_rule(component.get("RRULE")),
        description=_text(component.get("DESCRIPTION")),
    )


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    text = str(value)[:_CHARS] if value is not None else ""
    return text or None


def _moment(value: Any) -> str | None:
    written = value[0] if isinstance(value, list) and value else value
    moment = getattr(written, "dt", None)
    if not isinstance(moment, datetime | date):
        return None
    zone = getattr(written, "params", {}).get("TZID")
    return f"{moment.isoformat()} ({zone})"[:_CHARS] if zone else moment.isoformat()


def _rule(value: Any) -> str | None:
    rule = value[0] if isinstance(value, list) and value else value
    return rule.to_ical().decode("utf-8", "replace")[:_CHARS] if rule is not None else None


def _person(value: Any) -> str | None:
    if value is None:
        return None
    value = value[0] if isinstance(value, list) and value else value
    address = str(value).split(":", 1)[-1] if str(value).lower().startswith("mailto:") else str(value)
    parameters = getattr(value, "params", {})
    name, reply = parameters.get("CN"), parameters.get("PARTSTAT")
    shown = f"{name} <{address}>" if name and str(name) != address else address
    return (f"{shown} ({reply})" if reply else shown)[:_CHARS]
