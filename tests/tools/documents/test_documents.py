"""Text of documents; what breaks or lies is said to."""

from collections.abc import Iterator
from functools import partial
from typing import get_args

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mail_archive_tools.documents import Kind, Unreadable, read_document
from mail_archive_tools.documents.limits import CELLS, PAGES, TEXT_CHARS, Gathered
from mail_archive_tools.reading.reader import new_sandbox
from mail_archive_tools.reading.readings import FileReading
from mail_archive_tools.sandbox.pool import Sandbox
from tests.pace import worktime
from tests.tools.files import docx, odt, paragraph, pdf, pptx, xlsx, zipped
from tests.tools.test_read import letter

TYPES = {
    "pdf": "application/pdf",
    "word": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "sheets": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "rtf": "application/rtf",
}
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]>"
)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("pdf", pdf("Invoice 4711", "Total 12 EUR"), "[page 1 of 2]\nInvoice 4711\n[page 2 of 2]\nTotal 12 EUR\n"),
        ("word", docx(paragraph("Hello") + paragraph("wörld")), "Hello\nwörld\n"),
        ("slides", pptx("One", "Two"), "[slide 1]\nOne\n[slide 2]\nTwo\n"),
        ("opendocument", odt("One", "Two"), "One\nTwo\n"),
        ("sheets", xlsx(("Name", "Sum"), ("x", "12")), "[sheet One]\nName\tSum\nx\t12\n"),
        ("rtf", rb"{\rtf1\ansi Hello {\b w\'f6rld}\par}", "Hello wörld\n"),
    ],
)
def test_the_text_of_each_kind(kind: Kind, data: bytes, text: str) -> None:
    assert read_document(kind, data).text == text


def test_links_tables_and_what_is_hidden_in_word() -> None:
    link = '<w:p><w:hyperlink r:id="rId1"><w:r><w:t>here</w:t></w:r></w:hyperlink></w:p>'
    row = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
    deleted = '<w:p><w:del w:author="Ann"><w:r><w:delText>DELETED</w:delText></w:r></w:del></w:p>'
    read = read_document(
        "word", docx(link + row + paragraph("VANISHED", "<w:vanish/>") + deleted, "https://evil.example/")
    )
    assert "here <https://evil.example/>" in read.text
    assert "a | b" in read.text
    assert "[hidden: VANISHED]" in read.text and "[deleted by Ann: DELETED]" in read.text


@pytest.mark.parametrize("size", ["²", "9" * 5_000, "", "-1"])
def test_a_font_size_that_is_no_number_hides_no_text(size: str) -> None:
    read = read_document("word", docx(paragraph("plain to see", f'<w:sz w:val="{size}"/>')))
    assert read.text == "plain to see\n" and read.notes == ()


def test_tiny_letters_are_told() -> None:
    read = read_document("word", docx(paragraph("hard to see", '<w:sz w:val="2"/>')))
    assert read.notes == ("3 words are white or tiny: on white paper a reader may not see them.",)


@pytest.mark.parametrize("number", ["²", "9" * 5_000])
def test_a_slide_whose_number_is_none_is_read(number: str) -> None:
    slide = '<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:t>of no number</a:t></a:p></p:sld>'
    read = read_document("slides", zipped({f"ppt/slides/slide{number}.xml": slide}))
    assert "of no number" in read.text


def test_macros_are_named_and_not_run() -> None:
    read = read_document("word", docx(paragraph("x"), more={"word/vbaProject.bin": b"code"}))
    assert "It has macros, which were not run." in read.notes


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("data", [b"", b"\0" * 1000, b"%PDF-1.4 broken", b"PK\3\4 broken"])
def test_what_is_broken_is_said_to_be(kind: Kind, data: bytes) -> None:
    if kind == "rtf":
        assert read_document(kind, data).text is not None
        return
    with pytest.raises(Unreadable, match=r"^(is|cannot|has|unpacks)"):
        read_document(kind, data)


def bomb() -> bytes:
    return docx(paragraph("x"), more={"word/footer1.xml": b"\0" * 300_000_000})


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("word", bomb, "unpacks to"),
        ("sheets", lambda: zipped({"xl/workbook.xml": b" " * 300_000_000}), "unpacks to"),
        ("word", lambda: zipped({"word/document.xml": f"{ENTITIES}<w>&i;</w>"}), "XML entities"),
        ("pdf", lambda: pdf("x").replace(b"/Root", b"/Encrypt << /Filter /Standard /V 9 >> /Root"), "is"),
    ],
)  # fmt: skip
def test_bombs_are_refused(kind: Kind, data, said: str) -> None:  # type: ignore[no-untyped-def]
    with worktime() as taken, pytest.raises(Unreadable, match=said):
        read_document(kind, data())
    assert taken.seconds < 8


def test_what_is_too_long_is_cut_and_said_to_be() -> None:
    long = read_document("word", docx(paragraph("x" * 1_000) * 4_000))
    assert len(long.text) <= 2_100_000 and any("rest was left out" in note for note in long.notes)
    pages = read_document("pdf", pdf(*["x"] * (PAGES + 5)))
    assert f"It has {PAGES + 5} pages; {PAGES} were read." in pages.notes
    cells = read_document("sheets", xlsx(*[("x",) * 100] * (CELLS // 100 + 5)))
    assert any(f"more than {CELLS:,} cells" in note for note in cells.notes)


@pytest.fixture(scope="module")
def reader() -> Iterator[Sandbox]:
    sandbox = new_sandbox()
    yield sandbox
    sandbox.close()


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["pdf", "word", "sheets", "rtf"]), st.integers(0, 2_000), st.binary(min_size=1, max_size=20))
def test_mutated_documents_never_do_more_than_fail(reader: Sandbox, kind: Kind, place: int, junk: bytes) -> None:
    data = bytearray(
        {"pdf": pdf("x"), "word": docx(paragraph("x")), "sheets": xlsx(("x",)), "rtf": rb"{\rtf1 x}"}[kind]
    )
    data[place : place + len(junk)] = junk
    raw = letter("x", ("x", TYPES[kind], bytes(data)))
    # In a worker: a parser that breaks takes its process with it.
    read = anyio.run(partial(reader.run, "file", raw, FileReading.of, file_id="2"))
    assert read.text is not None or read.notes
    assert "Traceback" not in str(read.notes)


def test_text_past_the_limit_is_not_kept() -> None:
    gathered = Gathered()
    gathered.add("x" * (TEXT_CHARS - 10))
    for piece in ("y" * 20, "z" * 100):
        gathered.add(piece)
    assert len(gathered.text) == TEXT_CHARS and gathered.text.endswith("x" + "y" * 10)
    assert gathered.is_full() and "the rest was left out" in gathered.notes[0]
