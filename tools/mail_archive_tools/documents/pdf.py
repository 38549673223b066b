"""Text, links and embedded files of a PDF, with the engine that browsers use (which runs no scripts here)."""

import ctypes
from itertools import islice
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from mail_archive_tools.documents import scans
from mail_archive_tools.documents.limits import PAGES, Gathered, Refused
from mail_archive_tools.documents.passwords import NEEDED, WRONG

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
    pictures = []
    for number in range(min(count, PAGES)):
        if gathered.is_full():
            return
        gathered.add(f"[page {number + 1} of {count}]\n")
        try:
            page = document[number]
            text = page.get_textpage().get_text_range().replace("\r\n", "\n").strip()
            gathered.add(f"{text}\n" if text else "")
            for target in _links(document, page):
                gathered.add(f"[link to {target}]\n")
            if text:
                _count_unlike_paper(page, number + 1, gathered)
            elif _has_picture(page):
                pictures.append(number + 1)
                if found := _read_picture(page, gathered):
                    gathered.add(f"[read from the page's picture]\n{found}\n")
        except pdfium.PdfiumError:
            gathered.note(f"Page {number + 1} cannot be read.")
    if count > PAGES:
        gathered.note(f"It has {count} pages; {PAGES} were read.")
    if pictures:
        pages = ", ".join(map(str, pictures[:20])) + (", …" if len(pictures) > 20 else "")
        gathered.note(f"Pages without text that are pictures, such as scans: {pages}.")
        if not scans.can_read():
            gathered.note(scans.CANNOT)
    _add_embedded(document, gathered)


def _links(document: Any, page: Any) -> list[str]:
    """The targets of the page's links, each once."""
    found: dict[str, None] = {}
    place, link = ctypes.c_int(0), raw.FPDF_LINK()
    while len(found) < _LINKS_OF_A_PAGE and raw.FPDFLink_Enumerate(page.raw, ctypes.byref(place), ctypes.byref(link)):
        action = raw.FPDFLink_GetAction(link)
        if action and raw.FPDFAction_GetType(action) == raw.PDFACTION_URI:
            buffer = ctypes.create_string_buffer(_URI_BYTES)
            size = raw.FPDFAction_GetURIPath(document.raw, action, buffer, _URI_BYTES)
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
        scale = max(abs(each.get_matrix().a), abs(each.get_matrix().b))
        white = min(red.value, green.value, blue.value) >= _LEAST_WHITE
        count += white or not alpha.value or size.value * scale < _TINY_POINTS
    if count:
        gathered.note(
            f"Pieces of text on page {number} that are white, transparent or tiny, and may not be seen: {count}."
        )


def _has_picture(page: Any) -> bool:
    return next(iter(page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)), None) is not None


def _read_picture(page: Any, gathered: Gathered) -> str:
    """The words on the picture of a page."""
    if not scans.can_read():
        return ""
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
