"""What came with a message: attachments, attached messages, containers; what they are and what they claim to be."""

import base64
import hashlib
import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from compressed_rtf import compress
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_tools.mime.carried.cms import read_cms
from mail_archive_tools.mime.carried.tnef import read_tnef, uncompressed_rtf
from mail_archive_tools.mime.evidence.protection import read_protection
from mail_archive_tools.mime.message import read_message
from mail_archive_tools.mime.sniff import differs, sniff
from mail_archive_tools.reading.attachments import text_of_file
from tests.tools.files import PROGRAM

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
PDF = b"%PDF-1.4 \n1 0 obj\n"


def letter(*files: tuple[bytes, str, str]) -> bytes:
    """A message with a text and these files: content, type, name."""
    message = EmailMessage()
    message["Subject"] = "files"
    message.set_content("text")
    for content, kind, name in files:
        main, sub = kind.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes(policy=SMTP)


def test_a_file_is_told_by_name_type_size_and_hash() -> None:
    (file,) = read_message(letter((PDF, "application/pdf", "a.pdf"))).files
    assert (file.id, file.name, file.declared_type, file.size) == ("2", "a.pdf", "application/pdf", len(PDF))
    assert file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert not file.type_differs and not file.inline and file.problems == ()


@pytest.mark.parametrize(
    ("content", "declared", "detected", "differ"),
    [
        (PNG, "image/png", "image/png", False),
        (PNG, "image/jpeg", "image/png", True),
        (PROGRAM, "application/pdf", "application/vnd.microsoft.portable-executable", True),
        (PROGRAM, "application/octet-stream", "application/vnd.microsoft.portable-executable", False),
        (b"<html><body>x", "application/pdf", "text/html", True),
        (b"<html><body>x", "text/plain", "text/html", False),
        (b"just words", "text/csv", "text/plain", False),
        (b"just words", "image/png", "text/plain", True),
        (b"\0\1\2\3", "application/pdf", None, False),
        (b"", "application/pdf", None, False),
    ],
)
def test_a_type_that_is_another_than_declared(
    content: bytes, declared: str, detected: str | None, differ: bool
) -> None:
    assert sniff(content) == detected
    assert differs(declared, detected) is differ


def test_office_files_are_told_from_other_zips() -> None:
    def zipped(*names: str) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        return target.getvalue()

    assert str(sniff(zipped("word/document.xml"))).endswith("wordprocessingml.document")
    assert str(sniff(zipped("xl/workbook.xml"))).endswith("spreadsheetml.sheet")
    assert sniff(zipped("a.txt")) == "application/zip"
    assert sniff(b"PK\3\4 broken") == "application/zip"


@given(st.binary(max_size=200))
def test_sniffing_never_raises(data: bytes) -> None:
    for start in (b"", b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<html", b"BM"):
        sniff(start + data)


def test_files_of_an_attached_message_are_listed_with_it() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner text")
    inner.add_attachment(b"deep", maintype="application", subtype="octet-stream", filename="deep.bin")
    outer = EmailMessage()
    outer["Subject"] = "outer"
    outer.set_content("outer text")
    outer.add_attachment(inner)
    message = read_message(outer.as_bytes())
    assert message.text.text.strip() == "outer text"
    assert [(file.id, file.name, file.is_message) for file in message.files] == [
        ("2", None, True),
        ("2.1.2", "deep.bin", False),
    ]
    assert message.files[1].load().data == b"deep"
    again = read_message(message.files[0].load().data, "2.1")
    assert again.subject == "inner"
    assert [file.id for file in again.files] == ["2.1.2"]


def test_an_encoded_attached_message_is_opened() -> None:
    inner = base64.encodebytes(b"Subject: inner\n\ninner text")
    raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + inner
    message = read_message(raw)
    assert message.files[0].is_message
    assert b"inner text" in message.files[0].load().data
    assert message.root.children[0].headers.text("subject") == "inner"


def tnef(*files: tuple[str, bytes], body: str = "", lie: int = 0) -> bytes:
    """A winmail.dat with these files and this text; `lie` adds to the length that the last attribute claims."""

    def attribute(level: int, identifier: int, data: bytes, more: int = 0) -> bytes:
        size = (len(data) + more).to_bytes(4, "little")
        return (
            bytes([level]) + identifier.to_bytes(4, "little") + size + data + (sum(data) & 0xFFFF).to_bytes(2, "little")
        )

    made = (0x223E9F78).to_bytes(4, "little") + b"\1\0"
    if body:
        made += attribute(1, 0x2800C, body.encode() + b"\0")
    for name, content in files:
        made += attribute(2, 0x69002, b"\0" * 14)
        made += attribute(2, 0x18010, name.encode() + b"\0")
        made += attribute(2, 0x6800F, content, lie)
    return made


def test_winmail_dat_is_opened() -> None:
    message = read_message(letter((tnef(("cat.txt", b"meow"), body="Hello"), "application/ms-tnef", "winmail.dat")))
    found = {file.id: (file.name, file.load().data) for file in message.files}
    assert found["2.t1"] == ("cat.txt", b"meow")
    assert found["2.message.txt"] == ("message.txt", b"Hello")


def test_the_rtf_body_of_tnef_is_a_file_that_can_be_read() -> None:
    packed = compress(rb"{\rtf1\ansi The body as Outlook keeps it\par}", compressed=True)
    properties = (1).to_bytes(4, "little") + (0x0102).to_bytes(2, "little") + (0x1009).to_bytes(2, "little")
    properties += (1).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed + b"\0" * (-len(packed) % 4)
    attribute = b"\1" + (0x69003).to_bytes(4, "little") + len(properties).to_bytes(4, "little") + properties + b"\0\0"
    message = read_message(letter((b"\x78\x9f\x3e\x22\1\0" + attribute, "application/ms-tnef", "winmail.dat")))
    body = next(each for each in message.files if each.name == "message.rtf")
    assert body.declared_type == "text/rtf" and not message.files[0].problems
    assert text_of_file(body).text == "The body as Outlook keeps it\n"


@pytest.mark.parametrize("packed", [b"", b"LZFu", b"\xff" * 100])
def test_a_broken_rtf_body_is_none(packed: bytes) -> None:
    assert uncompressed_rtf(packed) == b""


def test_a_tnef_that_lies_about_its_size_ends_there() -> None:
    read = read_tnef(tnef(("a", b"one"), ("b", b"two"), lie=4_000_000_000 - 10))
    assert read.files == ()
    assert read.problem is not None


@given(st.binary(max_size=200))
def test_no_tnef_raises(data: bytes) -> None:
    read_tnef(b"\x78\x9f\x3e\x22\1\0" + data)
    properties = b"\x02" + (0x69005).to_bytes(4, "little") + len(data).to_bytes(4, "little") + data + b"\0\0"
    read_tnef(b"\x78\x9f\x3e\x22\1\0" + b"\x02\x02\x90\x06\0\0\0\0\0\0\0" + properties)


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + content


def cms(kind: str, *content: bytes) -> bytes:
    """A CMS message of that type (2 is signed, 3 enveloped)."""
    return der(0x30, der(0x06, bytes.fromhex(f"2a864886f70d01070{kind}")), der(0xA0, *content))


def signed(content: bytes) -> bytes:
    data = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010701")), der(0xA0, der(0x04, content)))
    return cms("2", der(0x30, der(0x02, b"\1"), der(0x31), data, der(0x31)))


def smime(body: bytes) -> bytes:
    return (
        b"Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(body)
    )


def test_the_content_of_an_opaque_signature_is_read() -> None:
    message = read_message(smime(signed(b"Content-Type: text/plain\r\n\r\nsigned words\r\n")))
    assert message.text.text.strip() == "signed words"
    assert read_protection(message) == ["Signed with S/MIME, the content inside the signature; it was not verified."]


def test_what_is_encrypted_is_said_to_be() -> None:
    message = read_message(smime(cms("3", der(0x30, der(0x02, b"\0")))))
    assert message.text.text == ""
    assert read_protection(message) == ["Encrypted with S/MIME: without the key it cannot be read."]
    part = b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n"
    pgp = b"Content-Type: multipart/encrypted; boundary=b\n\n" + part
    assert "OpenPGP" in read_protection(read_message(pgp))[0]
    inline = b"Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"
    assert "OpenPGP" in read_protection(read_message(inline))[0]


def test_a_broken_signature_is_named() -> None:
    assert "cannot be read" in read_protection(read_message(smime(b"no CMS at all")))[0]


@given(st.binary(max_size=100))
def test_no_cms_raises(data: bytes) -> None:
    read_cms(data)
    read_cms(cms("2", data))
    read_cms(b"\x30\x80" + data)


def test_a_part_that_is_elsewhere_is_not_fetched_but_listed() -> None:
    raw = (
        b'Content-Type: message/external-body; access-type=URL; URL="http://x.example/"\n\nContent-Type: text/plain\n\n'
    )
    (file,) = read_message(raw).files
    assert file.declared_type == "message/external-body"
