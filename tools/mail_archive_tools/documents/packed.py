"""Archives and compressed files: what is in them by name and size, and the text of what can be read."""

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

_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_BLOCK_BYTES = 10_000_000
_PIECE_BYTES = 65_536
_BROKEN = (*BROKEN_ZIP, tarfile.TarError)


@dataclass(frozen=True)
class _Member:
    """One file of an archive. `load` unpacks so many bytes of it at most; sizes are in bytes, None: not known."""

    name: str
    size: int
    packed: int | None
    encrypted: bool
    load: Callable[[int], bytes]


def read_zip(data: bytes, gathered: Gathered) -> None:
    try:
        archive = _opened_zip(data, gathered.password)
    except BadZipFile:
        raise Refused("is not a zip file that can be opened") from None
    with archive:

        def member(info: ZipInfo) -> _Member:
            def load(most: int) -> bytes:
                with archive.open(info) as source:
                    return source.read(most)

            return _Member(info.filename, info.file_size, info.compress_size, bool(info.flag_bits & 1), load)

        infos = archive.infolist()
        _add(len(infos), (member(each) for each in infos if not each.is_dir()), gathered)


def read_7z(data: bytes, gathered: Gathered) -> None:
    # Imported here, as it takes a while and few files need it.
    import py7zr
    from py7zr.exceptions import ArchiveError, PasswordRequired
    from py7zr.io import BytesIOFactory

    # It would ask for the limits of this process, and a worker may not.
    py7zr.py7zr.get_memory_limit = lambda: _BLOCK_BYTES  # type: ignore[attr-defined]
    try:
        with py7zr.SevenZipFile(BytesIO(data), password=gathered.password or None) as archive:
            infos = [each for each in archive.list() if not each.is_directory]
            encrypted = archive.needs_password()
            contents: dict[str, bytes] = {}
            if sum(each.uncompressed or 0 for each in infos) > gathered.room:
                gathered.note("It unpacks to more than is opened here; its files are listed only.")
            elif not encrypted or gathered.password:
                factory = BytesIOFactory(gathered.room)
                archive.extract(factory=factory)
                contents = {name: each.read() for name, each in factory.products.items()}
    except PasswordRequired:
        raise Refused("is encrypted, the names in it too: ask again with its password") from None
    except (ArchiveError, lzma.LZMAError, EOFError, ValueError):
        raise Refused(WRONG if gathered.password else "is not a 7z file that can be opened") from None

    def member(info: Any) -> _Member:
        def load(most: int) -> bytes:
            if info.filename not in contents:
                raise Refused("was not unpacked")
            return contents[info.filename][:most]

        return _Member(info.filename, info.uncompressed or 0, info.compressed, encrypted, load)

    _add(len(infos), map(member, infos), gathered)


def read_tar(data: bytes, gathered: Gathered) -> None:
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
            found: list[tarfile.TarInfo] = []
            # What stands before it breaks off is there.
            with suppress(tarfile.TarError, EOFError):
                found.extend(each for each in archive if len(found) <= MEMBERS * 2)

            def member(info: tarfile.TarInfo) -> _Member:
                def load(most: int) -> bytes:
                    source = archive.extractfile(info)
                    return source.read(most) if source else b""

                return _Member(info.name, info.size, None, False, load)

            if not (found or data.startswith(_TAR_MARK, _TAR_MARK_AT)):
                raise Refused("is not a tar file that can be opened")
            _add(len(found), (member(each) for each in found if each.isfile()), gathered)
    except tarfile.TarError:
        raise Refused("is not a tar file that can be opened") from None


def read_compressed(data: bytes, gathered: Gathered) -> None:
    """One compressed file (gzip, bzip2, xz), or a tar that was compressed."""
    if not data:
        raise Refused("is not a compressed file: it is empty")
    room = gathered.room
    content = bytearray()
    try:
        with _uncompressing(data) as source:
            while len(content) <= room and (piece := source.read(_PIECE_BYTES)):
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
    if data.startswith(b"BZh"):
        return bz2.open(BytesIO(data))
    return cast(IO[bytes], lzma.open(BytesIO(data)) if data.startswith(b"\xfd7zXZ") else gzip.open(BytesIO(data)))


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
        packed = "" if each.packed is None else each.packed
        gathered.add(f"{each.name}\t{each.size}\t{packed}\t{'yes' if each.encrypted else 'no'}\n")
    if not gathered.password and any(each.encrypted for each in listed):
        gathered.note("What is encrypted in it was not opened: ask again with its password.")
    for each in listed:
        if each.encrypted and not gathered.password:
            continue
        if gathered.is_full():
            return
        _add_member(each, gathered)


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
