"""Rows as the conversation that one of them belongs to. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mail_archive_tools.conversations.jwz import Container, Threadable, conversations
from mail_archive_tools.mime.fields.addresses import read_addresses
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from mail_archive_tools.searching.copies import group_copies
from mail_archive_tools.service.shapes import Row


@dataclass(frozen=True)
class Tree:
    """A conversation: its beginning, the message that was asked for, and each message's rows, copies among them."""

    root: Container
    asked: Container
    copies: dict[str, list[Row]]

    def rows(self) -> list[Row]:
        """The first row of each message, answers behind what they answer."""
        return [self.row(node) for node, _ in self.root.walk() if node.letter]

    def row(self, node: Container) -> Row:
        return self.copies[node.letter.key][0] if node.letter else {}

    @property
    def begins_missing(self) -> bool:
        """Whether the beginning was not found. Other gaps lie within the time of what was."""
        return self.root.letter is None


@dataclass
class KnownMessages:
    """What is known so far: rows by ArchivedMessageId, and the References of messages that were fetched."""

    asked: str
    rows: dict[str, Row] = field(default_factory=dict)
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, rows: list[Row]) -> None:
        self.rows |= {row["ArchivedMessageId"]: row for row in rows if "ArchivedMessageId" in row}

    def tree(self) -> Tree:
        """The conversation of the message that was asked for, as far as it is known."""
        in_order = sorted(self.rows.values(), key=_order)
        copies = {_key(group[0]): group for group in group_copies(in_order, lambda row: row)}
        mine = next(key for key, group in copies.items() if any(_key(row) == self.asked for row in group))
        roots = conversations(self._letter(group) for group in copies.values())
        nodes = (node for root in roots for node, _ in root.walk())
        asked = next(node for node in nodes if node.letter and node.letter.key == mine)
        return Tree(asked.root, asked, copies)

    def unplaced(self) -> Iterator[str]:
        """The ids of messages that may belong to the conversation by their subject, and whose rows do not say where:
        their References would."""
        known = {each for row in self.rows.values() for each in message_ids(row.get("MessageId", ""))}
        subjects = {_subject(row) for row in self.tree().rows()}
        for key, row in self.rows.items():
            answers = row.get("InReplyTo") or is_answer(row.get("Subject", ""))
            placed = known.intersection(answered_ids(row.get("InReplyTo", "")))
            if key not in self.references and answers and not placed and _subject(row) in subjects:
                yield key

    def _letter(self, copies: list[Row]) -> Threadable:
        row = copies[0]
        ids = message_ids(row.get("MessageId", ""))
        fetched = (self.references[_key(each)] for each in copies if _key(each) in self.references)
        return Threadable(
            key=_key(row),
            message_id=ids[0] if ids else f"\0{_key(row)}",
            references=next(fetched, tuple(answered_ids(row.get("InReplyTo", ""))[:1])),
            time=second_of(row),
            subject=_subject(row),
            is_answer=is_answer(row.get("Subject", "")),
        )


def second_of(row: Row) -> float:
    """When it was received, in seconds since 1970."""
    moment = row.get("ReceivedTimestamp")
    return moment.timestamp() if moment else 0.0


def addresses_of(row: Row) -> list[str]:
    """The addresses in From, To and Cc, in lower case."""
    fields = (row.get("From", ""), row.get("To", ""), row.get("Cc", ""))
    return [mailbox.address.lower() for value in fields for mailbox in read_addresses(value) if "@" in mailbox.address]


def _subject(row: Row) -> str:
    return base_subject(row.get("Subject", "")).casefold()


def _key(row: Row) -> str:
    return str(row["ArchivedMessageId"])


def _order(row: Row) -> tuple[float, str]:
    return (second_of(row), _key(row))
