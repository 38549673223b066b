"""Another parser's reading of 107 odd messages, compared field by field with ours.

`OURS` lists the fields where we differ on purpose, each with the reason.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mail_archive_tools.mime.fields.addresses import Mailbox, read_addresses
from mail_archive_tools.mime.fields.dates import read_date
from mail_archive_tools.mime.message import Message, read_message
from mail_archive_tools.mime.structure import Part
from tests.conftest import MEASURED

Field = tuple[str, str, Any, Any]
"""Name, where, theirs, ours."""

_RAW = "raw 8-bit text without a charset: the peer has U+FFFD, ours is read as windows-1252"
_UU = "a uuencoded attachment: the peer leaves it encoded, ours is the file"
_OUTER = "an outer boundary ends the inner multipart (RFC 2046, 5.1.2); the peer takes it for text"
_PREFIX = "a line that only begins like a boundary is none (RFC 2046, 5.1.1)"
OURS: dict[str, str] = {
    "legacy/010": _RAW,
    "legacy/016 part 2": _RAW,
    "legacy/017": f"{_RAW}; {_UU}",
    "legacy/020": _RAW,
    "legacy/022": _RAW,
    "legacy/023 part 3": _RAW,
    "legacy/026 part 1": f"{_RAW}; {_UU}",
    "legacy/027": _RAW,
    "legacy/033 part 0": _RAW,
    "legacy/048": _UU,
    "legacy/049 part 0": "the peer drops the last line break",
    "legacy/052": _RAW,
    "malformed/000": "the peer loses the parts behind an empty one",
    "malformed/001": _PREFIX,
    "malformed/003": "the inner boundary is the outer: the parts are the outer's",
    "malformed/004": f"{_PREFIX}; ours shows the whole as text, with a problem",
    "malformed/005": "`--a----` closes the boundary `a--`, so the inner multipart is empty",
    "malformed/007": "a boundary right behind header fields begins a part; the peer takes it for a field",
    "malformed/009": _OUTER,
    "malformed/011": _OUTER,
    "malformed/012": _OUTER,
    "malformed/013": "parts behind a closing boundary of an inner multipart are the outer's",
    "malformed/014": "a last boundary that closes nothing begins an empty part",
    "malformed/016": _PREFIX,
    "malformed/017": "the name is there, behind an empty disposition",
    "malformed/019": "fuzzed: the date is none, and lines that are no fields end a header section",
    "malformed/020": "two Content-Types: the first, a multipart, is what finds the parts",
    "malformed/021": "two Content-Types: the first, a multipart, is what finds the parts",
    "thirdparty/002 part 1": "what follows the padding is no base64",
    "thirdparty/005 part 4": "a boundary begins a line (RFC 2046, 5.1.1)",
    "thirdparty/015": "an attached message that breaks off at the outer boundary ends there",
}


def compared(theirs: dict[str, Any], ours: Message, where: str) -> Iterator[Field]:
    """The fields of one message, and of the messages attached to it."""
    headers = _headers(theirs)
    for name in ("from", "to", "cc", "bcc", "reply_to", "sender"):
        if name in headers:
            yield "addresses", f"{where} {name}", _mailboxes(headers[name]), _ours(ours, name.replace("_", "-"))
    for name, value in (("subject", ours.subject), ("message_id", ours.message_id)):
        if name in headers and (text := headers[name].get("Text")) is not None:
            yield name, where, _line(text), _line(value or "")
    if "date" in headers:
        yield "date", where, _moment(headers["date"].get("DateTime")), ours.date and _instant(ours)
    parts = [each for each in _leaves(ours.root) if not each.is_multipart or not each.children]
    expected = [each for each in theirs["parts"] if "Multipart" not in each["body"]]
    yield "number of parts", where, len(expected), len(parts)
    if len(parts) != len(expected):
        return
    for number, (part, other) in enumerate(zip(parts, expected, strict=True)):
        yield from _compared_part(other, part, f"{where} part {number}")


def _compared_part(theirs: dict[str, Any], part: Part, where: str) -> Iterator[Field]:
    (kind, body), *_ = theirs["body"].items()
    name = _name(theirs)
    if name is not None or part.filename is not None:
        yield "attachment names", where, name and _line(name), part.filename and _line(part.filename)
    if kind in ("Text", "Html"):
        yield "text bodies", where, _text(body), _text(part.text())
    elif kind in ("Binary", "InlineBinary"):
        encoded = part.transfer_encoding in ("base64", "quoted-printable")
        one, other = bytes(body), part.content()
        # What is not encoded has the line ends of the copy that was read.
        yield "attachment bytes", where, *((one, other) if encoded else (_lf(one), _lf(other)))
    elif kind == "Message" and part.children:
        inner = part.children[0]
        whole = inner.raw[_start(part, inner) : inner.end]
        yield from compared(body, read_message(whole), where)


def _start(part: Part, inner: Part) -> int:
    return part.body_start if inner.raw is part.raw else 0


def _leaves(part: Part) -> list[Part]:
    """The parts of a message that are no multiparts; an attached message is one."""
    if part.is_multipart and part.children:
        return [leaf for child in part.children for leaf in _leaves(child)]
    return [part]


def _headers(theirs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for header in theirs["parts"][0]["headers"]:
        if isinstance(header["name"], str) and isinstance(header["value"], dict):
            found.setdefault(header["name"], header["value"])
    return found


def _mailboxes(value: dict[str, Any]) -> list[tuple[str, str]]:
    address = value.get("Address", {})
    listed = address.get("List", [])
    listed = listed + [each for group in address.get("Group", []) for each in group["addresses"]]
    return [(_line(each["name"] or ""), each["address"] or "") for each in listed]


def _ours(message: Message, name: str) -> list[tuple[str, str]]:
    found = message.headers.first(name)
    mailboxes: list[Mailbox] = read_addresses(found.unfolded) if found else []
    return [(_line(each.name), each.address) for each in mailboxes]


def _moment(value: dict[str, Any] | None) -> str | None:
    if value is None:
        return None
    sign = "-" if value["tz_before_gmt"] else "+"
    text = "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}".format(**value)
    moment = read_date(f"{text}{sign}{value['tz_hour']:02}:{value['tz_minute']:02}").moment
    return moment.isoformat() if moment else None


def _instant(message: Message) -> str | None:
    date = message.date
    return date.moment.isoformat() if date and date.moment else None


def _name(theirs: dict[str, Any]) -> str | None:
    found: dict[str, str] = {}
    for header in theirs["headers"]:
        value = header["value"]
        if (
            isinstance(value, dict)
            and "ContentType" in value
            and header["name"] in ("content_type", "content_disposition")
        ):
            for attribute in value["ContentType"]["attributes"] or ():
                found.setdefault(attribute["name"], attribute["value"])
    return found.get("filename") or found.get("name")


def _line(text: str) -> str:
    return " ".join(text.split())


def _lf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _text(text: str) -> str:
    return re.sub(r"\r+\n|\r", "\n", text)


def test_agrees_with_a_peer_field_by_field(corpus: Path) -> None:
    """Every field that is not listed in OURS is the same; CRLF and LF copies count both."""
    fields: list[Field] = []
    for expected in sorted((corpus / "stalwart").rglob("*.json")):
        name = expected.relative_to(corpus / "stalwart").as_posix().removesuffix(".json")
        raw = expected.with_name(expected.name.split(".")[0] + ".eml").read_bytes()
        if name.endswith(".crlf"):
            raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        fields += compared(json.loads(expected.read_text()), read_message(raw), name)
    total, agreed, explained = Counter[str](), Counter[str](), 0
    unexplained: list[str] = []
    for name, where, theirs, ours in fields:
        total[name] += 1
        if theirs == ours:
            agreed[name] += 1
        elif any(_is_at(place, where) for place in OURS):
            explained += 1
        else:
            unexplained.append(f"{name} of {where}: {theirs!r:.100} here {ours!r:.100}")
    scores = ", ".join(f"{name} {agreed[name]}/{total[name]}" for name in total)
    MEASURED.append(f"stalwart: {scores}; {explained} differ on purpose, {len(unexplained)} else")
    assert unexplained == []
    assert total.total() > 1_500
    assert agreed.total() >= 0.93 * total.total()


def _is_at(place: str, where: str) -> bool:
    """Whether `where` is at, or inside, a place named in OURS, in the LF or the CRLF copy."""
    bare = where.replace(".crlf", "", 1)
    return bare == place or bare.startswith(place + " ")


def test_every_difference_on_purpose_is_one(corpus: Path) -> None:
    """No entry of OURS outlives its reason."""
    differing: set[str] = set()
    for expected in (corpus / "stalwart").rglob("*.json"):
        name = expected.relative_to(corpus / "stalwart").as_posix().removesuffix(".json").removesuffix(".crlf")
        raw = expected.with_name(expected.name.split(".")[0] + ".eml").read_bytes()
        for _, where, theirs, ours in compared(json.loads(expected.read_text()), read_message(raw), name):
            if theirs != ours:
                differing |= {place for place in OURS if _is_at(place, where)}
    assert set(OURS) - differing == set()
