"""Whether a message is the one that a search found: its header fields beside what the row of the search says.

Values are compared as a reader sees them: decoded, invisible characters left aside, white space as one space. A row may
have them as they stand in the mail or decoded, joined where a field came twice, or cut where one is long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.fields.addresses import read_addresses
from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.fields.headers import Headers, decode_words
from mail_archive_tools.mime.fields.message_ids import message_ids
from mail_archive_tools.untrusted import without_invisible

FIELDS = {
    "MessageId": "Message-ID",
    "Subject": "Subject",
    "From": "From",
    "Date": "Date",
}
"""The members of a row that are compared, and the header fields that they are of."""

_FIELD_NAMES = {name: field.lower() for name, field in FIELDS.items()}

CUT_CHARS = 250
"""A row's value that is at least so long may be the beginning of the field alone."""

_COMPARED_FIELDS = 5
"""Of a header field that occurs often, so many are compared."""
_SHOWN_CHARS = 80
_SPACE = re.compile(" ")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_LOST = "\ufffd"
"""What stands for bytes that are in no charset that is named."""

# A page or a document that came in a message's place may have lines with a colon; they begin with none of these.
_OF_MAIL = frozenset(
    "from to cc bcc subject date received message-id return-path delivered-to sender reply-to x-mailer x-original-to "
    "in-reply-to references resent-from list-id dkim-signature arc-seal authentication-results mime-version "
    "content-type content-transfer-encoding".split()
)


def has_header_section(headers: Headers) -> bool:
    """Whether there is a field that mail has."""
    return any(each.name in _OF_MAIL for each in headers.fields)


def compared(told: Mapping[str, str]) -> list[str]:
    """The members of a row that can be compared: those that say something."""
    return [name for name in FIELDS if name in told and _shown(told[name])]


def differing(told: Mapping[str, str], headers: Headers) -> list[str]:
    """The members of a row that are not what the message says. A field that the message does not have differs."""
    return [name for name in compared(told) if not _is_said(name, told[name], headers)]


def differences(told: Mapping[str, str], names: Iterable[str]) -> Iterator[Finding]:
    """A finding for each of the members of a row that are not what the message says."""
    for name in names:
        value = _shown(told[name])[:_SHOWN_CHARS]
        yield Finding("search-differs", f"The search shows another {FIELDS[name]}: “{value}”.")


def _is_said(name: str, told: str, headers: Headers) -> bool:
    fields = headers.all(_FIELD_NAMES[name])
    values = [each.unfolded for each in fields[:_COMPARED_FIELDS]]
    # As nearly all rows have it.
    if values and told in (values[0], decode_words(values[0])):
        return True

    if len(values) > 1:
        values.append(", ".join(values))
    return any(_is_same(name, told, value) for value in values)


def _is_same(name: str, told: str, value: str) -> bool:
    if _is_same_text(told, value):
        return True
    if name == "MessageId":
        return _first_id(told) == _first_id(value)
    if name == "From":
        return _is_same_author(told, value)
    if name == "Date":
        moment = read_date(told).moment
        return moment is not None and moment == read_date(value).moment
    return False


def _first_id(value: str) -> str:
    """The id, or what stands in place of one."""
    ids = message_ids(value)
    return ids[0] if ids else _shown(value)


def _is_same_text(told: str, value: str) -> bool:
    row, field = _forms(told), _forms(value)
    if not row.isdisjoint(field):
        return True
    if len(told) >= CUT_CHARS and any(whole.startswith(tuple(row)) for whole in field):
        return True
    if "=?" in told or "=?" in value:
        # White space between encoded words is none of the text (RFC 2047, 6.2), and not every program knows that.
        return _is_same_without(_SPACE, row, field)
    if _LOST in told or _LOST in value:
        # Bytes of no charset that is named: what is left of them depends on who reads them.
        return _is_same_without(_NOT_ASCII, row, field)
    return False


def _is_same_without(left_out: re.Pattern[str], row: set[str], field: set[str]) -> bool:
    shorter = {left_out.sub("", each) for each in row}
    return any(left_out.sub("", each) in shorter for each in field)


def _is_same_author(told: str, value: str) -> bool:
    """By addresses, and by names where the row has any."""
    row = read_addresses(told)
    field = read_addresses(value)
    if not row:
        return False
    if [each.address for each in row] != [each.address for each in field]:
        return False

    names = [_shown(each.name) for each in row]
    if not any(names):
        return True
    return names == [_shown(each.name) for each in field]


def _forms(value: str) -> set[str]:
    """A value as it stands and decoded, each as a reader sees it."""
    return {_shown(value), _shown(decode_words(value))}


def _shown(value: str) -> str:
    """A value as a reader sees it."""
    # An "ü" may be one character or two.
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    return " ".join(without_invisible(value).split())
