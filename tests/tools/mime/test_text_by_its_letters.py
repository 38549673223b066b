"""Text is text, whatever its first letters: only what has the header of another kind is of that kind."""

import pytest

from mail_archive_tools.mime.message import read_message
from mail_archive_tools.mime.sniff import sniff
from mail_archive_tools.reading.attachments import text_of_file
from tests.conftest import eml
from tests.tools.files import PROGRAM

BEGINNINGS = (
    "BMW invoice", "MZ is our code for it", "GIF89a is a format", "ID3 tags explained", "BZh, he said", "OggS and more",
    "II* of the rules", "%PDF-1.4 is what it begins with", "fLaC", "MSCF", "Rar!", "xxxxftyp of it", "RIFFxxxxWAVE",
)  # fmt: skip


@pytest.mark.parametrize("words", BEGINNINGS)
def test_text_that_begins_like_another_kind_is_read(words: str) -> None:
    text = f"{words}: and so on, as letters do, line by line.\r\n"
    raw = eml(From="a@b.example", Content_Type="text/plain; name=a.txt", Content_Disposition="attachment", body=text)
    (file,) = read_message(raw).files
    assert file.detected_type == "text/plain" and not file.type_differs
    assert words in (text_of_file(file).text or "")


@pytest.mark.parametrize("words", BEGINNINGS)
@pytest.mark.parametrize("charset", ["cp1252", "cp1251"])
def test_so_is_text_of_other_charsets(words: str, charset: str) -> None:
    ending = {"cp1252": "für Büro und Küche, große Auswahl", "cp1251": "счёт за услуги, просим оплатить"}[charset]
    assert sniff(f"{words}: {ending}.\r\n".encode(charset)) is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PROGRAM, "application/vnd.microsoft.portable-executable"),
        (PROGRAM.replace(b"PE\0\0", b"NE\0\0"), "application/vnd.microsoft.portable-executable"),
        (b"MZ\x50\0\x02\0" + b"\0" * 700, "application/vnd.microsoft.portable-executable"),
        (b"MZ" + b"\0" * 700, None),
        (b"MZ\xff\xff\xff\xff" + b"\xff" * 700, None),
        (b"MZ", "text/plain"),
        (b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0" + b"\0" * 40, "image/bmp"),
        (b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x29\0\0\0" + b"\0" * 40, None),
        (b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "application/pdf"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "application/pdf"),
        (b"{\\rtf1 words}", "text/rtf"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"GIF89a\x01\0\x01\0", "image/gif"),
    ],
)
def test_what_has_a_header_is_of_its_kind(content: bytes, kind: str | None) -> None:
    assert sniff(content) == kind


def test_a_zip_of_a_million_names_is_not_gone_through() -> None:
    entry = b"PK\1\2" + b"\0" * 42
    assert sniff(b"PK\3\4" + entry * 30_000) == "application/zip"
