"""Finding a conversation with what the service can be asked for: words of the subject, and participants.

A search cannot be asked for a Message-ID. So these are searched for in turn:

- what has the subject's words;
- what the participants wrote meanwhile, since an answer may change the subject;
- what has the new subjects;
- what came before, while the beginning is missing, and after, while it goes on.

What belongs together is told by In-Reply-To, which rows have, and by References, for which a message has to be fetched:
that is done where In-Reply-To leads nowhere.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import cast

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.conversations.tree import KnownMessages, addresses_of, second_of, subject_of
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from mail_archive_tools.reading.fetching.messages import Fetched
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.job import SearchRequest, Unfinished
from mail_archive_tools.searching.results import Results, left_out_notes
from mail_archive_tools.searching.searcher import Searcher
from mail_archive_tools.searching.windows import DAY, Window
from mail_archive_tools.service.filters import Filters, all_of, contains
from mail_archive_tools.service.shapes import Row

MOST_SEARCHES = 8
MOST_FETCHED = 40
"""Messages that are fetched for their References at most."""
MOST_PARTICIPANTS = 10
"""Values that one condition of a search may have."""

_MOST_SUBJECTS = 3
_SUBJECT_WORDS = 5
_WORD_CHARS = 3
_LONGEST_WORD = 200
_BEFORE_AN_ANSWER, _BEFORE_OTHERS = 20 * DAY, DAY
"""How long before a message the first search around it begins, in seconds."""
_QUIET = 10 * DAY
"""Where nobody wrote for that long, a conversation is taken to have ended."""
_FARTHEST_BACK = 60 * DAY
"""How far before the message that was asked for what is missing is looked for."""
_AROUND = 2 * DAY
_ROUNDS = 2
# With marks inside: "o'neill", "v1.2", "2025-03".
_WORD = re.compile(r"\w+(?:[.'@/-]\w+)*")


@dataclass
class Tracer:
    """Looks for the conversation of one message. What it found is in `known`."""

    searcher: Searcher
    reader: Reader
    archive_id: str
    known: KnownMessages
    patience: Patience
    covered: Window | None = None
    searches: int = 0
    complete: bool = True
    notes: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """The messages that may belong to it, and could not be read to tell."""
    archive_begins: int | None = None
    """The second that no message is older than, where it is known."""

    async def trace(self) -> None:
        """Search until the conversation is whole, or as far as that goes.

        Raises:
            ArchiveError: not even the first search could be run.
        """
        begins = await self.searcher.lifetimes.begins(self.archive_id)
        if begins is not None:
            self.archive_begins = int(begins.timestamp())

        asked = self.known.rows[self.known.asked]
        await self._by_subject(asked)
        await self._by_participants(asked)
        await self._by_new_subjects(subject_of(asked))

        further = self._further(int(second_of(asked)))
        while further is not None:
            if not await self._search(further, _with_subject(asked)):
                return
            further = self._further(int(second_of(asked)))

    async def _by_new_subjects(self, searched: str) -> None:
        """What has the words of the subjects that the conversation has now, besides the one that was searched for."""
        subjects = {searched}
        for row in self.known.tree().rows():
            subject = subject_of(row)
            if subject not in subjects and len(subjects) < _MOST_SUBJECTS:
                subjects.add(subject)
                await self._by_subject(row)

    async def _by_subject(self, row: Row) -> None:
        """What has the words of a message's subject, around it."""
        await self._search(self._around(row), _with_subject(row))

    def _further(self, asked: int) -> Window | None:
        """Where to look next: before what was searched while its beginning is missing, behind it while it goes on."""
        limit, covered = self.searcher.limits.seconds, self.covered
        if covered is None:
            return None

        tree = self.known.tree()
        is_far_back = asked - covered.first >= _FARTHEST_BACK or self._is_the_beginning(covered.first)
        if tree.begins_missing and not is_far_back:
            return Window(covered.first - limit, covered.first)

        last = max(second_of(row) for row in tree.rows())
        goes_on = covered.last - last < _QUIET
        if goes_on and covered.last < time.time():
            return Window(covered.last, covered.last + limit)
        return None

    async def _by_participants(self, asked: Row) -> None:
        """What the participants wrote meanwhile: answers with another subject, and what is missing in between. Once
        more for those who turn out to have taken part."""
        searched: set[str] = set()
        for _ in range(_ROUNDS):
            # In the order of the conversation, each once.
            participants: dict[str, None] = {}
            for row in self.known.tree().rows():
                participants |= dict.fromkeys(addresses_of(row))
            new = [address for address in participants if address not in searched][:MOST_PARTICIPANTS]
            if not new:
                return
            if not await self._search(self._meanwhile(asked), all_of([contains("FROM", new)])):
                return
            searched |= set(new)

    def _is_the_beginning(self, second: int) -> bool:
        """Whether the archive holds nothing older."""
        return self.archive_begins is not None and second <= self.archive_begins

    def _meanwhile(self, asked: Row) -> Window:
        """The time of what was found, or of what may be missing."""
        tree = self.known.tree()
        seconds = [int(second_of(row)) for row in tree.rows()]
        if len(seconds) == 1 or tree.begins_missing:
            return self._around(asked)

        first, last = min(seconds) - _AROUND, max(seconds) + _AROUND
        return Window(max(first, last - self.searcher.limits.seconds), last)

    def _around(self, row: Row) -> Window:
        """The longest window around a message: mostly before an answer, mostly after what is none."""
        limit = self.searcher.limits.seconds
        before = _BEFORE_OTHERS
        if row.get("InReplyTo") or is_answer(row.get("Subject", "")):
            before = _BEFORE_AN_ANSWER
        first = int(second_of(row)) - min(before, limit // 2)
        return Window(first, first + limit)

    async def _search(self, window: Window, filters: Filters | None) -> bool:
        """Search a window and take in what it found; False when going on from there would be of no use. Without
        filters there is nothing to ask for."""
        if filters is None or not self.complete:
            return False

        # Nothing is older than the archive's first message.
        if self.archive_begins is not None:
            first = min(max(window.first, self.archive_begins), window.last)
            window = Window(first, window.last)
        if self.searches == MOST_SEARCHES:
            return self._incomplete(f"It was looked for with {MOST_SEARCHES} searches, and may go on beyond them.")

        request = SearchRequest(self.archive_id, window, filters, self.searcher.limits.rows)
        try:
            outcome = await self.searcher.run(request, self.patience)
        except ArchiveError as error:
            # Where nothing was found, the error is the answer; else what was found is.
            if not self.searches:
                raise
            return self._incomplete(f"The search stopped early: {error}")

        self.searches += 1
        if isinstance(outcome, Unfinished):
            return self._incomplete("Time is up before all was searched: call again with the same arguments.")
        return await self._take_in(outcome.results, window)

    async def _take_in(self, results: Results, window: Window) -> bool:
        """Take in what a search found; False when it did not find all."""
        known = self.covered or window
        self.covered = Window(min(known.first, window.first), max(known.last, window.last))
        self.known.add(results.rows)
        await self._fetch_references()
        self.notes += [note for note in results.notes if note not in self.notes]

        if results.left_out:
            return self._incomplete(left_out_notes(results.left_out)[0])
        if results.truncated:
            return self._incomplete("There are more messages with such subjects or senders than one search can find.")
        return True

    def _incomplete(self, note: str) -> bool:
        self.complete = False
        self.notes.append(note)
        return False

    async def _fetch_references(self) -> None:
        """Fetch the messages that their rows do not place."""
        unplaced = list(self.known.unplaced())
        room = max(0, MOST_FETCHED - len(self.known.references))
        wanted = unplaced[:room]
        fetched = await self.reader.all_messages(wanted, self.patience)
        self.unread = set(wanted) - fetched.keys()
        for key, message in fetched.items():
            self.known.references[key] = named_by(message)
        if len(unplaced) > room:
            self._incomplete("Some messages with such a subject were not placed: too many would have to be fetched.")


def named_by(fetched: Fetched) -> tuple[str, ...]:
    """The messages that it names: References, and last the one that In-Reply-To says it answers."""
    answered = fetched.reading.in_reply_to[:1]
    references = [each for each in fetched.reading.references if each not in answered]
    return (*references, *answered)


def row_of(fetched: Fetched) -> Row:
    """A message as the row that a search would have found."""
    reading = fetched.reading
    members = {
        "ArchivedMessageId": fetched.archived_message_id,
        "ReceivedTimestamp": fetched.received or reading.moment,
        **reading.row,
    }
    return cast(Row, {name: value for name, value in members.items() if value is not None})


def _with_subject(row: Row) -> Filters | None:
    words = subject_words(row.get("Subject", ""))
    return all_of([contains("SUBJECT", [word]) for word in words])


def subject_words(subject: str) -> list[str]:
    """The words of a subject that tell most, each to be searched for by itself: between them there may be a space, or
    the line break of a folded header."""
    words = sorted(dict.fromkeys(_WORD.findall(base_subject(subject))), key=len, reverse=True)
    telling = [word for word in words if len(word) >= _WORD_CHARS] or words
    return [word[:_LONGEST_WORD] for word in telling[:_SUBJECT_WORDS]]
