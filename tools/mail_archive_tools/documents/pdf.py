"""Text and links of a PDF, page by page, with the engine that browsers use (which runs no scripts here)."""

import ctypes
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from mail_archive_tools.documents.limits import PAGES, Gathered, Refused

_LINKS_OF_A_PAGE = 50
_URI_BYTES = 2_000


def read(data: bytes, gathered: Gathered) -> None:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Refused("is encrypted with a password") from None
        raise Refused("is not a PDF that can be opened") from None

    count = len(document)
    for number in range(min(count, PAGES)):
        if gathered.is_full():
            return
        gathered.add(f"[page {number + 1} of {count}]\n")
        try:
            page = document[number]
            gathered.add(page.get_textpage().get_text_range().replace("\r\n", "\n").strip() + "\n")
            for target in _links(document, page):
                gathered.add(f"[link to {target}]\n")
        except pdfium.PdfiumError:
            gathered.note(f"Page {number + 1} cannot be read.")
    if count > PAGES:
        gathered.note(f"It has {count} pages; {PAGES} were read.")
    if not "".join(line for line in gathered.text.split("\n") if not line.startswith("[page ")).strip():
        gathered.note("Its pages hold no text; they may be pictures.")


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
