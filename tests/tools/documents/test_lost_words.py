"""Words of documents that readers used to lose."""

import pytest

from mail_archive_tools.documents import Unreadable, read_document
from tests.tools.files import zipped

RTF = {
    "two surrogates": (r"{\rtf1\uc1 Hello \u-10179?\u-8704? you}", "Hello 😀 you"),
    "half of a pair": (r"{\rtf1\uc1 Hello \u-10179? you}", "Hello \ufffd you"),
    "the text of a drawing": (r"{\rtf1 A{\shp{\*\shpinst{\sp{\sn x}{\sv no}}{\shptxt Box}}{\shprslt Box}}B}",
                              "A[text box: Box]B"),
    "what an object shows": (r"{\rtf1 A{\object{\*\objdata 0102}{\result Shown}}B}", "AShownB"),
    "text in two forms": (r"{\rtf1 {\upr{plain}{\*\ud{once more}}}}", "plain"),
    "binary data": ("{\\rtf1 A\\bin5 {{{{{B}", "AB"),
    "binary data without end": ("{\\rtf1 A\\bin99999 B}", "A"),
    "a group that nobody knows": (r"{\rtf1 A{\*\secret words}B}", "AB"),
}  # fmt: skip


@pytest.mark.parametrize("name", RTF)
def test_rtf_loses_no_word(name: str) -> None:
    source, text = RTF[name]
    assert read_document("rtf", source.encode()).text.strip() == text


_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_P = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def workbook(rows: str, strings: str = "") -> bytes:
    book = f'<Relationship Id="rId1" Type="{_R}/officeDocument" Target="xl/workbook.xml"/>'
    sheet = f'<Relationship Id="rId1" Type="{_R}/worksheet" Target="worksheets/sheet1.xml"/>'
    sheets = '<sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets>'
    return zipped({
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_P}">{book}</Relationships>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_P}">{sheet}</Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_S}" xmlns:r="{_R}">{sheets}</workbook>',
        "xl/sharedStrings.xml": f'{_HEAD}<sst xmlns="{_S}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": f'{_HEAD}<worksheet xmlns="{_S}"><sheetData>{rows}</sheetData></worksheet>',
    })  # fmt: skip


def cell(place: str, value: str, kind: str = "inlineStr") -> str:
    if kind == "inlineStr":
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}" t="{kind}"><v>{value}</v></c>'


def test_a_sheet_with_its_first_cell_and_its_last_is_read() -> None:
    first = cell("A1", "begin") + cell("C1", "1", "s") + cell("D1", "7", "n") + cell("E1", "9", "s")
    rows = f'<row r="1">{first}</row><row r="1048576">{cell("XFD1048576", "end")}</row>'
    strings = "<si><t>no</t></si><si><r><t>two </t></r><r><t>runs</t></r></si>"
    read = read_document("sheets", workbook(rows, strings))
    assert read.text == "[sheets: One]\n[sheet 1]\nA1: begin\tC1: two runs\tD1: 7\nXFD1048576: end\n"


def test_a_sheet_without_gaps_is_read_as_a_table() -> None:
    rows = f'<row r="1">{cell("A1", "one")}{cell("B1", "two")}</row>'
    assert read_document("sheets", workbook(rows)).text == "[sheet One]\none\ttwo\n"


def open_document(body: str, manifest: str = "") -> bytes:
    names = "".join(f' xmlns:{each}="urn:{each}"' for each in ("office", "presentation", "text"))
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.presentation",
        "content.xml": f"<office:document{names}>{body}</office:document>",
        "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
    })  # fmt: skip


def test_what_stands_below_each_slide_is_read() -> None:
    footer = "<presentation:footer-decl>Below each slide</presentation:footer-decl>"
    read = read_document("opendocument", open_document(f"{footer}<text:p>The slide</text:p>"))
    assert "Below each slide" in read.text and "The slide" in read.text


def test_a_file_that_is_named_like_encryption_is_none() -> None:
    manifest = '<file-entry full-path="Pictures/encryption-data.png"/>'
    assert "words" in read_document("opendocument", open_document("<text:p>words</text:p>", manifest)).text


@pytest.mark.parametrize("kind", ["opendocument", "sheets"])
def test_an_encrypted_open_document_is_called_encrypted(kind: str) -> None:
    encrypted = open_document("", "<file-entry><encryption-data/></file-entry>")
    with pytest.raises(Unreadable, match="is encrypted with a password"):
        read_document(kind, encrypted)  # type: ignore[arg-type]
