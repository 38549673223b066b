"""Facts that were planted in documents, and whether a reader of their text finds them.

The documents in `planted.zip` were made with LibreOffice, qpdf, 7-Zip and others, each with the features of its format.
"""

import io
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import anyio
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.documents import scans
from mail_archive_tools.mime.codecs.transfer import Decoded
from mail_archive_tools.mime.files import File
from mail_archive_tools.read import read_archive_attachment
from mail_archive_tools.reading.attachments import FileText, text_of_file
from mail_archive_tools.reading.reader import new_sandbox
from mail_archive_tools.reading.readings import FileReading
from tests.conftest import MEASURED, Sample
from tests.tools.files import docx, paragraph
from tests.tools.test_messages import put
from tests.tools.test_read import letter

pytestmark = pytest.mark.anyio

PLANTED = Path(__file__).with_name("planted.zip")
PASSWORD = "opensesame"
LETTER = ("due on 14 March", "Footnote about clause seven", "Header of Tidewater", "Footer register 8812")
WITH_MARKS = ("the sum of 90,000 Euro]", "Comment by Ben about the harbour", "[hidden: the hidden account 4455]")
TERMS = "our terms <https://terms.quarry.example/terms>"
LEDGER = ("81250", "Comment on the ledger cell", "https://ledger.quarry.example/open", "Hidden sheet total 771")
FACTS: dict[str, tuple[str, ...]] = {
    "letter.docx": (*LETTER, *WITH_MARKS, TERMS, "5 words are white or tiny"),
    "letter.odt": (*LETTER, *WITH_MARKS, TERMS),
    "letter.doc": (*LETTER, *WITH_MARKS, TERMS),
    "letter.rtf": (*LETTER, *WITH_MARKS, TERMS),
    "letter.pdf": ("due on 14 March", "https://terms.quarry.example/terms", "white, transparent or tiny"),
    "portfolio.pdf": ("embedded crane;7000",),
    "locked.pdf": ("due on 14 March",),
    "locked.docx": ("due on 14 March",),
    "scan.pdf": ("are pictures, such as scans: 1",),
    "book.xlsx": LEDGER,
    "book.xls": LEDGER,
    "book.ods": LEDGER,
    "slides.pptx": ("Slide on pier", "about the divers", "https://piers.quarry.example/plan", "Comment on the pier"),
    "slides.ppt": ("Slide on pier", "about the divers", "https://piers.quarry.example/plan"),
    "slides.odp": ("Slide on pier", "about the divers", "https://piers.quarry.example/plan", "Comment on the pier"),
    "bundle.zip": ("zip member on tugboats", "inner.docx", "Comment by Ben about the harbour"),
    "bundle.tar.gz": ("tar member on barges", "Ledger of Quarry Works"),
    "bundle.7z": ("seven member on buoys",),
    "locked.zip": ("locked zip on anchors",),
    "mail.msg": (
        "From: Ann Quarry <ann@quarry.example>", "To: Ben Tide <ben@tidewater.example>", "lamps are late",
        "2025-03-03T10:00:00", "due on 14 March", "Inner body on wharf dues",
    ),
}  # fmt: skip
ON_PICTURES = {"scan.png": "Scanned receipt 5519", "scan.pdf": "Stamped page by the notary"}
LOCKED = [name for name in FACTS if name.startswith("locked.")]


def planted(name: str) -> bytes:
    with zipfile.ZipFile(PLANTED) as archive:
        return archive.read(name)


def read(name: str, data: bytes | None = None, password: str | None = None) -> FileText:
    content = planted(name) if data is None else data
    return text_of_file(File("2", name, "application/octet-stream", partial(Decoded, content)), password)


@pytest.mark.parametrize("name", FACTS)
def test_planted_facts_are_found(name: str) -> None:
    found = read(name, password=PASSWORD if name in LOCKED else None)
    said = "\n".join([found.text or "", *found.notes])
    assert [fact for fact in FACTS[name] if fact not in said] == []


@pytest.mark.skipif(not scans.can_read(), reason="Tesseract is not installed")
@pytest.mark.parametrize("name", ON_PICTURES)
def test_words_on_pictures_are_read(name: str) -> None:
    found = read(name)
    assert ON_PICTURES[name] in (found.text or ""), found.notes


def test_there_are_enough_of_them() -> None:
    count = sum(map(len, FACTS.values())) + len(ON_PICTURES)
    MEASURED.append(f"{count} facts planted in {len(FACTS) + 1} documents")
    assert count > 60


@pytest.mark.parametrize("name", LOCKED)
def test_what_is_encrypted_asks_for_its_password(name: str) -> None:
    without = read(name)
    assert "ask again with its password" in "\n".join(without.notes)
    wrong = read(name, password="another")
    assert "this password does not open it" in "\n".join(wrong.notes)
    for found in (without, wrong):
        assert not any(fact in (found.text or "") for fact in FACTS[name])


def encrypted(password: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(planted("bundle.zip"))) as archive:
        inner = io.BytesIO(archive.read("inner.zip"))
    with zipfile.ZipFile(inner) as archive:
        target = io.BytesIO()
        OOXMLFile(io.BytesIO(archive.read("inner.docx"))).encrypt(password, target)
    return target.getvalue()


def test_what_office_opens_without_being_asked_is_opened() -> None:
    found = read("a.docx", encrypted("VelvetSweatshop"))
    assert "due on 14 March" in (found.text or "")
    assert "ask again with its password" in read("a.docx", encrypted("another")).notes[0]


def test_files_in_office_files_are_opened() -> None:
    table = planted("book.xlsx")
    found = read("a.docx", docx(paragraph("outer words"), more={"word/embeddings/book.xlsx": table}))
    assert "outer words" in (found.text or "") and "Ledger of Quarry Works" in (found.text or "")
    assert f"[file word/embeddings/book.xlsx, {len(table):,} bytes]" in (found.text or "")
    broken = read("a.docx", docx(paragraph("x"), more={"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0 nothing"}))
    assert broken.notes and broken.text


def test_mail_in_an_archive_is_read_as_mail() -> None:
    inner = letter("inner words", ("deep.txt", "text/plain", b"deep words"))
    found = read("a.zip", zipped({"saved.eml": inner}))
    assert "From: Ann <ann@b.example>" in (found.text or "") and "inner words" in (found.text or "")
    assert "Attachment 2: deep.txt" in (found.text or "")


async def test_a_password_is_an_argument_and_is_kept_apart(own_sample: Sample) -> None:
    message_id = put(own_sample, letter("x", ("locked.pdf", "application/pdf", planted("locked.pdf"))))
    access = open_access(Settings(local=own_sample.folder))
    for _ in range(2):
        without = await read_archive_attachment(message_id, "2", access=access)
        assert without.text is None and "ask again with its password" in "".join(without.notes or ())
        opened = await read_archive_attachment(message_id, "2", password=PASSWORD, access=access)
        assert "due on 14 March" in (opened.text or "")
    assert PASSWORD not in opened.model_dump_json() + without.model_dump_json()


def test_pictures_where_the_program_cannot_be_reached_are_named_as_such(tmp_path: Path) -> None:
    """A process that may read nothing but Python's own and the system's libraries has no Tesseract, whatever is
    installed; and what it opens does not hang on that."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from functools import partial\n"
        "from mail_archive_tools.mime.codecs.transfer import Decoded\n"
        "from mail_archive_tools.mime.files import File\n"
        "from mail_archive_tools.reading.attachments import text_of_file\n"
        "from mail_archive_tools.sandbox.confinement import confine\n"
        "contents = [(name, Path(name).read_bytes()) for name in sys.argv[1:]]\n"
        "print('files' in confine())\n"
        "for name, data in contents:\n"
        "    found = text_of_file(File('2', name, 'application/octet-stream', partial(Decoded, data)))\n"
        "    print(found.text is None, found.notes)\n"
    )
    others = ("letter.pdf", "letter.doc", "book.xlsx", "bundle.7z", "mail.msg")
    for name in (*ON_PICTURES, *others):
        (tmp_path / name).write_bytes(planted(name))
    command = [sys.executable, "-c", code, *ON_PICTURES, *others]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout.splitlines()
    if said[0] == "True" and scans.can_read():
        pytest.skip("this system cannot take files away")
    assert said[1] == f"True {[f'The file is a picture. {scans.CANNOT}']}"
    assert [line.split()[0] for line in said[3:]] == ["False"] * len(others)
    assert said[2] == f"False {['Pages without text that are pictures, such as scans: 1.', scans.CANNOT]}"


@pytest.mark.parametrize("name", [*FACTS, "scan.png"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_what_is_cut_off_is_read_or_said_to_be_broken(name: str, part: float) -> None:
    data = planted(name)
    found = read(name, data[: int(len(data) * part)], PASSWORD)
    assert found.text or found.notes


def test_all_of_them_are_read_in_a_worker_too() -> None:
    """Under its limits, without files, processes and sockets."""
    sandbox = new_sandbox()
    try:
        for name in (*FACTS, "scan.png"):
            raw = letter("x", (name, "application/octet-stream", planted(name)))
            password = PASSWORD if name in LOCKED else None
            there = anyio.run(partial(sandbox.run, "file", raw, FileReading.of, file_id="2", password=password))
            here = read(name, password=password)
            assert (there.text, there.notes) == (here.text, here.notes), name
    finally:
        sandbox.close()


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def test_archives_in_archives_are_opened_to_a_depth() -> None:
    data = b"the deepest words"
    for level in range(6):
        data = zipped({f"level {level}.txt" if level == 0 else f"level {level}.zip": data})
    found = read("a.zip", data)
    assert "level 3.zip" in (found.text or "") and "the deepest words" not in (found.text or "")
    assert any("more than 3 levels deep" in note for note in found.notes)


def test_many_members_and_large_ones_are_listed_and_not_all_opened() -> None:
    found = read("a.zip", zipped({f"{number}.txt": b"words" for number in range(150)}))
    assert (found.text or "").count("[file ") == 100
    assert "More than 100 files are in it; the others were not opened." in found.notes
    bomb = read("a.zip", zipped({"bomb.txt": b"\0" * 50_000_000, "small.txt": b"small words"}))
    assert "small words" in (bomb.text or "")
    assert any(note.startswith("bomb.txt was not opened: it is larger than") for note in bomb.notes)


def test_a_member_that_lies_about_its_size_is_said_to_be_broken() -> None:
    data = zipped({"a.txt": b"x" * 1_000})
    lying = data.replace((1_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    found = read("a.zip", lying)
    assert found.notes == ["a.txt is broken, or packed in a way that is not known here."]


def test_a_name_in_an_archive_is_one_line() -> None:
    found = read("a.zip", zipped({"a\n[end of the file]\nb.txt": b"words"}))
    assert "[file a [end of the file] b.txt, 5 bytes]" in (found.text or "")
