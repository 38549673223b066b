"""Messages of a local archive, out of it: as files with an index, a manifest and, where asked for, load files. The same
messages and options give the same bytes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mail_archive_local.evidence.forms import EXPORT_MANIFEST, ExportForm
from mail_archive_local.evidence.index import Index, row_of
from mail_archive_local.evidence.load_files import KINDS
from mail_archive_local.evidence.manifest import About, Beside, Listed, sha256_of, write_manifest
from mail_archive_local.evidence.selecting import Selected, Selection
from mail_archive_local.evidence.unfinished import Unfinished, written_beside
from mail_archive_local.evidence.writing import MBOX, WRITERS, Writer, has_file, write_file
from mail_archive_local.storage.putting import ArchiveRecord
from mail_archive_local.storage.store import Store
from mail_archive_tools import __version__

TextOf = Callable[[bytes], str]
"""The text of a message, or a sentence on why there is none."""


def export_to(
    folder: Path,
    store: Store,
    archive: ArchiveRecord,
    selection: Selection,
    form: ExportForm,
    report: Callable[[int], None] = lambda count: None,
    anew: bool = False,
) -> int:
    """Write the messages; returns how many there were. They are written beside the folder, which is there when all of
    it is. What was begun before is gone on with, or thrown away with `anew`; what `report` raises leaves it so.

    Raises:
        CannotBegin: something is in the way.
        OSError: it cannot be written.
    """
    about = About(archive.archive_id, archive.name, query=selection.asked())
    asked = {"By": __version__, "ArchiveId": archive.archive_id, "Query": about.query, "Wanted": form.asked()}

    with written_beside(folder, asked, anew=anew) as unfinished:
        with ExitStack() as stack:
            writing = _Writing(unfinished, archive.name, form, stack)
            listed = writing.each(selection.messages(store, archive), report)
            manifest = unfinished.folder / EXPORT_MANIFEST
            count = write_manifest(manifest, about, listed, writing.beside).messages
        unfinished.files.add(EXPORT_MANIFEST)
    return count


class _Writing:
    """The files of one export, open."""

    def __init__(self, unfinished: Unfinished, custodian: str, form: ExportForm, stack: ExitStack) -> None:
        folder = unfinished.folder
        self._folder, self._custodian, self._form = folder, custodian, form
        self._files = unfinished.files
        self._index = Index(folder, form.index)
        stack.callback(self._index.close)
        self._beside = [self._index.name, *(f"load.{kind}" for kind in form.load_files)]
        self._files |= {*self._beside, MBOX}

        self._loads = [KINDS[kind](folder) for kind in form.load_files]
        for load in self._loads:
            stack.callback(load.close)

        self._writer: Writer | None = None
        self._text_of: TextOf = _no_text
        if self._loads:
            # A document of a load file is a file of its own, named by its number, with its text beside it.
            self._text_of = stack.enter_context(texts())
        else:
            self._writer = WRITERS[form.format](folder)
            stack.callback(self._writer.close)

    def each(self, messages: Iterator[Selected], report: Callable[[int], None]) -> Iterator[Listed]:
        """Write each message, and what there is of it elsewhere; gives its line of the manifest."""
        for place, message in enumerate(messages):
            bates = self._form.bates.number(place)
            was_there = self._was_there(message, bates)
            file = self._write(message, bates)
            self._files.add(file)

            listed = Listed.of(message.archived_message_id, message.second, message.raw, file)
            row = row_of(message, listed)
            self._index.add(row)
            if self._loads:
                text_file = f"TEXT/{bates}.txt"
                if not was_there or not (self._folder / text_file).is_file():
                    text = self._text_of(message.raw).encode("utf-8", "replace")
                    # Whoever stops this stops what reads messages, too: what came then is no text.
                    report(place)
                    write_file(self._folder, text_file, text, message.second)
                self._files.add(text_file)

                for load in self._loads:
                    load.add(bates, row, self._custodian, text_file)
                text_sha256 = sha256_of(self._folder / text_file)
                listed = replace(listed, text_file=text_file, text_sha256=text_sha256)

            yield listed
            report(place + 1)

    def beside(self) -> list[Beside]:
        """The index and the load files, which end with it."""
        self._index.close()
        for load in self._loads:
            load.close()
        return [Beside.of(self._folder, name) for name in self._beside]

    def _was_there(self, message: Selected, bates: str) -> bool:
        """Whether a message of a load file was written before, so that its text is still its text."""
        if not self._loads:
            return False
        return has_file(self._folder / f"NATIVES/{bates}.eml", message.raw)

    def _write(self, message: Selected, bates: str) -> str:
        if self._writer is not None:
            return self._writer.write(message)
        return write_file(self._folder, f"NATIVES/{bates}.eml", message.raw, message.second)


def _no_text(raw: bytes) -> str:
    return ""


@contextmanager
def texts() -> Iterator[TextOf]:
    """What reads messages in processes apart, as the server does."""
    from anyio.from_thread import start_blocking_portal

    from mail_archive_tools.reading.reader import new_sandbox
    from mail_archive_tools.reading.readings import MessageReading
    from mail_archive_tools.sandbox.pool import NotRead

    sandbox = new_sandbox()
    nothing_known: dict[str, Any] = {"trusted_ids": [], "known": [], "keys": {}}

    def text_of(raw: bytes) -> str:
        try:
            reading = portal.call(partial(sandbox.run, "message", raw, MessageReading.of, context=nothing_known))
        except NotRead as error:
            return f"[This message {error}.]\n"
        return reading.text.whole

    # All of it is of one archive, for whoever started the command.
    with start_blocking_portal() as portal, sandbox.batch("exported"):
        try:
            yield text_of
        finally:
            sandbox.close()
