"""Text, links and embedded files of a PDF, with the engine that browsers use (which runs no scripts here)."""

import ctypes
from itertools import islice
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from mail_archive_tools.documents import scans
from mail_archive_tools.documents.limits import PAGES, Gathered, Refused
from mail_archive_tools.documents.passwords import NEEDED, WRONG

_PAGES_NAMED = 20
_LINKS_OF_A_PAGE = 50
_URI_BYTES = 2_000
_OBJECTS_OF_A_PAGE = 5_000
_TINY_POINTS = 2.0
_LEAST_WHITE = 250
_SCAN_DPI = 200
_SCAN_PIXELS = 20_000_000
_INVISIBLE_MODE = 3


def read(data: bytes, gathered: Gathered) -> None:
    try:
        document = pdfium.PdfDocument(data, password=gathered.password)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Refused(WRONG if gathered.password else NEEDED) from None
        raise Refused("is not a PDF that can be opened") from None

    count = len(document)
    pictures: list[int] = []
    for number in range(1, min(count, PAGES) + 1):
        if gathered.is_full():
            return
        gathered.add(f"[page {number} of {count}]\n")
        try:
            _add_page(document, number, pictures, gathered)
        except pdfium.PdfiumError:
            gathered.note(f"Page {number} cannot be read.")

    if count > PAGES:
        gathered.note(f"It has {count} pages; {PAGES} were read.")
    if pictures:
        _note_pictures(pictures, gathered)
    _add_embedded(document, gathered)


def _add_page(document: Any, number: int, pictures: list[int], gathered: Gathered) -> None:
    """The text of a page and its links. The pages that are pictures without text are counted in `pictures`."""
    page = document[number - 1]
    text = page.get_textpage().get_text_range().replace("\r\n", "\n").strip()
    if text:
        gathered.add(f"{text}\n")
    for target in _links(document, page):
        gathered.add(f"[link to {target}]\n")
    if text:
        _count_unlike_paper(page, number, gathered)
    elif _has_picture(page):
        pictures.append(number)
        words = _read_picture(page, gathered)
        if words:
            gathered.add(f"[read from the page's picture]\n{words}\n")


def _note_pictures(pages: list[int], gathered: Gathered) -> None:
    named = ", ".join(map(str, pages[:_PAGES_NAMED]))
    more = ", …" if len(pages) > _PAGES_NAMED else ""
    gathered.note(f"Pages without text that are pictures, such as scans: {named}{more}.")
    if not scans.can_read():
        gathered.note(scans.CANNOT)


def _links(document: Any, page: Any) -> list[str]:
    """The targets of the page's links, each once."""
    found: dict[str, None] = {}
    place, link = ctypes.c_int(0), raw.FPDF_LINK()
    while len(found) < _LINKS_OF_A_PAGE and raw.FPDFLink_Enumerate(page.raw, ctypes.byref(place), ctypes.byref(link)):
        action = raw.FPDFLink_GetAction(link)
        if action and raw.FPDFAction_GetType(action) == raw.PDFACTION_URI:
            buffer = ctypes.create_string_buffer(_URI_BYTES)
            size = raw.FPDFAction_GetURIPath(document.raw, action, buffer, _URI_BYTES)
            # Of one that is longer than the buffer, nothing was written into it.
            if 0 < size <= _URI_BYTES:
                found[buffer.value.decode("utf-8", "replace")] = None

    return list(found)


def _count_unlike_paper(page: Any, number: int, gathered: Gathered) -> None:
    """A note on pieces of text that are white or tiny. Text that is not painted at all is no such: scans have it."""
    count = 0
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    size = ctypes.c_float()
    for each in islice(page.get_objects(filter=(raw.FPDF_PAGEOBJ_TEXT,), max_depth=2), _OBJECTS_OF_A_PAGE):
        if raw.FPDFTextObj_GetTextRenderMode(each.raw) == _INVISIBLE_MODE:
            continue
        raw.FPDFPageObj_GetFillColor(each.raw, red, green, blue, alpha)
        raw.FPDFTextObj_GetFontSize(each.raw, size)
        # Text may be set large and drawn small, or turned.
        matrix = each.get_matrix()
        height = size.value * max(abs(matrix.a), abs(matrix.b))
        is_white = min(red.value, green.value, blue.value) >= _LEAST_WHITE
        if is_white or not alpha.value or height < _TINY_POINTS:
            count += 1

    if count:
        gathered.note(
            f"Pieces of text on page {number} that are white, transparent or tiny, and may not be seen: {count}."
        )


def _has_picture(page: Any) -> bool:
    for _ in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        return True
    return False


def _read_picture(page: Any, gathered: Gathered) -> str:
    """The words on the picture of a page."""
    if not scans.can_read():
        return ""

    # A PDF counts in points, of which an inch has 72.
    scale = _SCAN_DPI / 72
    width, height = page.get_size()
    if width * height * scale**2 > _SCAN_PIXELS:
        scale = (_SCAN_PIXELS / max(1.0, width * height)) ** 0.5
    bitmap = page.render(scale=scale, grayscale=True)
    return scans.words_on(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride, gathered)


def _add_embedded(document: Any, gathered: Gathered) -> None:
    for number in range(document.count_attachments()):
        if gathered.is_full():
            return
        try:
            attachment = document.get_attachment(number)
            name, content = attachment.get_name(), bytes(attachment.get_data())
        except pdfium.PdfiumError:
            gathered.note(f"Its embedded file {number + 1} cannot be read.")
        else:
            gathered.add_file(name, content)
