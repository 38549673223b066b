"""Files that are embedded in compound files (MS-OLEDS, MS-CFB): packages of any kind, and documents of Office."""

from collections.abc import Callable

import olefile

from mail_archive_tools.documents.limits import Gathered

AddDocument = Callable[[olefile.OleFileIO, list[str], Gathered], None]

_PACKAGED, _PACKAGE, _CONTENTS, _WORD = "\x01Ole10Native", "Package", "CONTENTS", "WordDocument"
_SEVERAL = 200


def add_objects(ole: olefile.OleFileIO, gathered: Gathered, add_document: AddDocument) -> int:
    """The text of what is embedded in a file; how many objects there are. `add_document` adds a Word document that is
    in a storage. What the file itself is made of is no object: that is at its top."""
    found = 0
    for path in ole.listdir(streams=True, storages=False):
        name, where = path[-1], path[:-1]
        if gathered.is_full() or found >= _SEVERAL:
            break
        if name == _WORD and where:
            gathered.add("[embedded document]\n")
            add_document(ole, where, gathered)
        elif name in (_PACKAGED, _PACKAGE, _CONTENTS):
            if ole.get_size(path) > gathered.room:
                gathered.note("An embedded file was not opened: it is too large.")
                continue
            content = ole.openstream(path).read()
            gathered.add_file(*(_unpacked(content) if name == _PACKAGED else ("embedded", content)))
        else:
            continue
        found += 1
    return found


def _unpacked(data: bytes) -> tuple[str, bytes]:
    """The name and content of a file that was packed as an object."""
    label_end = data.find(b"\0", 6)
    path_end = data.find(b"\0", label_end + 1)
    name = data[6:label_end].decode("cp1252", "replace")
    place = path_end + 5
    place += 4 + int.from_bytes(data[place : place + 4], "little")
    size = int.from_bytes(data[place : place + 4], "little")
    if label_end < 0 or path_end < 0 or place + 4 + size > len(data):
        return "embedded", data[4:]
    return name, data[place + 4 : place + 4 + size]
