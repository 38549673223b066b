"""What the service cannot search: patterns, Message-IDs and words of bodies, matched against what a search found."""

import re
from collections.abc import Callable

import anyio

from mail_archive_tools.errors import ArchiveError, InvalidArgument
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.reading.reader import Reader
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.untrusted import without_invisible

BODIES_AT_ONCE = 6
_VALUE_CHARS = 10_000
"""How much of a header value patterns are matched against."""
_SPACE = re.compile(r"\s+")

Test = Callable[[str], bool]
Verdict = bool | ArchiveError
"""Whether a row matches, or why its body cannot be read."""


class Matcher:
    """Decides which of the rows found are meant."""

    def __init__(self, wanted: FilterHere) -> None:
        """Raises:
        InvalidArgument: a value has nothing in it that could be matched.
        """
        _refuse_blank(wanted)
        self._ids = {_bare(each) for each in wanted.message_id or ()}
        self._headers = {"From": _patterns(wanted.sender), "Subject": _patterns(wanted.subject)}
        self._body = [_folded(each) for each in wanted.body or ()]

    @property
    def reads_bodies(self) -> bool:
        return bool(self._body)

    async def judge(self, rows: list[Row], reader: Reader) -> list[Verdict]:
        """The verdict on each row. Bodies are read of those only that match otherwise."""
        verdicts: list[Verdict] = [self._matches_row(row) for row in rows]
        if not self.reads_bodies:
            return verdicts
        at_once = anyio.CapacityLimiter(BODIES_AT_ONCE)

        async def read(place: int) -> None:
            async with at_once:
                verdicts[place] = await self._matches_body(rows[place], reader)

        async with anyio.create_task_group() as readers:
            for place, verdict in enumerate(verdicts):
                if verdict is True:
                    readers.start_soon(read, place)
        return verdicts

    def _matches_row(self, row: Row) -> bool:
        if self._ids and _bare(row.get("MessageId", "")) not in self._ids:
            return False
        for name, tests in self._headers.items():
            value = _folded(decode_words(str(row.get(name, ""))))[:_VALUE_CHARS]
            if tests and not any(test(value) for test in tests):
                return False
        return True

    async def _matches_body(self, row: Row, reader: Reader) -> Verdict:
        try:
            fetched = await reader.message(row.get("ArchivedMessageId", ""))
        except ArchiveError as error:
            return error
        text = _folded(fetched.message.text.text)
        return any(word in text for word in self._body)


def pattern(glob: str) -> Test:
    """A test for whole values: * stands for any characters, ? for one. In time proportional to the value's length
    for each *, since values are what strangers write."""
    first, *others = [".".join(map(re.escape, piece.split("?"))) for piece in _folded(glob).split("*")]
    if not others:
        whole = re.compile(first)
        return lambda value: whole.fullmatch(value) is not None
    # The leftmost place of each piece leaves the most room for those behind it; the last one stands at the end.
    steps = [re.compile(piece) for piece in [*others[:-1], rf"(?:{others[-1]})\Z"]]
    begin = re.compile(first)

    def matches(value: str) -> bool:
        found = begin.match(value)
        for step in steps:
            found = step.search(value, found.end()) if found else None
        return found is not None

    return matches


def _refuse_blank(wanted: FilterHere) -> None:
    for name, values in wanted:
        if any(not _bare(_folded(value)) for value in values or ()):
            raise InvalidArgument(
                f"filter_here.{name} has a value with nothing in it that could be matched. Leave it out."
            )


def _patterns(globs: list[str] | None) -> list[Test]:
    return [pattern(each) for each in globs or ()]


def _folded(text: str) -> str:
    return _SPACE.sub(" ", without_invisible(text)).casefold().strip()


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>").strip()
