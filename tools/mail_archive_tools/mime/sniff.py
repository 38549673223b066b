"""What a file is by its first bytes (WHATWG MIME Sniffing, and what attackers send)."""

import lzma
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from zipfile import BadZipFile, ZipFile

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"%PDF-", 0, "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"BM", 0, "image/bmp"),
    (b"II*\0", 0, "image/tiff"),
    (b"MM\0*", 0, "image/tiff"),
    (b"\0\0\1\0", 0, "image/x-icon"),
    (b"WEBP", 8, "image/webp"),
    (b"ftypheic", 4, "image/heic"),
    (b"ftypavif", 4, "image/avif"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"ftyp", 4, "video/mp4"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
    (b"PK\3\4", 0, "application/zip"),
    (b"PK\5\6", 0, "application/zip"),
    (b"Rar!\x1a\7", 0, "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed"),
    (b"\x1f\x8b", 0, "application/gzip"),
    (b"BZh", 0, "application/x-bzip2"),
    (b"\xfd7zXZ\0", 0, "application/x-xz"),
    (b"MSCF", 0, "application/vnd.ms-cab-compressed"),
    (b"ustar", 257, "application/x-tar"),
    (b"CD001", 32_769, "application/x-iso9660-image"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage"),
    (b"{\\rtf", 0, "text/rtf"),
    (b"MZ", 0, "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", 0, "application/x-elf"),
    (b"\xca\xfe\xba\xbe", 0, "application/java-vm"),
    (b"\xcf\xfa\xed\xfe", 0, "application/x-mach-binary"),
    (b"L\0\0\0\1\x14\2\0", 0, "application/x-ms-shortcut"),
    (b"\x78\x9f\x3e\x22", 0, "application/vnd.ms-tnef"),
    (b"-----BEGIN PGP MESSAGE-----", 0, "application/pgp-encrypted"),
    (b"-----BEGIN PGP SIGNATURE-----", 0, "application/pgp-signature"),
    (b"-----BEGIN PGP PUBLIC KEY", 0, "application/pgp-keys"),
    (b"BEGIN:VCALENDAR", 0, "text/calendar"),
    (b"BEGIN:VCARD", 0, "text/vcard"),
    (b"#!", 0, "text/x-shellscript"),
    (b"<?xml", 0, "text/xml"),
)
_OF_TEXT = frozenset(
    (
        "text/rtf text/calendar text/vcard text/x-shellscript text/xml application/pgp-encrypted "
        "application/pgp-signature application/pgp-keys"
    ).split()
)
"""Kinds that are text themselves. What begins with the mark of any other, and is text, is text: "BMW invoice" is no
bitmap, and "MZ" begins many a word."""
_PDF_OBJECT = b" obj"
"""What each PDF has in it (ISO 32000-1, 7.3.10); one may be all ASCII."""
_BITMAP_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))
"""How long the second header of a bitmap is, by its version (Windows GDI, "Bitmap Header Types")."""
_PE_AT = 0x3C
"""Where an executable of DOS says that its newer header is (PE Format, "MS-DOS Stub")."""
_NEWER_HEADERS = (b"PE\0\0", b"NE", b"LE", b"LX")
_DOS_PAGE = 512
BROKEN_ZIP = (BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, struct.error)
"""What reading a zip raises that is broken, encrypted or packed in an unknown way (its NotImplementedError too)."""

_LONGEST = 32_800
_LEAST_BITMAP_BYTES = 26
_TYPE_BYTES = 200
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<table")
# Packages of Office (ECMA-376, part 2), of Java and of Android are zips with members of these names.
_INSIDE_ZIP = (
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"),
    ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
)
_ZIP_MEMBERS = 10_000
_DIRECTORY_ENTRY = b"PK\1\2"
"""What each entry of a zip's directory begins with (APPNOTE.TXT, 4.3.12)."""
_MOST_ENTRIES = 20_000
# The streams that formats of Microsoft keep in a compound file (MS-DOC, MS-XLS, MS-PPT, MS-OXMSG).
_INSIDE_OLE = {
    "worddocument": "application/msword",
    "workbook": "application/vnd.ms-excel",
    "book": "application/vnd.ms-excel",
    "powerpoint document": "application/vnd.ms-powerpoint",
    "__properties_version1.0": "application/vnd.ms-outlook",
}
_TEXT_PROBE = 4_096
_IN_TEXT = bytes(range(9, 14)) + bytes(range(32, 256)) + b"\x1b"
"""White space, what is printed, and the escape that charsets of Japanese and Korean are switched with (ISO 2022)."""

SAME = (
    frozenset({"image/jpeg", "image/jpg", "image/pjpeg"}),
    frozenset({"image/bmp", "image/x-ms-bmp", "image/x-bmp"}),
    frozenset({"image/x-icon", "image/vnd.microsoft.icon"}),
    frozenset({"text/rtf", "application/rtf", "application/x-rtf", "text/richtext", "application/msword"}),
    frozenset({"application/gzip", "application/x-gzip", "application/x-compressed-tar", "application/x-tar-gz"}),
    frozenset({"application/x-tar", "application/tar", "application/x-gtar", "application/x-ustar"}),
    frozenset({"application/zip", "application/x-zip-compressed", "application/x-zip"}),
    frozenset({"application/vnd.ms-tnef", "application/ms-tnef"}),
    frozenset({"application/pdf", "application/x-pdf", "image/pdf"}),
    frozenset({"text/xml", "application/xml", "image/svg+xml", "application/xhtml+xml", "text/html"}),
    frozenset({"text/vcard", "text/x-vcard", "text/directory"}),
    frozenset({"audio/wav", "audio/x-wav"}),
    frozenset({"application/vnd.rar", "application/x-rar-compressed", "application/x-rar"}),
)
"""Types that are one, or that a file may be at once."""


def sniff(data: bytes) -> str | None:
    """The media type that the content shows; None where it shows none. `text/plain` is for what is all text."""
    head = data[:_LONGEST]
    is_text = _is_text(head[:_TEXT_PROBE])
    # Text of other charsets than UTF-8 is not called text, and is not called anything else by its first letters.
    may_be_text = is_text or _has_no_controls(head[:_TEXT_PROBE])
    for mark, offset, kind in _MAGIC:
        if not head.startswith(mark, offset):
            continue
        if not may_be_text or kind in _OF_TEXT:
            return _of_mark(kind, data)
        if kind == "application/pdf" and _PDF_OBJECT in head:
            return kind

    # Behind a mark of byte order, and white space.
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_HTML):
        return "text/html"
    if is_text:
        return "text/plain"
    return None


def differs(declared: str, detected: str | None) -> bool:
    """Whether a part's content is of another kind than it was declared: a type that says nothing does not differ."""
    says_nothing = declared in ("application/octet-stream", "")
    if detected is None or says_nothing or detected == declared:
        return False
    for kinds in SAME:
        if declared in kinds and detected in kinds:
            return False

    # Many a file is text, a zip or a compound file, and is declared as what it is for.
    if detected == "text/plain":
        return declared.startswith(("image/", "audio/", "video/", "application/pdf", "application/zip"))
    if detected in ("application/zip", "application/x-ole-storage"):
        return declared.startswith(("text/", "image/", "audio/", "video/", "application/pdf"))
    if detected.startswith("text/") and declared.startswith(("text/", "application/")):
        return detected == "text/html" and declared.startswith("application/pdf")

    # Of sound and film, the first bytes tell the container rather than what is in it.
    for family in ("audio/", "video/"):
        if declared.startswith(family) and detected.startswith(family):
            return False
    return not declared.startswith(("application/x-pkcs", "application/pkcs", "multipart/"))


def _of_mark(kind: str, data: bytes) -> str | None:
    """What a file is that begins with the mark of that kind."""
    if kind == "application/zip":
        return _zip_kind(data)
    if kind == "application/x-ole-storage":
        return _ole_kind(data)
    if kind == "image/bmp" and not _is_bitmap(data):
        return None
    if kind == "application/vnd.microsoft.portable-executable" and not _is_program(data):
        return None
    return kind


def _is_bitmap(data: bytes) -> bool:
    if len(data) < _LEAST_BITMAP_BYTES:
        return False
    length = int.from_bytes(data[14:18], "little")
    return length in _BITMAP_HEADERS


def _is_program(data: bytes) -> bool:
    """Whether it has the header of a program: the newer one of Windows or OS/2, or that of DOS, which says how long the
    file is."""
    at = int.from_bytes(data[_PE_AT : _PE_AT + 4], "little")
    if at and data.startswith(_NEWER_HEADERS, at):
        return True
    in_last_page = int.from_bytes(data[2:4], "little")
    pages = int.from_bytes(data[4:6], "little")
    if not pages or in_last_page >= _DOS_PAGE:
        return False
    # Of a program that is cut, the first page is there.
    return (pages - 1) * _DOS_PAGE <= len(data)


def _zip_kind(data: bytes) -> str:
    if data.count(_DIRECTORY_ENTRY) > _MOST_ENTRIES:
        # A directory of a million names would be read whole.
        return "application/zip"
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist()[:_ZIP_MEMBERS])
            if "mimetype" in names:
                kind = _own_type(archive)
                if kind.startswith("application/"):
                    return kind
    except BROKEN_ZIP:
        return "application/zip"

    for name, kind in _INSIDE_ZIP:
        if name in names:
            return kind
    return "application/zip"


def _own_type(archive: ZipFile) -> str:
    """What OpenDocument (ISO/IEC 26300-3, 3.3) and EPUB say of themselves in the member `mimetype`."""
    if archive.getinfo("mimetype").file_size >= _TYPE_BYTES:
        return ""
    with archive.open("mimetype") as member:
        return member.read(_TYPE_BYTES).decode("ascii", "replace")


_BROKEN_OLE = (OSError, ValueError, TypeError, IndexError, struct.error, RecursionError)
"""What olefile raises of what is broken: its own errors are OSErrors, and its directory is a tree, maybe a deep one."""


def _ole_kind(data: bytes) -> str:
    """By the streams at its top: what is embedded in it has others."""
    # Imported here, as few messages need it.
    import olefile

    names: set[str] = set()
    with suppress(*_BROKEN_OLE), olefile.OleFileIO(BytesIO(data)) as ole:
        names = {each[0].lower() for each in ole.listdir() if len(each) == 1}

    for name, kind in _INSIDE_OLE.items():
        if name in names:
            return kind
    return "application/x-ole-storage"


def _has_no_controls(data: bytes) -> bool:
    return bool(data) and not data.translate(None, _IN_TEXT)


def _is_text(data: bytes) -> bool:
    """Whether there are no control characters but white space, and it is UTF-8 but for a character that was cut."""
    if not _has_no_controls(data):
        return False

    # The end of the probe may stand within a character.
    probe = data[:-4] if len(data) == _TEXT_PROBE else data
    try:
        probe.decode()
    except UnicodeDecodeError as error:
        # A character at the end may be cut.
        return error.reason == "unexpected end of data"
    return True
