"""Words on pictures, by Tesseract where it is installed: its library, in this process, as no other may be started."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from mail_archive_tools.documents.limits import Gathered, Refused

LIBRARIES = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
"""Where the library may be, or in a folder of them."""
_NAMES = ("libtesseract.so.5", "libtesseract.so.4", "libtesseract.5.dylib")
_DATA = ("share/tesseract-ocr/5/tessdata", "share/tesseract-ocr/4.00/tessdata", "share/tessdata")
_LANGUAGES = 3
_PICTURE_BYTES = 20_000_000
_PIXELS = 25_000_000
_DPI = 200

CANNOT = "What is written on pictures was not read: that takes Tesseract, which is not installed here."


@cache
def library() -> Path | None:
    """The library's file; None where it is not installed."""
    for folder in map(Path, LIBRARIES):
        for name in _NAMES:
            # In the folder itself, or in one for the machine: /usr/lib/x86_64-linux-gnu.
            for found in (*folder.glob(name), *folder.glob(f"*/{name}")):
                return found

    return None


@cache
def trained_data() -> Path | None:
    """The folder of what it knows of languages."""
    for folder in map(Path, LIBRARIES):
        for name in _DATA:
            data = folder.parent / name
            if any(data.glob("*.traineddata")):
                return data

    return None


_are_passed_over = ContextVar("pictures are passed over", default=False)


@contextmanager
def no_pictures() -> Iterator[None]:
    """Within this no picture is read, as if nothing could be."""
    token = _are_passed_over.set(True)
    try:
        yield
    finally:
        _are_passed_over.reset(token)


def can_read() -> bool:
    if _are_passed_over.get():
        return False
    return library() is not None and trained_data() is not None


def folders() -> list[Path]:
    """What it has to read: the libraries of the system, and what it knows of languages."""
    file, data = library(), trained_data()
    if file is None or data is None:
        return []
    return [file.resolve().parent, data.resolve()]


def read(data: bytes, gathered: Gathered) -> None:
    """The words on a picture (PNG, JPEG, TIFF, GIF, BMP, WebP)."""
    if not can_read():
        raise Refused(f"is a picture. {CANNOT.rstrip('.')}")
    if len(data) > _PICTURE_BYTES:
        raise Refused(f"is a picture of more than {_PICTURE_BYTES:,} bytes, which is not looked at")

    tesseract = _loaded()
    picture = tesseract.pixReadMem(data, ctypes.c_size_t(len(data)))
    if not picture:
        raise Refused("is not a picture that can be opened")
    handle = ctypes.c_void_p(picture)
    try:
        if tesseract.pixGetWidth(handle) * tesseract.pixGetHeight(handle) > _PIXELS:
            raise Refused("is a picture that is too large to look at")
        engine = _engine()
        tesseract.TessBaseAPISetImage2(engine, handle)
        _add(_recognized(engine), gathered)
    finally:
        tesseract.pixDestroy(ctypes.byref(handle))


def words_on(pixels: bytes, width: int, height: int, stride: int, gathered: Gathered) -> str:
    """The words on a grey picture, one byte for a pixel; "" where there is no time left to look."""
    if gathered.is_full():
        return ""
    tesseract = _loaded()
    engine = _engine()
    tesseract.TessBaseAPISetImage(engine, pixels, width, height, 1, stride)
    tesseract.TessBaseAPISetSourceResolution(engine, _DPI)
    return _recognized(engine)


def _add(words: str, gathered: Gathered) -> None:
    if words:
        gathered.add(f"[read from the picture]\n{words}\n")
        gathered.note("The words were read from a picture, and may be misread.")
    else:
        gathered.note("No words were found on the picture.")


def _recognized(engine: ctypes.c_void_p) -> str:
    tesseract = _loaded()
    found = tesseract.TessBaseAPIGetUTF8Text(engine)
    text = ""
    try:
        if found:
            text = ctypes.string_at(found).decode("utf-8", "replace")
    finally:
        if found:
            tesseract.TessDeleteText(ctypes.c_void_p(found))
        # Nothing of a picture is to be there when the next one is read.
        tesseract.TessBaseAPIClear(engine)

    # A form feed ends what is on one page.
    lines = [line.strip() for line in text.replace("\f", "").split("\n")]
    return "\n".join(line for line in lines if line)


@cache
def _loaded() -> Any:
    """Tesseract; by it, Leptonica, which it has loaded and which reads pictures, is found as well."""
    # It would start threads, which a worker may not.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    tesseract = ctypes.CDLL(str(library()))
    tesseract.TessBaseAPICreate.restype = ctypes.c_void_p
    tesseract.TessBaseAPIGetUTF8Text.restype = ctypes.c_void_p
    tesseract.pixReadMem.restype = ctypes.c_void_p
    return tesseract


@cache
def _engine() -> ctypes.c_void_p:
    tesseract = _loaded()
    folder = trained_data()
    assert folder is not None
    # "osd" is what tells the direction of a page, and no language.
    names = {each.stem for each in folder.glob("*.traineddata")} - {"osd"}
    english_first = sorted(names, key=lambda name: (name != "eng", name))
    languages = "+".join(english_first[:_LANGUAGES])

    engine = ctypes.c_void_p(tesseract.TessBaseAPICreate())
    if tesseract.TessBaseAPIInit3(engine, str(folder).encode(), languages.encode()):
        raise Refused("is a picture, and the program that reads pictures does not start")
    return engine
