"""What the service cannot search, matched against what a search found: patterns, Message-IDs, words of bodies, and what
messages show once they are read. Text is compared as a person reads it (see `globs.py`)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, Unreadable
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.reading.fetching.download import shared_connections
from mail_archive_tools.reading.fetching.messages import FETCHED_AT_ONCE, Fetched
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.reading.saying import texts_of
from mail_archive_tools.searching.gathering.asking import FactsTest, conditions_of, facts_tests, row_tests
from mail_archive_tools.searching.indexed.search import Matched
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.words.questions import seen_only
from mail_archive_tools.words.texts import Sayings


@dataclass(frozen=True)
class Verdict:
    """Whether a message matches, and why its body cannot be read, where it would decide. `facts` where those of all
    that match are wanted."""

    matches: bool
    unreadable: ArchiveError | None = None
    facts: Facts | None = None


class Matcher:
    """Decides which of the messages found are meant."""

    def __init__(self, wanted: FilterHere, reader: Reader, with_facts: bool = False) -> None:
        """With `with_facts`, verdicts have the facts of what matches; what cannot be read matches then, unless it is
        asked for what it shows.

        Raises:
        InvalidArgument: a value has nothing in it that could be matched.
        """
        self.conditions = conditions_of(wanted)
        self._reader = reader
        self._rows = row_tests(self.conditions)
        self._shown = facts_tests(self.conditions)
        self._words = self.conditions.words
        self._takes_files = any("files" in each.fields for each in self._words)
        self._with_facts = with_facts
        self.broken_off: set[str] = set()
        """The ids of messages whose text has none of the words, and breaks off."""
        self.broken_off_in_index = 0
        """How many more an index says of."""
        self.only_hidden: set[str] = set()
        """The ids of messages that have the words nowhere but in what their readers do not see."""

    @property
    def reads(self) -> bool:
        """Whether it takes the messages themselves."""
        return self._asks_content or self._with_facts

    @property
    def _asks_content(self) -> bool:
        return bool(self._words or self._shown)

    async def judge(
        self, messages: Sequence[list[Row]], wanted: int, patience: Patience, judged: Callable[[int], Awaitable[None]]
    ) -> list[Verdict]:
        """The verdicts on the first of the messages, each given as the rows of its copies: on as many as it takes for
        `wanted` matches, or as there is time for. `judged` hears how many there are so far, as bodies are read."""
        verdicts = _InOrder(wanted)
        if not self.reads:
            for place, copies in enumerate(messages):
                verdicts.add(place, Verdict(self.matches_row(copies[0])))
            return verdicts.known

        places = iter(range(len(messages)))

        async def take_the_next() -> None:
            for place in places:
                verdicts.add(place, await self._matches(messages[place]))
                await judged(len(verdicts.known))
                if verdicts.are_enough:
                    reading.cancel()

        with self._reader.batch(), anyio.move_on_after(max(patience.left, 0)) as reading:
            async with shared_connections(), anyio.create_task_group() as readers:
                for _ in range(FETCHED_AT_ONCE):
                    readers.start_soon(take_the_next)

        return verdicts.known

    def verdict_of_index(self, copies: Sequence[Row], matched: Matched) -> Verdict:
        """On a message that an index says is meant: that was found out by the same conditions."""
        archived_message_id = copies[0].get("ArchivedMessageId", "")
        self.only_hidden |= matched.hidden.intersection([row.get("ArchivedMessageId", "") for row in copies])
        if not self._with_facts:
            return Verdict(True)

        packed = matched.facts.get(archived_message_id)
        if packed is None:
            return Verdict(True, Unreadable(f"Message {archived_message_id} could not be read when it was indexed."))
        facts = Facts.unpacked(packed)
        if facts.unread:
            return Verdict(True, Unreadable(f"Message {archived_message_id} was not read: {facts.unread}."))
        return Verdict(True, facts=facts)

    async def _matches(self, copies: list[Row]) -> Verdict:
        """By the headers, which all copies share, then by the bodies: those of copies may differ, and one that matches
        is enough."""
        if not self.matches_row(copies[0]):
            return Verdict(False)

        # What comes is compared with the rows, whatever was searched since they were found.
        self._reader.told.note(copies, self._reader.archive_id)
        unreadable: ArchiveError | None = None
        for row in copies:
            try:
                archived_message_id = row.get("ArchivedMessageId", "")
                if await self.matches_content(archived_message_id):
                    return Verdict(True, facts=await self._facts(archived_message_id))
            except ArchiveError as error:
                unreadable = error

        # One that is read for its facts alone is meant, be it readable or not.
        is_meant_unread = unreadable is not None and not self._asks_content
        return Verdict(is_meant_unread, unreadable)

    async def _facts(self, archived_message_id: str) -> Facts | None:
        if not self._with_facts:
            return None
        facts = await self._reader.facts_of(archived_message_id)
        _require_content(archived_message_id, facts.unread)
        return facts

    async def matches_content(self, archived_message_id: str) -> bool:
        """By what the message shows, which is kept, then by its text.

        Raises:
            ArchiveError: it cannot be read.
        """
        if self._shown:
            facts = await self._reader.facts_of(archived_message_id)
            # What its header fields tell never waits for the body.
            if not _all(self._shown.of_header_fields, facts):
                return False
            if self._shown.of_body:
                _require_content(archived_message_id, facts.unread)
            if not _all(self._shown.of_body, facts):
                return False
        if not self._words:
            return True

        fetched = await self._reader.message(archived_message_id)
        _require_content(archived_message_id, fetched.reading.unread)
        files, is_cut = await self._files_of(fetched)
        # In a thread, since a long text takes a while to make ready.
        has_words = await to_thread.run_sync(self._has_words, fetched, files)
        if not has_words and (is_cut or fetched.reading.breaks_off):
            self.broken_off.add(archived_message_id)
        return has_words

    async def _files_of(self, fetched: Fetched) -> tuple[str, bool]:
        """What the files of a message say, where that is asked for, and whether some of it is not here."""
        if not self._takes_files:
            return "", False
        files = await self._reader.text_of_all_files(fetched)
        return files.text, files.is_cut

    def matches_row(self, row: Row) -> bool:
        """By the header fields that a row has."""
        return all(test(row) for test in self._rows)

    def _has_words(self, fetched: Fetched, files: str) -> bool:
        """Whether the texts fulfil what is asked of words; it is noted where they do so by hidden text alone."""
        sayings = Sayings(texts_of(fetched.reading, files))
        if not all(map(sayings.fulfil, self._words)):
            return False

        seen = map(seen_only, self._words)
        if not all(map(sayings.fulfil, seen)):
            self.only_hidden.add(fetched.archived_message_id)
        return True


class _InOrder:
    """Verdicts that come in any order: `known` are those up to the first that is still to come, or up to the last of
    so many matches."""

    def __init__(self, wanted: int) -> None:
        self.known: list[Verdict] = []
        self._missing_matches = wanted
        self._early: dict[int, Verdict] = {}

    @property
    def are_enough(self) -> bool:
        return self._missing_matches == 0

    def add(self, place: int, verdict: Verdict) -> None:
        self._early[place] = verdict
        while not self.are_enough and len(self.known) in self._early:
            following = self._early.pop(len(self.known))
            self.known.append(following)
            self._missing_matches -= following.matches


def _all(tests: list[FactsTest], facts: Facts) -> bool:
    return all(test(facts) for test in tests)


def _require_content(archived_message_id: str, unread: str | None) -> None:
    """
    Raises:
        Unreadable: no more than the header fields of the message was read.
    """
    if unread:
        raise Unreadable(f"Message {archived_message_id} was not read: {unread}.")
