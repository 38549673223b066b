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

_SUBJECT, _MESSAGE_ID, _BODY, _HTML, _RTF = "0037", "1035", "1000", "1013", "1009"
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS = "0C1A", "5D01", "0C1F"
_NAME, _SMTP, _ADDRESS = "3001", "39FE", "3003"
_LONG_FILENAME, _FILENAME, _DATA = "3707", "3704", "3701"
_SUBMITTED, _RECIPIENT_KIND = 0x0039, 0x0C15
_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
_MEMBERS = 500
_ROOT_HEAD, _INNER_HEAD, _OTHER_HEAD = 32, 24, 8


def read(data: bytes, gathered: Gathered) -> None:
    with olefile.OleFileIO(BytesIO(data)) as ole:
        if not ole.exists("__properties_version1.0"):
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
        files = list(self._files())
        for number, file in enumerate(files, 1):
            gathered.add(f"Attachment {number}: {file.text(_LONG_FILENAME) or file.text(_FILENAME) or 'message'}\n")
        gathered.add("\n")
        self._add_body(gathered)
        gathered.add("\n")
        for file in files:
            if gathered.is_full():
                return
            inner = [*file._path, f"__substg1.0_{_DATA}000D"]
            if (content := file.stream(_DATA, "0102")) is not None:
                gathered.add_file(file.text(_LONG_FILENAME) or file.text(_FILENAME), content)
            elif self._ole.exists([*inner, "__properties_version1.0"]):
                if depth >= DEPTH:
                    gathered.note(f"Messages in it were not opened: they are more than {DEPTH} levels deep.")
                    return
                gathered.add("[attached message]\n")
                _Item(self._ole, inner, _INNER_HEAD).add_to(gathered, depth + 1)

    def text(self, number: str) -> str:
        """A property that is text: in UTF-16, else in the charset of whoever wrote it."""
        if (data := self.stream(number, "001F")) is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        return charsets.decode((self.stream(number, "001E") or b"").rstrip(b"\0"))

    def stream(self, number: str, kind: str) -> bytes | None:
        path = [*self._path, f"__substg1.0_{number}{kind}"]
        if not self._ole.exists(path) or self._ole.get_type(path) != olefile.STGTY_STREAM:
            return None
        found: bytes = self._ole.openstream(path).read()
        return found

    def number(self, place: int) -> int | None:
        return self._fixed.get(place)

    def _fields(self) -> Iterator[tuple[str, str]]:
        sender, address = self.text(_SENDER), self.text(_SENDER_SMTP) or self.text(_SENDER_ADDRESS)
        if sender or address:
            yield "From", f"{sender} <{address}>" if address and address != sender else sender
        recipients = [_Item(self._ole, path, _OTHER_HEAD) for path in self._inside("__recip_version1.0_#")]
        for kind, name in _KINDS.items():
            of_kind = [each for each in recipients if (each.number(_RECIPIENT_KIND) or 1) & 0xF == kind]
            if of_kind:
                yield name, ", ".join(each._mailbox() for each in of_kind)
        if (sent := self.number(_SUBMITTED)) and (moment := _moment(sent)):
            yield "Date", moment.isoformat()
        for name, number in (("Subject", _SUBJECT), ("Message-ID", _MESSAGE_ID)):
            if value := self.text(number):
                yield name, value

    def _mailbox(self) -> str:
        name, address = self.text(_NAME), self.text(_SMTP) or self.text(_ADDRESS)
        return f"{name} <{address}>" if address and address != name else name

    def _add_body(self, gathered: Gathered) -> None:
        """The text, or what stands for it: HTML, or RTF."""
        html = self.stream(_HTML, "0102")
        if body := self.text(_BODY):
            gathered.add(body)
        elif source := charsets.decode(html) if html else self.text(_HTML):
            add_html(source, gathered)
        elif packed := self.stream(_RTF, "0102"):
            if unpacked := uncompressed_rtf(packed):
                rtf.read(unpacked, gathered)
            else:
                gathered.note("Its RTF body cannot be unpacked.")

    def _files(self) -> Iterator["_Item"]:
        for path in self._inside("__attach_version1.0_#"):
            yield _Item(self._ole, path, _OTHER_HEAD)

    def _inside(self, prefix: str) -> list[list[str]]:
        """The storages of that kind that are right in this one."""
        depth = len(self._path)
        paths = self._ole.listdir(streams=False, storages=True)
        found = [each for each in paths if len(each) == depth + 1 and each[:depth] == self._path]
        return sorted(each for each in found if each[-1].startswith(prefix))[:_MEMBERS]

    def _fixed_properties(self, head: int) -> Iterator[tuple[int, int]]:
        """The properties of a fixed size, as numbers (MS-OXMSG, 2.4)."""
        path = [*self._path, "__properties_version1.0"]
        data = self._ole.openstream(path).read() if self._ole.exists(path) else b""
        for place in range(head, len(data) - 15, 16):
            yield (
                int.from_bytes(data[place + 2 : place + 4], "little"),
                int.from_bytes(data[place + 8 : place + 16], "little"),
            )


def _moment(filetime: int) -> datetime | None:
    """A moment that is counted in tenths of a microsecond since 1601."""
    try:
        return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None
