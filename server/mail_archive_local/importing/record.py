"""One raw message as the archive's record of it: the search row, the metadata, the words that searches look at.

Decided here, because the service does not say [unknown]:
- `To`, `Cc`, `From` and `Date` of a row are the header fields as they came, on one line; `Subject` is decoded.
- A header that comes several times is joined with ", ".
- CONTAINS looks at decoded values, case-folded; the envelope's are its addresses.
- Helo, SenderHostname, SenderIpAddress and the TLS fields are what the topmost Received header says.
- Nothing is received in the future: a date behind the moment of the import is none.
- Nothing is received at the first second of 1970: it stands for a moment that is not known.
- A message has attachments when a part of it is one to a reader: marked so, named, or a message itself.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mail_archive_local.storage.putting import NewMessage
from mail_archive_local.storage.row_keys import message_id_of
from mail_archive_tools.index.contains import fold
from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.fields.headers import Headers, decode_words
from mail_archive_tools.mime.structure import read_structure

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2400, 1, 1, tzinfo=UTC)
_VALUE_CHARS = 100_000
"""How much of one header value is kept in a row; the raw message keeps it all."""
_RECEIVED_HEADERS, _RECIPIENTS = 200, 1_000
"""How many of them a record has at most."""

_PLAIN_FIELDS = {
    "Date": "date",
    "To": "to",
    "From": "from",
    "Cc": "cc",
    "MessageId": "message-id",
    "InReplyTo": "in-reply-to",
    "XMailer": "x-mailer",
    "XOriginalMailer": "x-original-mailer",
    "XPriority": "x-priority",
}
_NOTED_IN_ROWS = ("SenderHostname", "SenderIpAddress", "IngressPointId", "SourceArn")
_FROM_CLAUSE = re.compile(r"from\s+(?P<helo>\S+)(?:\s+\((?P<comment>[^()]{0,500})\))?", re.IGNORECASE)
_ADDRESS_LITERAL = re.compile(r"\[(?:IPv6:)?(?P<ip>[0-9a-fA-F.:]{3,45})\]", re.IGNORECASE)
_HOSTNAME = re.compile(r"(?:\S+@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9_-]*\.)+[A-Za-z0-9-]+)\.?(?=[\s\[]|$)")
_TLS = re.compile(
    r"(?:version=|using\s+)(?P<protocol>(?:TLS|SSL)\s?v?[0-9._]+)[\s,]+(?:with\s+)?(?:cipher[=\s]+)(?P<cipher>[\w-]+)",
    re.IGNORECASE,
)
_FOR_CLAUSE = re.compile(r"\sfor\s+<(?P<address>[^<>\s]{1,500})>", re.IGNORECASE)
_ANGLE_ADDRESS = re.compile(r"<([^<>]{0,500})>")


@dataclass(frozen=True)
class Known:
    """What an archive that a message comes from said of it: its id there ("" where that cannot be kept), the second of
    its receipt, metadata and envelope."""

    archived_message_id: str
    second: float | None
    metadata: Mapping[str, str]
    envelope: Mapping[str, Any]


def describe(
    raw: bytes,
    archive_id: str,
    file_time: float,
    metadata: Mapping[str, str] | None = None,
    envelope: Mapping[str, Any] | None = None,
    now: float = math.inf,
    known: Known | None = None,
) -> NewMessage:
    """The record of `raw` in that archive. `file_time` (seconds since 1970) dates a message that carries no date, or
    one behind `now`, since nothing can have been received then; `metadata` adds what no header carries
    (`IngressPointId`, `SourceArn`, ...), `envelope` stands instead of what the headers tell of it. What another archive
    knew of it, `known`, stands as it is: nothing is told from headers that it did not say. Never raises on bad mail."""
    root = read_structure(raw)
    headers = root.headers
    received = [_value(field.unfolded) for field in headers.all("received")[:_RECEIVED_HEADERS]]

    moment: float = _received_second(headers, received, file_time, now)
    archived_message_id = message_id_of(raw, archive_id)
    noted: dict[str, Any] = {
        "ConfigurationSet": headers.text("x-ses-configuration-set"),
        **_origin(received),
        **(metadata or {}),
    }
    told_envelope = envelope or _envelope(headers, received)
    has_given_id = False
    if known is not None:
        noted = dict(known.metadata)
        told_envelope = known.envelope
        if known.second is not None:
            moment = _whole(known.second)
        if known.archived_message_id:
            archived_message_id = known.archived_message_id
            has_given_id = True
    noted = {"Timestamp": moment, **noted}

    has_attachments = any(part.is_attachment for part in root.walk())
    # The order is that of the API's documentation, and stays: what is written is hashed.
    row: dict[str, Any] = {"ArchivedMessageId": archived_message_id, "ReceivedTimestamp": moment}
    for name, field in _PLAIN_FIELDS.items():
        row[name] = _joined(headers, field)
    row["Subject"] = _subject(headers)
    row["HasAttachments"] = has_attachments
    row["ReceivedHeaders"] = received
    row["Envelope"] = told_envelope
    for name in _NOTED_IN_ROWS:
        row[name] = noted.get(name)

    return NewMessage(
        archived_message_id=archived_message_id,
        second=math.floor(moment),
        has_attachments=has_attachments,
        api_row=_json(row),
        metadata=_json({"Metadata": _present(noted), "Envelope": row["Envelope"]}),
        searchable=_searchable(row),
        raw=raw,
        given_id=has_given_id,
    )


def _whole(seconds: float) -> float:
    """As a whole number where it is one, which JSON writes as such."""
    if float(seconds).is_integer():
        return int(seconds)
    return seconds


def _subject(headers: Headers) -> str | None:
    """The subject, decoded; None where there is none, or an empty one."""
    encoded = _joined(headers, "subject")
    if not encoded:
        return None
    return decode_words(encoded) or None


def _searchable(row: Mapping[str, Any]) -> tuple[str, str, str, str, str, str]:
    """What the six text attributes of a search look at."""
    to, sender, cc = (fold(decode_words(row[name] or "")) for name in ("To", "From", "Cc"))
    subject = fold(row["Subject"] or "")

    envelope = row["Envelope"]
    recipients = fold(", ".join(envelope.get("To", [])))
    return_path = fold(envelope.get("From", ""))
    return to, sender, cc, subject, recipients, return_path


def _joined(headers: Headers, name: str) -> str | None:
    fields = headers.all(name)
    if not fields:
        return None
    return _value(", ".join(field.unfolded for field in fields))


def _value(text: str) -> str:
    return text[:_VALUE_CHARS]


def _json(value: dict[str, Any]) -> str:
    return json.dumps(_present(value), ensure_ascii=False, separators=(",", ":"))


def _present(value: dict[str, Any]) -> dict[str, Any]:
    """The members that say something."""
    return {name: each for name, each in value.items() if each not in (None, [], {})}


def _envelope(headers: Headers, received: list[str]) -> dict[str, Any]:
    """From of Return-Path; To of Delivered-To, X-Original-To and the `for` clauses of Received; Helo of Received."""
    envelope: dict[str, Any] = {}
    # A server that delivers finally writes down the reverse-path as Return-Path (RFC 5321, section 4.4).
    sender = headers.first("return-path")
    if sender:
        angle = _ANGLE_ADDRESS.search(sender.unfolded)
        envelope["From"] = sender.unfolded
        if angle:
            envelope["From"] = angle.group(1)

    fields = [*headers.all("delivered-to"), *headers.all("x-original-to")]
    recipients = [field.unfolded for field in fields]
    if received and not recipients:
        recipients = [match.group("address") for match in _FOR_CLAUSE.finditer(received[0])]
    if recipients:
        addresses = (each.strip("<>")[:_VALUE_CHARS] for each in recipients[:_RECIPIENTS])
        envelope["To"] = list(dict.fromkeys(addresses))

    if received:
        clause = _FROM_CLAUSE.match(received[0])
        if clause:
            envelope["Helo"] = clause.group("helo")
    return envelope


def _origin(received: list[str]) -> dict[str, str]:
    """SenderHostname, SenderIpAddress and TLS fields, as far as the topmost Received header tells them."""
    found: dict[str, str] = {}
    if not received:
        return found

    clause = _FROM_CLAUSE.match(received[0])
    if clause:
        # The comment is what the receiving server looked up itself; the word before it is what the sender said at HELO
        # (RFC 5321, section 4.4: TCP-info).
        comment = clause.group("comment") or ""
        helo = clause.group("helo")
        literal = _ADDRESS_LITERAL.search(comment) or _ADDRESS_LITERAL.search(helo)
        if literal:
            found["SenderIpAddress"] = literal.group("ip")
        host = _HOSTNAME.match(comment) or _HOSTNAME.match(helo)
        if host:
            found["SenderHostname"] = host.group("host")

    tls = _TLS.search(received[0])
    if tls:
        found["TlsProtocol"] = tls.group("protocol")
        found["TlsCipherSuite"] = tls.group("cipher")
    return found


def _received_second(headers: Headers, received: list[str], file_time: float, now: float) -> int:
    """The date of the topmost Received header, else of Date, else the file's time; in whole seconds since 1970."""
    candidates = []
    if received:
        # The date of a Received field stands behind its last semicolon (RFC 5322, section 3.6.7).
        candidates.append(received[0].rpartition(";")[2])
    date = headers.first("date")
    if date:
        candidates.append(date.unfolded)

    for candidate in candidates:
        moment = parse_date(candidate)
        if moment is not None and 1 <= moment.timestamp() <= now:
            return int(moment.timestamp())

    return int(min(max(file_time, 0), now, _LATEST.timestamp()))


def parse_date(text: str) -> datetime | None:
    """The moment of a header's date; None where it is none, or outside 1970 to 2399."""
    moment = read_date(text).moment
    if moment is None or not _EARLIEST <= moment < _LATEST:
        return None
    return moment
