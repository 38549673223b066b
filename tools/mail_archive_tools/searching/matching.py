"""What the service cannot search: patterns, Message-IDs and words of bodies, matched against what a search found.

Text is compared as a person reads it: compatibility characters as what they look like (NFKC), upper and lower case the
same, invisible characters skipped, white space as one space.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from mail_archive_tools.errors import ArchiveError, InvalidArgument, Unreadable
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.patience import Patience
from mail_archive_tools.reading.reader import FETCHED_AT_ONCE, Fetched, Reader
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.untrusted import without_invisible

_VALUE_CHARS = 10_000
"""How much of a header value patterns are matched against."""
_SPACE = re.compile(r"\s+")

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Verdict:
    """Whether a message matches, and why its body cannot be read, where it would decide."""

    matches: bool
    unreadable: ArchiveError | None = None


class Matcher:
    """Decides which of the messages found are meant."""

    def __init__(self, wanted: FilterHere, reader: Reader) -> None:
        """Raises:
        InvalidArgument: a value has nothing in it that could be matched.
        """
        _refuse_blank(wanted)
        self._reader = reader
        self._senders = [pattern(each) for each in wanted.sender or ()]
        self._subjects = [pattern(each) for each in wanted.subject or ()]
        self._message_ids = [pattern(_bare(each)) for each in wanted.message_id or ()]
        self._words = [folded(each) for each in wanted.body or ()]

    async def judge(
        self, messages: Sequence[list[Row]], wanted: int, patience: Patience, judged: Callable[[int], Awaitable[None]]
    ) -> list[Verdict]:
        """The verdicts on the first of the messages, each given as the rows of its copies: on as many as it takes for
        `wanted` matches, or as there is time for. `judged` hears how many there are so far, as bodies are read."""
        verdicts = _InOrder(wanted)
        if not self._words:
            for place, copies in enumerate(messages):
                verdicts.add(place, Verdict(self._matches_row(copies[0])))
            return verdicts.known

        places = iter(range(len(messages)))

        async def take_the_next() -> None:
            for place in places:
                verdicts.add(place, await self._matches(messages[place]))
                await judged(len(verdicts.known))
                if verdicts.are_enough:
                    reading.cancel()

        with anyio.move_on_after(max(patience.left, 0)) as reading:
            async with anyio.create_task_group() as readers:
                for _ in range(FETCHED_AT_ONCE):
                    readers.start_soon(take_the_next)

        return verdicts.known

    async def _matches(self, copies: list[Row]) -> Verdict:
        """By the headers, which all copies share, then by the bodies: those of copies may differ, and one that matches
        is enough."""
        if not self._matches_row(copies[0]):
            return Verdict(False)
        unreadable: ArchiveError | None = None
        for row in copies:
            try:
                fetched = await self._reader.message(row.get("ArchivedMessageId", ""))
                _require_content(fetched)
            except ArchiveError as error:
                unreadable = error
                continue
            # In a thread, since a long text takes a while to fold.
            if await to_thread.run_sync(self._matches_body, fetched):
                return Verdict(True)

        return Verdict(False, unreadable)

    def _matches_row(self, row: Row) -> bool:
        return (
            _any(self._senders, row.get("From", ""))
            and _any(self._subjects, row.get("Subject", ""))
            and _any(self._message_ids, _bare(row.get("MessageId", "")))
        )

    def _matches_body(self, fetched: Fetched) -> bool:
        """Whether the text that `read_archive_message` shows, or the name of an attachment, has one of the words."""
        reading = fetched.reading
        # As it is shown, which may have a space where markup would act, and as it was written.
        places = [reading.text.whole, reading.text.written or "", *reading.file_names]
        return any(word in folded(place) for place in dict.fromkeys(places) for word in self._words)


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


def pattern(glob: str) -> Test:
    """A test for whole values: * stands for any characters, ? for one. In time proportional to the value's length
    for each *, since values are what strangers write."""
    first, *others = [".".join(map(re.escape, piece.split("?"))) for piece in folded(glob).split("*")]
    if not others:
        whole = re.compile(first)
        return lambda value: whole.fullmatch(value) is not None

    # The leftmost place of each piece leaves the most room for those behind it; the last one stands at the end.
    steps = [re.compile(piece) for piece in [*others[:-1], rf"(?:{others[-1]})\Z"]]
    begin = re.compile(first)

    def matches(value: str) -> bool:
        found = begin.match(value)
        for step in steps:
            if found is None:
                return False
            found = step.search(value, found.end())
        return found is not None

    return matches


def folded(text: str) -> str:
    """`text` as it is compared (Unicode's NFKC_Casefold, and white space as one space)."""
    text = without_invisible(text)
    if not text.isascii():
        # Case folding may leave what has another compatible form, and the other way round.
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        # What is invisible only in another form.
        text = without_invisible(text)

    return _SPACE.sub(" ", text).casefold().strip()


def _any(tests: list[Test], value: str) -> bool:
    """Whether one of the tests passes; without tests every value does."""
    if not tests:
        return True
    shown = folded(decode_words(value))[:_VALUE_CHARS]
    return any(test(shown) for test in tests)


def _require_content(fetched: Fetched) -> None:
    """Take a message of which no more than the header fields was read for one that could not be read."""
    if fetched.reading.unread:
        raise Unreadable(f"Message {fetched.archived_message_id} was not read: {fetched.reading.unread}.")


def _refuse_blank(wanted: FilterHere) -> None:
    for name, values in wanted:
        for value in values or ():
            if not _bare(folded(value)):
                raise InvalidArgument(
                    f"filter_here.{name} has a value with nothing in it that could be matched. Leave it out."
                )


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>").strip()
