"""What is in a zip file, by name and size; nothing is unpacked."""

from io import BytesIO
from zipfile import BadZipFile, ZipFile

from mail_archive_tools.documents.limits import MEMBERS, Gathered, Refused


def read(data: bytes, gathered: Gathered) -> None:
    try:
        archive = ZipFile(BytesIO(data))
    except BadZipFile:
        raise Refused("is not a zip file that can be opened") from None
    with archive:
        members = archive.infolist()
        gathered.add(f"[archive with {len(members)} members]\nName\tSize\tPacked\tEncrypted\n")
        for each in members[:MEMBERS]:
            encrypted = "yes" if each.flag_bits & 1 else "no"
            gathered.add(f"{each.filename}\t{each.file_size}\t{each.compress_size}\t{encrypted}\n")
        if len(members) > MEMBERS:
            gathered.note(f"{MEMBERS} of its {len(members)} members are listed.")
        gathered.note("Its members were not unpacked.")
