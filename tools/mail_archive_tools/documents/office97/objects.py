"""Files that are embedded in compound files (MS-OLEDS, MS-CFB): packages of any kind, and documents of Office."""

from collections.abc import Callable

import olefile

from mail_archive_tools.documents.limits import Gathered

AddDocument = Callable[[olefile.OleFileIO, list[str], Gathered], None]

_PACKAGED, _PACKAGE, _CONTENTS, _WORD = "\x01Ole10Native", "Package", "CONTENTS", "WordDocument"
_SEVERAL = 200
_LABEL = 6
"""Where the name begins in what was packed, behind its size and two bytes."""


def add_objects(ole: olefile.OleFileIO, gathered: Gathered, add_document: AddDocument) -> int:
    """The text of what is embedded in a file; how many objects there are. `add_document` adds a Word document that is
    in a storage. What the file itself is made of is no object: that is at its top."""
    found = 0
    for path in ole.listdir(streams=True, storages=False):
        if gathered.is_full() or found >= _SEVERAL:
            break

        name, where = path[-1], path[:-1]
        if name == _WORD and where:
            gathered.add("[embedded document]\n")
            add_document(ole, where, gathered)
            found += 1
        elif name in (_PACKAGED, _PACKAGE, _CONTENTS):
            if ole.get_size(path) > gathered.room:
                gathered.note("An embedded file was not opened: it is too large.")
                continue
            _add_file(name, ole.openstream(path).read(), gathered)
            found += 1

    return found


def _add_file(stream: str, content: bytes, gathered: Gathered) -> None:
    name = "embedded"
    if stream == _PACKAGED:
        name, content = _unpacked(content)
    gathered.add_file(name, content)


def _unpacked(data: bytes) -> tuple[str, bytes]:
    """The name and content of a file that was packed as an object: a name, a path, another path with its length before
    it, and the content with its length."""
    name_end = data.find(b"\0", _LABEL)
    path_end = data.find(b"\0", name_end + 1)
    # Four bytes stand between the first path and the length of the second.
    second = path_end + 5
    length_at = second + 4 + int.from_bytes(data[second : second + 4], "little")
    begin = length_at + 4
    end = begin + int.from_bytes(data[length_at:begin], "little")

    if name_end < 0 or path_end < 0 or end > len(data):
        return "embedded", data[4:]
    return data[_LABEL:name_end].decode("cp1252", "replace"), data[begin:end]
