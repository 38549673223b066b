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
        return bool(self.archived_message_id or self.second is not None or self.metadata or self.envelope)

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
    members = {_plain(name): each for name, each in value.items()}
    if _TELLING.isdisjoint(members):
        for each in value.values():
            yield from _records(each, depth + 1)
        return
    yield _record(members)


def _record(members: dict[str, Any]) -> Beside:
    inner = members.get("metadata")
    metadata = {_plain(name): each for name, each in inner.items()} if isinstance(inner, dict) else members
    envelope = members.get("envelope")
    return Beside(
        archived_message_id=_text(members.get("archivedmessageid")),
        message_id=_text(members.get("messageid")),
        second=_second(metadata.get("timestamp", members.get("receivedtimestamp"))),
        metadata={name: text for name in _STRINGS if (text := _text(metadata.get(name.lower())))},
        envelope=_envelope(envelope) if isinstance(envelope, dict) else {},
    )


def _envelope(found: dict[str, Any]) -> dict[str, Any]:
    members = {_plain(name): each for name, each in found.items()}
    recipients = members.get("to")
    listed = recipients if isinstance(recipients, list) else [recipients]
    envelope: dict[str, Any] = {"Helo": _text(members.get("helo")), "From": _text(members.get("from"))}
    envelope["To"] = [text for each in listed[:_RECIPIENTS] if (text := _text(each))]
    return {name: value for name, value in envelope.items() if value}


def _plain(name: str) -> str:
    """A name in the one way that all spellings of it have in common."""
    return name.replace("_", "").replace("-", "").lower()


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _second(value: Any) -> float | None:
    """A moment, as seconds or milliseconds since 1970, or as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) > _MILLISECONDS_FROM else float(value)
        return seconds if 0 <= seconds < _MILLISECONDS_FROM else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        read = parse_date(value)
        return None if read is None else read.timestamp()
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
