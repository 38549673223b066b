"""An index of content in one SQLite file: `mail_archive_tools.index.engine.Index`."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mail_archive_tools.calls.patience import seconds_left
from mail_archive_tools.errors import Late
from mail_archive_tools.index.engine import Counted, FoundPart, Held, Looked
from mail_archive_tools.index.entry import Entry
from mail_archive_tools.index.question import Question
from mail_archive_tools.index.stretches import Stretch
from mail_archive_tools.storage.index_file import finding, forgetting, putting
from mail_archive_tools.storage.index_file.keys import SECONDS, first_key, last_key
from mail_archive_tools.storage.index_file.opening import open_to_read, open_to_write, unusable
from mail_archive_tools.storage.index_file.packing import unpack_texts
from mail_archive_tools.words.texts import Texts

_LONGEST_SECONDS = 3_600.0
"""How long one thing may take where nobody waits for it: to optimize the words of millions of messages."""
_STEPS = 2_000
"""Steps of SQLite's machine between two looks at the clock: some milliseconds, where each has a look at a text."""
_LATE = (
    "The index of content did not answer in the time of the call. Shorten the range, or look for whole words instead "
    "of *parts*."
)


class IndexFile:
    """One file; `writes` makes it where it is not there. Several processes may have it open, and one of them writes at
    a time."""

    def __init__(self, path: Path, made_of: str | None = "", *, writes: bool = False) -> None:
        """`made_of` names what is known beside the messages, by which they are read: an index that was made of
        something else tells other facts. None: whatever it was made of.

        Raises:
            IndexUnusable: it cannot be used; says why.
        """
        self.path = path
        # One thread at a time: a connection has one transaction, and the functions of one question.
        self._turn = threading.Lock()
        opened = open_to_write if writes else open_to_read
        self._file = opened(path, made_of)
        weakref.finalize(self, self._file.close)

    def held(self) -> list[Held]:
        """What it holds, archive by archive."""
        with self._reading() as file:
            archives = file.execute("SELECT number, archive_id, added_at FROM archive ORDER BY number").fetchall()
            found: list[Held] = []
            for number, archive_id, added_at in archives:
                query = "SELECT count(*), count(unread) FROM message WHERE archive = ?"
                messages, unread = file.execute(query, (number,)).fetchone()
                found.append(Held(archive_id, _stretches(file, number), messages, unread, added_at))
            return found

    def stretches(self, archive_id: str) -> list[Stretch]:
        """The stretches of which it has all."""
        with self._reading() as file:
            return _stretches(file, _number(file, archive_id))

    def put(self, archive_id: str, entries: Sequence[Entry]) -> None:
        """Keep these in one transaction; one that is kept already is replaced."""
        with self._writing() as file:
            putting.put(file, archive_id, entries)

    def note_whole(self, archive_id: str, stretches: Sequence[Stretch]) -> None:
        """Note that all of these stretches was put."""
        with self._writing() as file:
            putting.note_whole(file, archive_id, stretches)

    def find(self, question: Question, limit: int) -> FoundPart:
        """The first messages in the question's order: so many, and all that were received in the last one's second."""
        with self._reading() as file:
            archive = _number(file, question.archive_id)
            if archive is None:
                reached = question.first if question.newest_first else question.last
                return FoundPart([], reached)
            return finding.find(file, archive, question, limit)

    def looked(self, question: Question) -> Looked:
        """What was looked at for an answer to a question."""
        with self._reading() as file:
            archive = _number(file, question.archive_id)
            if archive is None:
                return Looked(0)
            return finding.looked(file, archive, question)

    def counted(self, question: Question, limit: int) -> Counted | None:
        """What is counted of all that a question finds, in no certain order; None where that is more than `limit`."""
        with self._reading() as file:
            archive = _number(file, question.archive_id)
            if archive is None:
                return Counted([], set(), {})
            return finding.counted(file, archive, question, limit)

    def values(self, question: Question, fact: str) -> Mapping[str, tuple[str, ...]]:
        """The values of a fact, by the ids of the messages that a question finds and that have some."""
        with self._reading() as file:
            archive = _number(file, question.archive_id)
            if archive is None:
                return {}
            return finding.values(file, archive, question, fact)

    def facts(self, archive_id: str, archived_message_id: str) -> bytes | None:
        """The facts of a message, packed, where they are known."""
        with self._reading() as file:
            query = "SELECT facts FROM shown JOIN message USING (key) WHERE archive = ? AND id = ?"
            found = finding.one(file, query, (_number(file, archive_id), archived_message_id))
            return found if isinstance(found, bytes) else None

    def texts(self, archive_id: str, archived_message_id: str) -> Texts | None:
        """What a message says, as it was put."""
        with self._reading() as file:
            query = "SELECT texts FROM said JOIN message USING (key) WHERE archive = ? AND id = ?"
            found = finding.one(file, query, (_number(file, archive_id), archived_message_id))
            if found is None:
                return None
            return unpack_texts(found)

    def known(self, archive_id: str, archived_message_ids: Sequence[str]) -> set[str]:
        """Those of the messages that are in it, and were read."""
        with self._reading() as file:
            archive = _number(file, archive_id)
            query = "SELECT 1 FROM message WHERE archive = ? AND id = ? AND unread IS NULL"
            known: set[str] = set()
            for each in archived_message_ids:
                if file.execute(query, (archive, each)).fetchone() is not None:
                    known.add(each)
            return known

    def some(self, archive_id: str, limit: int) -> list[str]:
        """The ids of the newest messages of an archive."""
        with self._reading() as file:
            archive = _number(file, archive_id)
            if archive is None:
                return []
            query = "SELECT id FROM message WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"
            bounds = (first_key(archive, 0), last_key(archive, SECONDS))
            return [each for (each,) in file.execute(query, (*bounds, limit))]

    def forget(self, archive_id: str, *, archived_message_ids: Sequence[str] = (), before: int | None = None) -> int:
        """Take out messages by their ids, or all that were received before a second, or the whole archive where neither
        is said; so that no word of them is left in any file. Gives how many were taken out."""
        with self._writing() as file:
            archive = _number(file, archive_id)
            if archive is None:
                return 0
            if archived_message_ids:
                taken = forgetting.forget_messages(file, archive, list(archived_message_ids))
            elif before is not None:
                taken = forgetting.forget_before(file, archive, before)
            else:
                taken = forgetting.forget_archive(file, archive)

        with self._usable():
            forgetting.clear_away(self._file)
        return taken

    def close(self) -> None:
        """Use it no more."""
        self._file.close()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """The file for one thread, for as long as the call around it has time.

        Raises:
            Late: the time of the call is over.
            IndexUnusable: something is wrong with the file.
        """
        seconds = seconds_left(otherwise=_LONGEST_SECONDS)
        if not self._turn.acquire(timeout=max(seconds, 0)):
            raise Late(_LATE)
        deadline = time.monotonic() + seconds
        try:
            self._file.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            yield
        except (sqlite3.Error, ValueError) as error:
            if time.monotonic() > deadline:
                raise Late(_LATE) from None
            raise unusable(self.path, error) from None
        finally:
            self._file.set_progress_handler(None, 0)
            self._turn.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The file, the same for all that is read: what another process puts meanwhile is not seen."""
        with self._usable():
            self._file.execute("BEGIN")
            try:
                yield self._file
            finally:
                if self._file.in_transaction:
                    self._file.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The file, in a transaction that is kept where nothing fails."""
        with self._usable():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                # On a full disk SQLite has done so itself.
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")


def _number(file: sqlite3.Connection, archive_id: str) -> int | None:
    """The number of an archive; None where nothing of it is there."""
    number: int | None = finding.one(file, "SELECT number FROM archive WHERE archive_id = ?", (archive_id,))
    return number


def _stretches(file: sqlite3.Connection, archive: int | None) -> list[Stretch]:
    query = "SELECT first, last FROM stretch WHERE archive = ? ORDER BY first"
    return [Stretch(*each) for each in file.execute(query, (archive,))]
