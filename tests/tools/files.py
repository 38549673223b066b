"""Small files of the kinds that come with mail, made here."""

import io
import zipfile
from collections.abc import Mapping

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_P = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


PROGRAM = b"MZ\x90\0" + b"\0" * 56 + (64).to_bytes(4, "little") + b"PE\0\0" + b"\0" * 20
"""The headers of a program of Windows: that of DOS, which says where the newer one is."""


def docx(body: str, target: str = "https://link.example/", more: dict[str, bytes] | None = None) -> bytes:
    """A Word file; `body` is WordprocessingML, in which `rId1` is a link to `target`."""
    document = f'<w:document xmlns:w="{_W}" xmlns:r="{_R}"><w:body>{body}</w:body></w:document>'
    link = f'<Relationship Id="rId1" Type="{_R}/hyperlink" Target="{target}" TargetMode="External"/>'
    relations = f'<Relationships xmlns="{_P}">{link}</Relationships>'
    return zipped({"word/document.xml": document, "word/_rels/document.xml.rels": relations, **(more or {})})


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def pptx(*slides: str) -> bytes:
    def slide(text: str) -> str:
        return f'<p:sld xmlns:p="x" xmlns:a="{_A}"><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>'

    members: dict[str, str | bytes] = {
        f"ppt/slides/slide{number}.xml": slide(text) for number, text in enumerate(slides, 1)
    }
    return zipped({"ppt/presentation.xml": "<x/>", **members})


def odt(*paragraphs: str) -> bytes:
    namespace = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    body = "".join(f"<text:p>{text}</text:p>" for text in paragraphs)
    content = f'<office xmlns:text="{namespace}">{body}</office>'
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def xlsx(*rows: tuple[str, ...]) -> bytes:
    def cell(value: str) -> str:
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    sheets = '<sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets>'
    book = f'<Relationship Id="rId1" Type="{_R}/officeDocument" Target="xl/workbook.xml"/>'
    relation = f'<Relationship Id="rId1" Type="{_R}/worksheet" Target="worksheets/sheet1.xml"/>'
    return zipped(
        {
            "_rels/.rels": f'{head}<Relationships xmlns="{_P}">{book}</Relationships>',
            "xl/workbook.xml": f'{head}<workbook xmlns="{_S}" xmlns:r="{_R}">{sheets}</workbook>',
            "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{_P}">{relation}</Relationships>',
            "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{_S}"><sheetData>{sheet}</sheetData></worksheet>',
        }
    )


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start, size = len(made), len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF"
    return made + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()
