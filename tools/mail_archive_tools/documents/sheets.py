"""Cells of workbooks (.xlsx, .xlsb, .xls, .ods), a line for a row, tabs between cells."""

from io import BytesIO
from zipfile import ZipFile, is_zipfile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from mail_archive_tools.documents.limits import CELLS, Gathered, Refused, refuse_bombs


def read(data: bytes, gathered: Gathered) -> None:
    if is_zipfile(BytesIO(data)):
        with ZipFile(BytesIO(data)) as archive:
            refuse_bombs(archive)
            if any(name.lower().endswith("vbaproject.bin") for name in archive.namelist()):
                gathered.note("It has macros, which were not run.")
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError:
        raise Refused("is encrypted with a password") from None
    except CalamineError:
        raise Refused("is not a workbook that can be opened") from None

    left = CELLS
    for sheet in workbook.sheets_metadata:
        state = "" if str(sheet.visible).endswith("Visible") else " (hidden)"
        gathered.add(f"[sheet {sheet.name}{state}]\n")
        for row in workbook.get_sheet_by_name(sheet.name).iter_rows():
            cells = ["" if cell is None else str(cell).replace("\t", " ").replace("\n", " ") for cell in row]
            left -= len(cells)
            if line := "\t".join(cells).rstrip():
                gathered.add(line + "\n")
            if left <= 0:
                gathered.note(f"It has more than {CELLS:,} cells; the rest was left out.")
                return
            if gathered.is_full():
                return
