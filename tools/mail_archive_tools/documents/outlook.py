"""Messages as Outlook saves them (MS-OXMSG): header fields, text, and the files that are attached."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import olefile

from mail_archive_tools.documents import rtf
from mail_archive_tools.documents.html import add_html
from mail_archive_tools.documents.limits import DEPTH, Gathered, Refused
from mail_archive_tools.mime.carried.tnef import uncompressed_rtf
from mail_archive_tools.mime.codecs import charsets

# Properties by their numbers, as the names of streams have them (MS-OXMSG, 2.2.2; MS-OXPROPS says what each is).
_SUBJECT, _MESSAGE_ID, _BODY, _HTML, _RTF = "0037", "1035", "1000", "1013", "1009"
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS = "0C1A", "5D01", "0C1F"
_NAME, _SMTP, _ADDRESS = "3001", "39FE", "3003"
_LONG_FILENAME, _FILENAME, _DATA = "3707", "3704", "3701"
_SUBMITTED, _RECIPIENT_KIND = 0x0039, 0x0C15
_UNICODE, _STRING8, _BINARY, _OBJECT = "001F", "001E", "0102", "000D"
_PROPERTIES = "__properties_version1.0"
_TO = 1
_KINDS = {_TO: "To", 2: "Cc", 3: "Bcc"}
_MEMBERS = 500
_ROOT_HEAD, _INNER_HEAD, _OTHER_HEAD = 32, 24, 8
"""Bytes before the properties of a message, of one that is attached to another, and of what else has properties."""
_PROPERTY_BYTES = 16


def read(data: bytes, gathered: Gathered) -> None:
    with olefile.OleFileIO(BytesIO(data)) as ole:
        if not ole.exists(_PROPERTIES):
            raise Refused("is not a message of Outlook that can be opened")
        _Item(ole, [], _ROOT_HEAD).add_to(gathered, 0)


class _Item:
    """A message, or what is in one: a storage with properties."""

    def __init__(self, ole: olefile.OleFileIO, path: list[str], head: int) -> None:
        self._ole = ole
        self._path = path
        self._fixed = dict(self._fixed_properties(head))

    def add_to(self, gathered: Gathered, depth: int) -> None:
        for name, value in self._fields():
            gathered.add(f"{name}: {value}\n")
        files = [_Item(self._ole, path, _OTHER_HEAD) for path in self._inside("__attach_version1.0_#")]
        for number, file in enumerate(files, 1):
            gathered.add(f"Attachment {number}: {file._file_name() or 'message'}\n")
        gathered.add("\n")
        self._add_body(gathered)
        gathered.add("\n")

        for file in files:
            if gathered.is_full():
                return
            content = file.stream(_DATA, _BINARY)
            if content is not None:
                gathered.add_file(file._file_name(), content)
                continue
            inner = [*file._path, f"__substg1.0_{_DATA}{_OBJECT}"]
            if not self._ole.exists([*inner, _PROPERTIES]):
                continue
            if depth >= DEPTH:
                gathered.note(f"Messages in it were not opened: they are more than {DEPTH} levels deep.")
                return
            gathered.add("[attached message]\n")
            _Item(self._ole, inner, _INNER_HEAD).add_to(gathered, depth + 1)

    def text(self, number: str) -> str:
        """A property that is text: in UTF-16, else in the charset of whoever wrote it."""
        data = self.stream(number, _UNICODE)
        if data is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")

        data = self.stream(number, _STRING8) or b""
        return charsets.decode(data.rstrip(b"\0"))

    def stream(self, number: str, kind: str) -> bytes | None:
        """A property whose size is not fixed: a stream of its own."""
        path = [*self._path, f"__substg1.0_{number}{kind}"]
        if not self._ole.exists(path) or self._ole.get_type(path) != olefile.STGTY_STREAM:
            return None
        found: bytes = self._ole.openstream(path).read()
        return found

    def number(self, place: int) -> int | None:
        return self._fixed.get(place)

    def _fields(self) -> Iterator[tuple[str, str]]:
        """What an answer shows of a header section."""
        sender = _mailbox(self.text(_SENDER), self.text(_SENDER_SMTP) or self.text(_SENDER_ADDRESS))
        if sender:
            yield "From", sender
        yield from self._recipients()

        sent = self.number(_SUBMITTED)
        moment = _moment(sent) if sent else None
        if moment is not None:
            yield "Date", moment.isoformat()
        for name, number in (("Subject", _SUBJECT), ("Message-ID", _MESSAGE_ID)):
            value = self.text(number)
            if value:
                yield name, value

    def _recipients(self) -> Iterator[tuple[str, str]]:
        mailboxes: dict[int, list[str]] = {}
        for path in self._inside("__recip_version1.0_#"):
            recipient = _Item(self._ole, path, _OTHER_HEAD)
            # The upper bits of the kind are flags (MS-OXOMSG, PidTagRecipientType).
            kind = (recipient.number(_RECIPIENT_KIND) or _TO) & 0xF
            address = recipient.text(_SMTP) or recipient.text(_ADDRESS)
            mailboxes.setdefault(kind, []).append(_mailbox(recipient.text(_NAME), address))

        for kind, name in _KINDS.items():
            if kind in mailboxes:
                yield name, ", ".join(mailboxes[kind])

    def _file_name(self) -> str:
        return self.text(_LONG_FILENAME) or self.text(_FILENAME)

    def _add_body(self, gathered: Gathered) -> None:
        """The text, or what stands for it: HTML, or RTF."""
        body = self.text(_BODY)
        if body:
            gathered.add(body)
            return

        html = self.stream(_HTML, _BINARY)
        source = charsets.decode(html) if html else self.text(_HTML)
        if source:
            add_html(source, gathered)
            return

        packed = self.stream(_RTF, _BINARY)
        if not packed:
            return
        unpacked = uncompressed_rtf(packed)
        if unpacked:
            rtf.read(unpacked, gathered)
        else:
            gathered.note("Its RTF body cannot be unpacked.")

    def _inside(self, prefix: str) -> list[list[str]]:
        """The storages of that kind that are right in this one."""
        found = []
        for path in self._ole.listdir(streams=False, storages=True):
            *parent, name = path
            if parent == self._path and name.startswith(prefix):
                found.append(path)
        return sorted(found)[:_MEMBERS]

    def _fixed_properties(self, head: int) -> Iterator[tuple[int, int]]:
        """The properties of a fixed size, as numbers (MS-OXMSG, 2.4)."""
        path = [*self._path, _PROPERTIES]
        if not self._ole.exists(path):
            return

        data = self._ole.openstream(path).read()
        for place in range(head, len(data) - _PROPERTY_BYTES + 1, _PROPERTY_BYTES):
            number = int.from_bytes(data[place + 2 : place + 4], "little")
            yield number, int.from_bytes(data[place + 8 : place + 16], "little")


def _mailbox(name: str, address: str) -> str:
    if address and address != name:
        return f"{name} <{address}>"
    return name


def _moment(filetime: int) -> datetime | None:
    """A moment that is counted in tenths of a microsecond since 1601."""
    try:
        return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None
