"""What a summary needs to know of each row, in a few bytes: a row is read once, however it is grouped afterwards. Pure.

Forty thousand rows take less than 20 MB: names, subjects and lists of recipients are kept once each, rows are numbers.
"""

from array import array
from collections.abc import Callable, Iterable
from functools import lru_cache

from mail_archive_tools.mime.fields.addresses import Mailbox, read_addresses, read_authors
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from mail_archive_tools.searching.gathering.copies import same_message
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.untrusted import clean_line, shorten

NOBODY = "(no address)"
NO_SUBJECT = "(no subject)"
NAME_BYTES = 1_000
"""How much of a value tells it from others, in bytes of UTF-8."""
_RECIPIENTS = 200
"""Recipients of one row that are counted at most."""
_NO_TIME = -(2**62)


class Columns:
    """Columns: one place for each row, in the order that they came in."""

    def __init__(self, hits: Callable[[Row], int] = lambda row: 0) -> None:
        """`hits` tells of a row which terms it has, one bit for each."""
        self._hits_of = hits
        self._hits = array("Q")
        self._message_ids = array("q")
        self._answered = array("q")
        self._answers = array("b")
        self._milliseconds = array("q")
        self._messages = array("L")
        self._senders = array("L")
        self._subjects = array("L")
        self._recipients: list[tuple[int, ...]] = []
        self._attachments = array("b")
        self._sources = array("b")
        self._ids: list[str] = []
        self._names = _Names()
        self._message_numbers: dict[int, int] = {}
        self._recipient_lists: dict[tuple[int, ...], tuple[int, ...]] = {}

    def __len__(self) -> int:
        # The column that a row is added to last, so that another thread sees whole rows only.
        return len(self._sources)

    def add(self, rows: Iterable[Row]) -> None:
        """Note what is worth knowing of these rows."""
        for row in rows:
            self._milliseconds.append(_millisecond(row))
            self._messages.append(self._message(row))
            self._senders.append(self._names.number(_sender(row.get("From", ""))))
            self._subjects.append(self._names.number(_subject(row.get("Subject", ""))))
            recipients = tuple(map(self._names.number, _recipients(row)))
            # Lists that are the same are kept once: many messages go to the same people.
            self._recipients.append(self._recipient_lists.setdefault(recipients, recipients))
            self._attachments.append(_attachment(row.get("HasAttachments")))
            self._hits.append(self._hits_of(row))
            self._message_ids.append(_id(message_ids(row.get("MessageId", ""))))
            self._answered.append(_id(answered_ids(row.get("InReplyTo", ""))))
            self._answers.append(is_answer(row.get("Subject", "")))
            self._ids.append(row.get("ArchivedMessageId", ""))
            self._sources.append(_source(row))

    @property
    def messages(self) -> int:
        """How many messages the rows are of, copies counted once."""
        return len(self._message_numbers)

    def message(self, place: int) -> int:
        """The number of the message that the row is a copy of."""
        return self._messages[place]

    def second(self, place: int) -> float | None:
        """When it was received, in seconds since 1970."""
        millisecond = self._milliseconds[place]
        if millisecond == _NO_TIME:
            return None
        return millisecond / 1000

    def sender(self, place: int) -> str:
        return self._names.name(self._senders[place])

    def recipients(self, place: int) -> list[str]:
        return [self._names.name(number) for number in self._recipients[place]]

    def subject(self, place: int) -> str:
        """Without what answering and forwarding add."""
        return self._names.name(self._subjects[place])

    def archived_message_id(self, place: int) -> str:
        return self._ids[place]

    def hits(self, place: int) -> int:
        """The terms that it has, one bit for each."""
        return self._hits[place]

    def conversations(self) -> list[int]:
        """For each row a number that is the same for all of its conversation: an answer belongs to what it answers, or
        where that is not among the rows, to the first row with its subject."""
        with_id: dict[int, int] = {}
        for place, message_id in enumerate(self._message_ids):
            if message_id:
                with_id.setdefault(message_id, place)
        first: dict[int, int] = {}
        for place in sorted(range(len(self)), key=self._milliseconds.__getitem__):
            first.setdefault(self._subjects[place], place)

        # Sets that are joined: each row leads to another of its set, and the last of them to itself.
        conversations = list(range(len(self)))

        def root(place: int) -> int:
            while conversations[place] != place:
                # Shorten the way for who comes next.
                conversations[place] = conversations[conversations[place]]
                place = conversations[place]
            return place

        for place in range(len(self)):
            same = with_id.get(self._message_ids[place], place)
            conversations[root(place)] = root(same)

            answered = self._answered[place]
            if answered in with_id:
                conversations[root(place)] = root(with_id[answered])
            elif answered or self._answers[place]:
                conversations[root(place)] = root(first[self._subjects[place]])

        return [root(place) for place in range(len(self))]

    def attachment(self, place: int) -> str:
        return ("without", "with", "unknown")[self._attachments[place]]

    def source(self, place: int) -> str:
        return ("received", "sent", "unknown")[self._sources[place]]

    def _message(self, row: Row) -> int:
        # What says too little to be told as a copy of another is a message by itself.
        key = hash((len(self), "no copy"))
        same = same_message(row)
        if same is not None:
            key = hash(same)
        return self._message_numbers.setdefault(key, len(self._message_numbers))


def _millisecond(row: Row) -> int:
    """When it was received, in milliseconds since 1970."""
    moment = row.get("ReceivedTimestamp")
    if moment is None:
        return _NO_TIME
    return int(moment.timestamp() * 1000)


def _id(found: list[str]) -> int:
    """What tells the first Message-ID from others; 0: there is none."""
    if not found:
        return 0
    return hash(found[0])


class _Names:
    """Each text once, known by its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []

    def number(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number

    def name(self, number: int) -> str:
        return self._texts[number]


@lru_cache(maxsize=2_000)
def _sender(value: str) -> str:
    return next(map(_name, read_authors(value)), NOBODY)


@lru_cache(maxsize=2_000)
def _subject(value: str) -> str:
    return shorten(clean_line(base_subject(value)), NAME_BYTES) or NO_SUBJECT


def _attachment(has_attachments: bool | None) -> int:
    """0: without, 1: with, -1: the row does not say."""
    if has_attachments is None:
        return -1
    return int(has_attachments)


def _recipients(row: Row) -> list[str]:
    """Those of To and Cc, or of the envelope where the headers name nobody: each once."""
    named = [*_mailboxes(row.get("To", "")), *_mailboxes(row.get("Cc", ""))]
    if not named:
        named = [each.lower() for each in row.get("Envelope", {}).get("To", [])]
    if not named:
        return [NOBODY]

    shown = [shorten(clean_line(each), NAME_BYTES) for each in named[:_RECIPIENTS]]
    return list(dict.fromkeys(shown))


@lru_cache(maxsize=2_000)
def _mailboxes(value: str) -> tuple[str, ...]:
    # A group without members has a name alone: "undisclosed-recipients:;" (RFC 5322, 3.4).
    return tuple(_name(mailbox) for mailbox in read_addresses(value) if mailbox.address)


def _name(mailbox: Mailbox) -> str:
    written = decode_words(mailbox.address or mailbox.name)
    return shorten(clean_line(written).lower(), NAME_BYTES) or NOBODY


def _source(row: Row) -> int:
    """0: received, 1: sent, -1: the row does not say. By the ARN of what archived it: a rule set, or a configuration
    set's archive; mail archived before there was one has an ingress point, if it was received."""
    arn = row.get("SourceArn", "")
    if "rule-set/" in arn or row.get("IngressPointId"):
        return 0
    if arn:
        return 1
    return -1


def domain_of(name: str) -> str:
    """The domain of an address as `Columns` gives it."""
    if "@" not in name:
        return NOBODY
    return name.rpartition("@")[2]
