"""Rows as the conversation that one of them belongs to. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mail_archive_tools.conversations.jwz import Container, Threadable, conversations
from mail_archive_tools.mime.fields.addresses import read_addresses
from mail_archive_tools.mime.fields.message_ids import answered_ids, message_ids
from mail_archive_tools.mime.fields.subjects import base_subject, is_answer
from mail_archive_tools.searching.gathering.copies import group_copies
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
        """The first row of a message; an empty one of a gap."""
        if node.letter is None:
            return {}
        return self.copies[node.letter.key][0]

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
        for row in rows:
            if "ArchivedMessageId" in row:
                self.rows[row["ArchivedMessageId"]] = row

    def tree(self) -> Tree:
        """The conversation of the message that was asked for, as far as it is known."""
        # The copy that came first stands for the message.
        in_order = sorted(self.rows.values(), key=_order)
        copies = {_key(group[0]): group for group in group_copies(in_order, lambda row: row)}
        roots = conversations(self._letter(group) for group in copies.values())

        asked = self._node_of_asked(roots, copies)
        return Tree(asked.root, asked, copies)

    def _node_of_asked(self, roots: list[Container], copies: dict[str, list[Row]]) -> Container:
        """Where the message that was asked for stands, or the message that it is a copy of."""
        for root in roots:
            for node, _ in root.walk():
                if node.letter is None:
                    continue
                if self.asked in map(_key, copies[node.letter.key]):
                    return node
        raise KeyError(self.asked)

    def unplaced(self) -> Iterator[str]:
        """The ids of messages that may belong to the conversation by their subject, and whose rows do not say where:
        their References would."""
        known: set[str] = set()
        for row in self.rows.values():
            known.update(message_ids(row.get("MessageId", "")))
        subjects = {subject_of(row) for row in self.tree().rows()}

        for key, row in self.rows.items():
            if key in self.references or subject_of(row) not in subjects:
                continue
            answered = row.get("InReplyTo", "")
            if not answered and not is_answer(row.get("Subject", "")):
                continue
            if known.isdisjoint(answered_ids(answered)):
                yield key

    def _letter(self, copies: list[Row]) -> Threadable:
        row = copies[0]
        key = _key(row)
        ids = message_ids(row.get("MessageId", ""))
        # What has no id is named by no other: a key of its own, which is no Message-ID.
        return Threadable(
            key=key,
            message_id=ids[0] if ids else f"\0{key}",
            references=self._references(copies),
            time=second_of(row),
            subject=subject_of(row),
            is_answer=is_answer(row.get("Subject", "")),
        )

    def _references(self, copies: list[Row]) -> tuple[str, ...]:
        """What a message names, as far as it is known: of any copy that was fetched, else of its row."""
        for row in copies:
            if _key(row) in self.references:
                return self.references[_key(row)]

        answered = answered_ids(copies[0].get("InReplyTo", ""))
        return tuple(answered[:1])


def second_of(row: Row) -> float:
    """When it was received, in seconds since 1970."""
    moment = row.get("ReceivedTimestamp")
    if moment is None:
        return 0.0
    return moment.timestamp()


def addresses_of(row: Row) -> list[str]:
    """The addresses in From, To and Cc, in lower case."""
    found: list[str] = []
    for value in (row.get("From", ""), row.get("To", ""), row.get("Cc", "")):
        for mailbox in read_addresses(value):
            if "@" in mailbox.address:
                found.append(mailbox.address.lower())
    return found


def subject_of(row: Row) -> str:
    """The subject without what answering and forwarding add: the same for a whole conversation."""
    return base_subject(row.get("Subject", "")).casefold()


def _key(row: Row) -> str:
    return str(row["ArchivedMessageId"])


def _order(row: Row) -> tuple[float, str]:
    return (second_of(row), _key(row))
