"""Packed files, such as zip and tar: what is in them by name and size, and the text of what can be read."""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from mail_archive_tools.documents.limits import MEMBERS, Gathered, Refused
from mail_archive_tools.documents.passwords import WRONG
from mail_archive_tools.mime.sniff import BROKEN_ZIP

# In the head of the first member (POSIX, pax).
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_BLOCK_BYTES = 10_000_000
_PIECE_BYTES = 65_536
_BROKEN = (*BROKEN_ZIP, tarfile.TarError)


@dataclass(frozen=True)
class _Member:
    """One file in a packed one. Sizes are in bytes."""

    name: str
    size: int
    packed: int | None
    """What it takes in the packed file; None where that is not known."""
    encrypted: bool
    load: Callable[[int], bytes]
    """Unpacks so many bytes of it at most."""


def read_zip(data: bytes, gathered: Gathered) -> None:
    try:
        archive = _opened_zip(data, gathered.password)
    except BadZipFile:
        raise Refused("is not a zip file that can be opened") from None

    with archive:
        infos = archive.infolist()
        members = (_in_zip(archive, each) for each in infos if not each.is_dir())
        _add(len(infos), members, gathered)


def _in_zip(archive: ZipFile, info: ZipInfo) -> _Member:
    def load(most: int) -> bytes:
        with archive.open(info) as source:
            return source.read(most)

    is_encrypted = bool(info.flag_bits & 1)
    return _Member(info.filename, info.file_size, info.compress_size, is_encrypted, load)


def read_7z(data: bytes, gathered: Gathered) -> None:
    # Imported here, as it takes a while and few files need it.
    import py7zr
    from py7zr.exceptions import ArchiveError, PasswordRequired
    from py7zr.io import BytesIOFactory

    # It would ask for the limits of this process, and a worker may not.
    py7zr.py7zr.get_memory_limit = lambda: _BLOCK_BYTES  # type: ignore[attr-defined]
    contents: dict[str, bytes] = {}
    try:
        with py7zr.SevenZipFile(BytesIO(data), password=gathered.password or None) as archive:
            infos = [each for each in archive.list() if not each.is_directory]
            encrypted = archive.needs_password()
            if gathered.password:
                encrypted = _is_encrypted_7z(data)
            size = sum(each.uncompressed or 0 for each in infos)
            if size > gathered.room:
                gathered.note("It unpacks to more than is opened here; its files are listed only.")
            elif not encrypted or gathered.password:
                # Members are mostly one stream, so each by itself would be unpacked with those before it.
                factory = BytesIOFactory(gathered.room)
                archive.extract(factory=factory)
                contents = {name: each.read() for name, each in factory.products.items()}
    except PasswordRequired:
        raise Refused("is encrypted, the names in it too: ask again with its password") from None
    except (ArchiveError, lzma.LZMAError, EOFError, ValueError):
        raise Refused(WRONG if gathered.password else "is not a 7z file that can be opened") from None

    def member(info: Any) -> _Member:
        def load(most: int) -> bytes:
            content = contents.get(info.filename)
            if content is None:
                raise Refused("was not unpacked")
            return content[:most]

        return _Member(info.filename, info.uncompressed or 0, info.compressed, encrypted, load)

    _add(len(infos), map(member, infos), gathered)


def _is_encrypted_7z(data: bytes) -> bool:
    """Whether a 7z takes a password. One that is opened with a password says so in any case."""
    import py7zr
    from py7zr.exceptions import PasswordRequired

    try:
        with py7zr.SevenZipFile(BytesIO(data)) as archive:
            return bool(archive.needs_password())
    except PasswordRequired:
        return True


def read_tar(data: bytes, gathered: Gathered) -> None:
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
            found = _tar_members(archive)
            if not found and not data.startswith(_TAR_MARK, _TAR_MARK_AT):
                raise Refused("is not a tar file that can be opened")
            files = (_in_tar(archive, each) for each in found if each.isfile())
            _add(len(found), files, gathered)
    except tarfile.TarError:
        raise Refused("is not a tar file that can be opened") from None


def _tar_members(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """The members, or those that stand before it breaks off; somewhat more of them than are listed."""
    found: list[tarfile.TarInfo] = []
    with suppress(tarfile.TarError, EOFError):
        for info in archive:
            found.append(info)
            if len(found) > MEMBERS * 2:
                break
    return found


def _in_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def load(most: int) -> bytes:
        source = archive.extractfile(info)
        return source.read(most) if source else b""

    return _Member(info.name, info.size, None, False, load)


def read_compressed(data: bytes, gathered: Gathered) -> None:
    """One compressed file (gzip, bzip2, xz), or a tar that was compressed."""
    if not data:
        raise Refused("is not a compressed file: it is empty")

    room = gathered.room
    content = bytearray()
    try:
        with _uncompressing(data) as source:
            while len(content) <= room:
                piece = source.read(_PIECE_BYTES)
                if not piece:
                    break
                content += piece
    except _BROKEN:
        if not content:
            raise Refused("is compressed, and broken") from None
        gathered.note("It breaks off; what stands before was read.")
    if len(content) > room:
        gathered.note(f"It unpacks to more than {room:,} bytes; the rest was left out.")
        del content[room:]

    if content.startswith(_TAR_MARK, _TAR_MARK_AT):
        read_tar(bytes(content), gathered)
    else:
        gathered.add_file("its content", bytes(content))


def _opened_zip(data: bytes, password: str | None) -> ZipFile:
    if not password:
        return ZipFile(BytesIO(data))

    # Python's own cannot open what is encrypted with AES, as most is now.
    from pyzipper import AESZipFile

    archive = cast(ZipFile, AESZipFile(BytesIO(data)))
    archive.setpassword(password.encode())
    return archive


def _uncompressing(data: bytes) -> IO[bytes]:
    packed = BytesIO(data)
    if data.startswith(b"BZh"):
        return bz2.open(packed)
    if data.startswith(b"\xfd7zXZ"):
        return lzma.open(packed)
    return cast(IO[bytes], gzip.open(packed))


def _add(count: int, members: Iterable[_Member], gathered: Gathered) -> None:
    """A table of the members, and the text of those that can be read."""
    listed: list[_Member] = []
    for each in members:
        if len(listed) == MEMBERS:
            gathered.note(f"{MEMBERS} of its {count} members are listed.")
            break
        listed.append(each)

    gathered.add(f"[archive with {count} members]\nName\tSize\tPacked\tEncrypted\n")
    for each in listed:
        gathered.add(f"{_row(each)}\n")

    opened = listed
    if not gathered.password:
        opened = [each for each in listed if not each.encrypted]
    if len(opened) < len(listed):
        gathered.note("What is encrypted in it was not opened: ask again with its password.")
    for each in opened:
        if gathered.is_full():
            return
        _add_member(each, gathered)


def _row(member: _Member) -> str:
    packed = "" if member.packed is None else str(member.packed)
    encrypted = "yes" if member.encrypted else "no"
    return f"{member.name}\t{member.size}\t{packed}\t{encrypted}"


def _add_member(member: _Member, gathered: Gathered) -> None:
    room = gathered.room
    if member.size > room:
        gathered.note(f"{member.name} was not opened: it is larger than the {room:,} bytes that may be unpacked.")
        return

    try:
        content = member.load(room)
    except Refused as error:
        gathered.note(f"{member.name} {error}.")
    except _BROKEN as error:
        # Of a password that is another, both libraries for zip files raise a plain RuntimeError.
        why = WRONG if type(error) is RuntimeError else "is broken, or packed in a way that is not known here"
        gathered.note(f"{member.name} {why}.")
    else:
        gathered.add_file(member.name, content)
