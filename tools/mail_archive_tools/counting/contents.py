"""What counted messages show: read several at a time, as long as there is time, and kept for the call that goes on."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import anyio

from mail_archive_tools.calls.patience import Patience
from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.index.engine import Counted
from mail_archive_tools.index.question import Question
from mail_archive_tools.index.stretches import Stretch, spanning
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.summary import Unread
from mail_archive_tools.reading.fetching.download import shared_connections
from mail_archive_tools.reading.fetching.messages import FETCHED_AT_ONCE
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.searching.gathering.matching import Matcher
from mail_archive_tools.searching.sweeping.from_index import CountedPart

_NAMED = 3


class PlacesOfIndex(NamedTuple):
    """Rows in the columns that an index counted, the question that it was asked, and why messages were not read, by
    their ids."""

    places: range
    question: Question
    unread: Mapping[str, str]


@dataclass
class Contents:
    """What is known of counted messages once they are read, by the places of their rows in the columns."""

    facts: dict[int, Facts] = field(default_factory=dict)
    """What a message shows, of those that are meant."""
    judged: dict[int, bool] = field(default_factory=dict)
    """Whether a message is one that is meant, as soon as that is known."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Why a message cannot be read, without its id."""
    broken_off: set[str] = field(default_factory=set)
    """The ids of messages that break off, and have none of the words that are looked for in what is there."""
    only_hidden: set[str] = field(default_factory=set)
    """The ids of messages that have the words nowhere but in what their readers do not see."""

    of_index: list[PlacesOfIndex] = field(default_factory=list)
    """The parts that an index counted: all rows in them are meant, and what they show is asked of it."""
    unread_in_index: int = 0
    """How many messages could not be read when they were indexed; none of them is counted."""
    broken_off_in_index: int = 0

    def note_of_index(self, first: int, part: CountedPart, counted: Counted) -> None:
        """Note what an index counted: its rows are the places from `first` on."""
        places = range(first, first + len(counted.labels))
        self.of_index.append(PlacesOfIndex(places, part.question, counted.unread))
        self.judged.update(dict.fromkeys(places, True))
        self.only_hidden |= counted.hidden
        self.unread_in_index += part.looked.unread
        self.broken_off_in_index += part.looked.cut

    @property
    def seconds_of_index(self) -> Stretch | None:
        """The seconds that an index counted, and what lies between them."""
        seconds: Stretch | None = None
        for part in self.of_index:
            seconds = spanning(seconds, Stretch(part.question.first, part.question.last))
        return seconds

    def is_to_be_read(self, place: int, needs_body: bool) -> bool:
        """Whether something is not known yet of a message."""
        if any(place in each.places for each in self.of_index):
            return False
        if place not in self.judged or place in self.unreadable:
            return True
        facts = self.facts.get(place)
        return needs_body and facts is not None and facts.unread is not None

    def give_up(self, place: int, why: str) -> None:
        """Note that a message cannot be read, whatever its header fields tell."""
        self.unreadable[place] = why
        self.judged.pop(place, None)
        self.facts.pop(place, None)

    def places(self, columns: Columns) -> list[int]:
        """The rows that are meant, as far as that is known."""
        return [place for place in range(len(columns)) if self.judged.get(place)]

    def exceptions(self, columns: Columns) -> list[Unread]:
        """What could not be read, by the reasons; the most frequent first."""
        by_reason: dict[str, dict[int, str]] = {}
        for place, why in self.unreadable.items():
            ids = by_reason.setdefault(why, {})
            ids.setdefault(columns.message(place), columns.archived_message_id(place))

        exceptions = []
        for why, ids in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            named = list(ids.values())[:_NAMED]
            exceptions.append(Unread(why=why, messages=len(ids), archived_message_ids=named))
        if self.unread_in_index:
            why = "They could not be read when they were indexed."
            exceptions.append(Unread(why=why, messages=self.unread_in_index, archived_message_ids=[]))
        return exceptions

    def give_up_unread_of_index(self, columns: Columns) -> None:
        """Note what an index has no more than the header fields of."""
        for part in self.of_index:
            if not part.unread:
                continue
            for place in part.places:
                why = part.unread.get(columns.archived_message_id(place))
                if why is not None:
                    self.give_up(place, f"The message was not read: {why}.")

    def read(self, columns: Columns) -> int:
        """How many rows were looked at; those that could not be read are none of them."""
        return sum(place in self.judged for place in range(len(columns)))


@dataclass(frozen=True)
class WantedContents:
    """Who reads, which messages are meant, and whether their bodies are asked for: header fields and size are known
    of one that cannot be read, too."""

    reader: Reader
    matcher: Matcher | None = None
    needs_body: bool = True


async def read_contents(contents: Contents, columns: Columns, wanted: WantedContents, patience: Patience) -> None:
    """Read the messages that were not read yet, as many as there is time for: whether they are meant, and what they
    show."""
    reader, matcher = wanted.reader, wanted.matcher
    if wanted.needs_body:
        contents.give_up_unread_of_index(columns)
    places = [place for place in range(len(columns)) if contents.is_to_be_read(place, wanted.needs_body)]

    async def judge(place: int) -> None:
        message_id = columns.archived_message_id(place)
        contents.unreadable.pop(place, None)
        try:
            meant = matcher is None or await matcher.matches_content(message_id)
            facts = await reader.facts_of(message_id)
        except ArchiveError as error:
            # Without the id, so that those with the same reason are one exception.
            contents.unreadable[place] = re.sub(rf"[Mm]essage {re.escape(message_id)}", "The message", str(error))
            return
        if facts.unread and wanted.needs_body:
            contents.give_up(place, f"The message was not read: {facts.unread}.")
            return

        contents.judged[place] = meant
        if matcher is not None and message_id in matcher.broken_off:
            contents.broken_off.add(message_id)
        if matcher is not None and message_id in matcher.only_hidden:
            contents.only_hidden.add(message_id)
        if meant:
            contents.facts[place] = facts

    with reader.batch():
        await _several_at_a_time(places, judge, len(columns), patience)


async def _several_at_a_time(
    places: Sequence[int], judge: Callable[[int], Awaitable[None]], total: int, patience: Patience
) -> None:
    """Judge these places, of `total` in all, until the time is up; several readers take the next place in turn."""
    left = iter(places)
    done = total - len(places)

    async def take_the_next() -> None:
        nonlocal done
        for place in left:
            await judge(place)
            done += 1
            await patience.say(f"{done:,} of {total:,} messages read")

    with anyio.move_on_after(max(patience.left, 0)):
        async with shared_connections(), anyio.create_task_group() as readers:
            for _ in range(FETCHED_AT_ONCE):
                readers.start_soon(take_the_next)
