"""What differs between two messages, and how one came of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mail_archive_tools.comparing.quotations import LINE_MARKS
from mail_archive_tools.models.checking import (
    AttachmentDifference,
    HeaderDifference,
    MessageComparison,
    Relation,
    TextDifference,
    header_name,
)
from mail_archive_tools.untrusted import shorten

if TYPE_CHECKING:
    from mail_archive_tools.models.reading import About
    from mail_archive_tools.reading.fetching.messages import Fetched

COMPARED_WORDS = 20_000
"""Words of each text that are compared."""

SHOWN_DIFFERENCES = 20
_PIECE_BYTES = 300
_NEAR_WORDS = 6
_WORD = re.compile(r"\S+")
_LEAST_QUOTED = 40
"""Characters of a text that nobody writes a second time by chance."""
_ON_THE_WAY = frozenset({"Return-Path", "List-Id", "Resent-From"})
"""Fields that are added on the way."""


def compare(one: Fetched, other: Fetched) -> MessageComparison:
    """What differs between them. Takes a while where texts are long."""
    headers = list(_headers(one.reading.about, other.reading.about))
    files = list(_files(one.reading.about, other.reading.about))
    notes: list[str] = []

    texts = _texts(one.own_text, other.own_text)
    own_differ = texts.differ
    whole_differ = one.reading.text.whole != other.reading.text.whole
    if whole_differ and not own_differ:
        notes.append("The new texts are the same; what they quote differs.")
        texts = _texts(one.reading.text.whole, other.reading.text.whole)
    texts_differ = own_differ or whole_differ

    notes += texts.notes()
    for each in (one, other):
        if each.reading.unread:
            notes.append(f"Of message {each.archived_message_id} only header fields were read: {each.reading.unread}.")

    changed = [each.name for each in headers if each.name not in _ON_THE_WAY]
    relation, because = _relation(one, other, _Changes(changed, texts_differ, bool(files)))
    shown = texts.found[:SHOWN_DIFFERENCES]
    return MessageComparison(
        a=one.archived_message_id,
        b=other.archived_message_id,
        relation=relation,
        because=because,
        same_bytes=one.sha256 == other.sha256,
        same_text=not texts_differ,
        sha256_a=one.sha256,
        sha256_b=other.sha256,
        headers=headers or None,
        texts=shown or None,
        attachments=files or None,
        notes=notes or None,
    )


def _headers(one: About, other: About) -> Iterator[HeaderDifference]:
    """The header fields that differ, in the order of an answer."""
    for name, value in one.headers:
        its = getattr(other.headers, name)
        # An empty field says as much as none.
        is_in_neither = not value and not its
        if value != its and not is_in_neither:
            yield HeaderDifference(name=header_name(name), a=_shown(value), b=_shown(its))


def _shown(value: object) -> str | None:
    if not value:
        return None

    text = str(value)
    if isinstance(value, list):
        text = ", ".join(map(str, value))
    return shorten(text, _PIECE_BYTES)


class _Texts(NamedTuple):
    """How two texts differ: by which words, whether by any, and whether all words were compared."""

    found: list[TextDifference]
    differ: bool
    compared_all: bool

    def notes(self) -> Iterator[str]:
        """What of the texts is not compared, or not shown."""
        if len(self.found) > SHOWN_DIFFERENCES:
            yield f"Of {len(self.found)} differences of the texts {SHOWN_DIFFERENCES} are shown."
        if not self.compared_all:
            yield f"Of each text {COMPARED_WORDS:,} words were compared."


def _texts(one: str, other: str) -> _Texts:
    # Imported here: only this needs it.
    from rapidfuzz.distance import Levenshtein

    words, others = _WORD.findall(one), _WORD.findall(other)
    compared_all = max(len(words), len(others)) <= COMPARED_WORDS
    words, others = words[:COMPARED_WORDS], others[:COMPARED_WORDS]
    if words == others:
        # They may differ behind what is compared.
        return _Texts([], one.split() != other.split(), compared_all)

    found: list[TextDifference] = []
    for operation in Levenshtein.opcodes(words, others):
        if operation.tag == "equal":
            continue
        before = words[max(0, operation.src_start - _NEAR_WORDS) : operation.src_start]
        found.append(
            TextDifference(
                behind=_piece(before),
                a=_piece(words[operation.src_start : operation.src_end]),
                b=_piece(others[operation.dest_start : operation.dest_end]),
            )
        )
    return _Texts(found, True, compared_all)


def _piece(words: Sequence[str]) -> str | None:
    return shorten(" ".join(words), _PIECE_BYTES) or None


def _files(one: About, other: About) -> Iterator[AttachmentDifference]:
    """The attachments that only one of them has, by content."""
    mine, its = ({each.sha256: each for each in about.attachments} for about in (one, other))
    for owner, files, others in (("a", mine, its), ("b", its, mine)):
        names = {each.name for each in others.values()}
        for digest, file in files.items():
            if digest in others:
                continue
            what = "not in the other"
            if file.name and file.name in names:
                what = "the other has another content under this name"
            yield AttachmentDifference(only_in=owner, attachment_id=file.attachment_id, name=file.name, what=what)


class _Changes(NamedTuple):
    """What differs beside what is added on the way: the names of header fields, and whether texts and attachments
    do."""

    headers: list[str]
    texts: bool
    files: bool

    def parts(self) -> list[str]:
        parts = [*self.headers]
        if self.texts:
            parts.append("the text")
        if self.files:
            parts.append("the attachments")
        return parts


def _relation(one: Fetched, other: Fetched, changes: _Changes) -> tuple[Relation, list[str]]:
    """How one came of the other, and by what one knows. Message-IDs are the senders' own words."""
    if one.sha256 == other.sha256:
        return "identical", ["Their bytes are the same (SHA-256)."]

    message_id = one.reading.about.headers.message_id
    if message_id and message_id == other.reading.about.headers.message_id:
        relation, because = _of_one_id(one, other, changes.parts())
        return relation, ["They have the same Message-ID.", because]

    in_order, turned = ("a", one, other), ("b", other, one)
    for name, answer, original in (in_order, turned):
        field = _field_that_names(answer, original)
        if field:
            return "reply", [f"{name} names the other in {field}."]

    has_text = bool(one.own_text.strip())
    if has_text and not changes.texts and not changes.files:
        return "same text", ["Texts and attachments are the same; their Message-IDs differ."]
    for name, longer, shorter in (in_order, turned):
        inner = " ".join(shorter.own_text.split())
        if len(inner) >= _LEAST_QUOTED and inner in _without_marks(longer.reading.text.whole):
            return "quotes", [f"The whole text of the other stands in {name}."]
    return "different", ["Nothing names the one in the other."]


def _of_one_id(one: Fetched, other: Fetched, changed: list[str]) -> tuple[Relation, str]:
    if changed:
        return "changed", f"What differs beside what is added on the way: {', '.join(changed)}."

    # Who sends a message once more leaves its Message-ID as it is (RFC 5322, 3.6.6).
    resent = [name for name, each in (("a", one), ("b", other)) if each.reading.about.headers.resent_from]
    if resent:
        return "resent", f"{' and '.join(resent)} was sent once more (Resent-From)."
    return "copy", "Author, date, subject, text and attachments are the same."


def _field_that_names(answer: Fetched, original: Fetched) -> str | None:
    """The header field by which one message says that it answers the other."""
    message_id = original.reading.about.headers.message_id
    if not message_id:
        return None
    if message_id in answer.reading.in_reply_to:
        return "In-Reply-To"
    if message_id in answer.reading.references:
        return "References"
    return None


def _without_marks(text: str) -> str:
    return " ".join(LINE_MARKS.sub("", text).split())
