"""What the service cannot search, matched against what a search found: patterns, Message-IDs, words of bodies, and what
messages show once they are read. Text is compared as a person reads it (see `globs.py`)."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import anyio
from anyio import to_thread

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.errors import ArchiveError, InvalidArgument, Unreadable
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.reading.facts import Facts
from mail_archive_tools.reading.fetching.download import shared_connections
from mail_archive_tools.reading.fetching.messages import FETCHED_AT_ONCE, Fetched
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.gathering.globs import (
    Test,
    finding_pattern,
    folded,
    host_pattern,
    language_pattern,
    pattern,
)
from mail_archive_tools.service.shapes import Row

_VALUE_CHARS = 10_000
"""How much of a header value patterns are matched against."""

FactsTest = Callable[[Facts], bool]


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
        _refuse_blank(wanted)
        self._reader = reader
        self._senders = [pattern(each) for each in wanted.sender or ()]
        self._subjects = [pattern(each) for each in wanted.subject or ()]
        self._message_ids = [pattern(_bare(each)) for each in wanted.message_id or ()]
        self._words = [folded(each) for each in wanted.body or ()]
        self._shown = conditions_of(wanted)
        self._with_facts = with_facts
        self.broken_off: set[str] = set()
        """The ids of messages whose text has none of the words, and breaks off."""
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
        # In a thread, since a long text takes a while to fold.
        if await to_thread.run_sync(self._matches_body, fetched):
            return True
        if await to_thread.run_sync(self._matches_hidden, fetched):
            self.only_hidden.add(archived_message_id)
            return True
        if fetched.reading.breaks_off:
            self.broken_off.add(archived_message_id)
        return False

    def matches_row(self, row: Row) -> bool:
        """By the header fields that a row has."""
        if not _any(self._senders, row.get("From", "")):
            return False
        if not _any(self._subjects, row.get("Subject", "")):
            return False
        return _any(self._message_ids, _bare(row.get("MessageId", "")))

    def _matches_body(self, fetched: Fetched) -> bool:
        """Whether the text that `read_archive_message` shows, or the name of an attachment, has one of the words."""
        reading = fetched.reading
        # As it is shown, which may have a space where markup would act, and as it was written.
        texts = dict.fromkeys([reading.text.whole, reading.text.written or "", *reading.file_names])
        if reading.text.source == "text/plain":
            # HTML that is not shown, since the plain text says much the same, is seen by readers all the same.
            texts |= dict.fromkeys(each.text for each in reading.text.hidden if each.kind == "version")
        return self._has_word(texts)

    def _matches_hidden(self, fetched: Fetched) -> bool:
        """Whether what a reader of it does not see has one of the words."""
        return self._has_word(each.text for each in fetched.reading.text.hidden)

    def _has_word(self, texts: Iterable[str]) -> bool:
        for text in texts:
            shown = folded(text)
            if any(word in shown for word in self._words):
                return True
        return False


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


class Conditions(NamedTuple):
    """Tests of what a message shows: those of its header fields and size, and those that take its body."""

    of_header_fields: list[FactsTest]
    of_body: list[FactsTest]

    def __bool__(self) -> bool:
        return bool(self.of_header_fields or self.of_body)


def conditions_of(wanted: FilterHere) -> Conditions:
    """The tests of what a message shows, one for each member that asks for any of it."""
    of_header_fields: list[FactsTest] = []
    of_body: list[FactsTest] = []

    def add(
        tests: list[FactsTest],
        globs: list[str] | None,
        values: Callable[[Facts], Iterable[str]],
        read: Callable[[str], Test],
    ) -> None:
        if globs:
            tests.append(_any_value(values, [read(each) for each in globs]))

    add(of_header_fields, wanted.authentication, lambda facts: facts.checks, pattern)
    add(of_header_fields, wanted.reply_to_domain, lambda facts: facts.reply_to_domains, pattern)
    add(of_body, wanted.attachment_name, lambda facts: (file.name for file in facts.files), pattern)
    add(of_body, wanted.attachment_type, lambda facts: (kind for file in facts.files for kind in file.kinds), pattern)
    add(of_body, wanted.link_host, lambda facts: facts.link_hosts, host_pattern)
    add(of_body, wanted.finding, lambda facts: facts.findings, finding_pattern)
    add(of_body, wanted.language, lambda facts: facts.languages, language_pattern)

    least, most, hours = wanted.larger_than, wanted.smaller_than, wanted.date_differs
    if least:
        of_header_fields.append(lambda facts: facts.size_bytes > least)
    if most:
        of_header_fields.append(lambda facts: facts.size_bytes < most)
    if hours:
        of_header_fields.append(lambda facts: facts.date_distance is not None and facts.date_distance >= hours * 3_600)
    return Conditions(of_header_fields, of_body)


def _all(tests: list[FactsTest], facts: Facts) -> bool:
    return all(test(facts) for test in tests)


def _any_value(values: Callable[[Facts], Iterable[str]], tests: list[Test]) -> FactsTest:
    """Whether one of the values passes one of the tests."""

    def passes(facts: Facts) -> bool:
        for value in values(facts):
            shown = folded(value)
            if any(test(shown) for test in tests):
                return True
        return False

    return passes


def _any(tests: list[Test], value: str) -> bool:
    """Whether one of the tests passes; without tests every value does."""
    if not tests:
        return True
    shown = folded(decode_words(value))[:_VALUE_CHARS]
    return any(test(shown) for test in tests)


def _require_content(archived_message_id: str, unread: str | None) -> None:
    """
    Raises:
        Unreadable: no more than the header fields of the message was read.
    """
    if unread:
        raise Unreadable(f"Message {archived_message_id} was not read: {unread}.")


def _refuse_blank(wanted: FilterHere) -> None:
    for name, values in wanted:
        if not isinstance(values, list):
            continue
        if not all(_bare(folded(value)) for value in values):
            raise InvalidArgument(
                f"filter_here.{name} has a value with nothing in it that could be matched. Leave it out."
            )


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>").strip()
