"""What is known of a message beside its bytes: its id, when it was received, metadata and envelope, out of JSON of
whatever layout."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from mail_archive_local.importing.record import parse_date

_STRINGS = (
    *("IngressPointId", "RuleSetId", "SenderHostname", "SenderIpAddress", "TlsCipherSuite", "TlsProtocol"),
    *("TrafficPolicyId", "ConfigurationSet", "SendingMethod", "SendingPool", "SourceArn", "SourceIdentity"),
)
"""The members of GetArchiveMessage's Metadata that are texts."""
_TELLING = {"archivedmessageid", "metadata", "envelope", "receivedtimestamp", "messageid"}
"""What an object of JSON has that is about a message."""
_DEEPEST = 20
_LONGEST = 10_000
_RECIPIENTS = 1_000
_MILLISECONDS_FROM = 1e11
"""A number of seconds this large would be in the year 5138: it is milliseconds."""


@dataclass(frozen=True)
class Beside:
    """What JSON says of a message; empty where it says nothing. `second` is since 1970."""

    archived_message_id: str = ""
    message_id: str = ""
    second: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)

    @property
    def says_anything(self) -> bool:
        if self.second is not None:
            return True
        # A Message-ID alone tells whose record it is, and nothing of the message.
        return any((self.archived_message_id, self.metadata, self.envelope))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Beside":
        return cls(**json.loads(text))


NOTHING = Beside()


def records_of(document: Any) -> list[Beside]:
    """All records in a JSON document: objects that say something of a message, wherever they stand."""
    return list(_records(document, 0))


def _records(value: Any, depth: int) -> Iterator[Beside]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _records(each, depth + 1)
        return
    if not isinstance(value, dict):
        return

    members = _plainly_named(value)
    if not _TELLING.isdisjoint(members):
        yield _record(members)
        return
    for each in value.values():
        yield from _records(each, depth + 1)


def _record(members: dict[str, Any]) -> Beside:
    # Some layouts have what is of the metadata in an object of its own, others beside the rest.
    metadata = members
    if isinstance(members.get("metadata"), dict):
        metadata = _plainly_named(members["metadata"])

    texts = {name: _text(metadata.get(name.lower())) for name in _STRINGS}
    envelope: dict[str, Any] = {}
    if isinstance(members.get("envelope"), dict):
        envelope = _envelope(_plainly_named(members["envelope"]))

    return Beside(
        archived_message_id=_text(members.get("archivedmessageid")),
        message_id=_text(members.get("messageid")),
        second=_second(metadata.get("timestamp", members.get("receivedtimestamp"))),
        metadata=_said(texts),
        envelope=envelope,
    )


def _envelope(members: dict[str, Any]) -> dict[str, Any]:
    recipients = members.get("to")
    if not isinstance(recipients, list):
        recipients = [recipients]
    texts = map(_text, recipients[:_RECIPIENTS])
    return _said(
        {
            "Helo": _text(members.get("helo")),
            "From": _text(members.get("from")),
            "To": list(filter(None, texts)),
        }
    )


def _said(members: dict[str, Any]) -> dict[str, Any]:
    """The members that say something."""
    return {name: value for name, value in members.items() if value}


def _plainly_named(members: dict[str, Any]) -> dict[str, Any]:
    """The same, by names in the one way that all spellings of them have in common."""
    return {name.replace("_", "").replace("-", "").lower(): value for name, value in members.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value[:_LONGEST]


def _second(value: Any) -> float | None:
    """A moment, as seconds or milliseconds since 1970, or as text."""
    if isinstance(value, str):
        return _second_of_text(value)
    # To Python, true and false are numbers.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None

    # JSON may have numbers that are too large for a float.
    if not 0 <= value < 1_000 * _MILLISECONDS_FROM:
        return None
    if value > _MILLISECONDS_FROM:
        return value / 1_000
    return float(value)


def _second_of_text(text: str) -> float | None:
    """In ISO 8601, in UTC where it says no zone, or as in a header field."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        of_header = parse_date(text)
        return None if of_header is None else of_header.timestamp()

    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
