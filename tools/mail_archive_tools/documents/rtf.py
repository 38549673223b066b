"""Text of Rich Text Format files."""

from striprtf.striprtf import rtf_to_text

from mail_archive_tools.documents.limits import UNPACKED_BYTES, Gathered


def read(data: bytes, gathered: Gathered) -> None:
    text = data[:UNPACKED_BYTES].decode("cp1252", "replace")
    if "\\objdata" in text:
        gathered.note("It has embedded objects, which were not opened.")
    gathered.add(str(rtf_to_text(text, errors="replace")))  # type: ignore[no-untyped-call]
    if len(data) > UNPACKED_BYTES:
        gathered.note(f"It is larger than {UNPACKED_BYTES:,} bytes; the rest was left out.")
    gathered.is_full()
