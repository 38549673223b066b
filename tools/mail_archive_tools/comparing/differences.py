"""What differs between two messages, and how one came of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

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
    texts, differing, compared_all = _texts(one.own_text, other.own_text)
    quoted_too = one.reading.text.whole != other.reading.text.whole
    files = list(_files(one.reading.about, other.reading.about))
    relation, because = _relation(one, other, headers, bool(differing) or quoted_too, files)
    notes = []
    if not differing and quoted_too:
        notes.append("The new texts are the same; what they quote differs.")
        texts, _, compared_all = _texts(one.reading.text.whole, other.reading.text.whole)
    if len(texts) > SHOWN_DIFFERENCES:
        notes.append(f"Of {len(texts)} differences of the texts {SHOWN_DIFFERENCES} are shown.")
    if not compared_all:
        notes.append(f"Of each text {COMPARED_WORDS:,} words were compared.")
    for each in (one, other):
        if each.reading.unread:
            notes.append(f"Of message {each.archived_message_id} only header fields were read: {each.reading.unread}.")
    return MessageComparison(
        a=one.archived_message_id,
        b=other.archived_message_id,
        relation=relation,
        because=because,
        same_bytes=one.sha256 == other.sha256,
        same_text=not differing and not quoted_too,
        sha256_a=one.sha256,
        sha256_b=other.sha256,
        headers=headers or None,
        texts=texts[:SHOWN_DIFFERENCES] or None,
        attachments=files or None,
        notes=notes or None,
    )


def _headers(one: About, other: About) -> Iterator[HeaderDifference]:
    """The header fields that differ, in the order of an answer."""
    for name, value in one.headers:
        its = getattr(other.headers, name)
        if value != its and (value or its):
            yield HeaderDifference(name=header_name(name), a=_shown(value), b=_shown(its))


def _shown(value: object) -> str | None:
    if not value:
        return None
    return shorten(", ".join(map(str, value)) if isinstance(value, list) else str(value), _PIECE_BYTES)


def _texts(one: str, other: str) -> tuple[list[TextDifference], bool, bool]:
    """The words that differ, whether any do, and whether all were compared."""
    # Imported here: only this needs it.
    from rapidfuzz.distance import Levenshtein

    words, others = _WORD.findall(one), _WORD.findall(other)
    compared_all = max(len(words), len(others)) <= COMPARED_WORDS
    words, others = words[:COMPARED_WORDS], others[:COMPARED_WORDS]
    if words == others:
        return [], one.split() != other.split(), compared_all
    found = []
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
    return found, True, compared_all


def _piece(words: Sequence[str]) -> str | None:
    return shorten(" ".join(words), _PIECE_BYTES) or None


def _files(one: About, other: About) -> Iterator[AttachmentDifference]:
    """The attachments that only one of them has, by content."""
    mine, its = ({each.sha256: each for each in about.attachments} for about in (one, other))
    for owner, files, others in (("a", mine, its), ("b", its, mine)):
        for digest, file in files.items():
            if digest not in others:
                namesake = any(each.name and each.name == file.name for each in others.values())
                what = "the other has another content under this name" if namesake else "not in the other"
                yield AttachmentDifference(only_in=owner, attachment_id=file.attachment_id, name=file.name, what=what)


def _relation(
    one: Fetched, other: Fetched, headers: list[HeaderDifference], texts_differ: bool, files: list[AttachmentDifference]
) -> tuple[Relation, list[str]]:
    """How one came of the other, and by what one knows. Message-IDs are the senders' own words."""
    if one.sha256 == other.sha256:
        return "identical", ["Their bytes are the same (SHA-256)."]
    ids = [each.reading.about.headers.message_id for each in (one, other)]
    because: list[str] = []
    if ids[0] and ids[0] == ids[1]:
        because.append("They have the same Message-ID.")
        changed = [each.name for each in headers if each.name not in _ON_THE_WAY]
        resent = [name for name, each in (("a", one), ("b", other)) if each.reading.about.headers.resent_from]
        if changed or texts_differ or files:
            parts = [*changed, *(["the text"] if texts_differ else []), *(["the attachments"] if files else [])]
            return "changed", [*because, f"What differs beside what is added on the way: {', '.join(parts)}."]
        if resent:
            return "resent", [*because, f"{' and '.join(resent)} was sent once more (Resent-From)."]
        return "copy", [*because, "Author, date, subject, text and attachments are the same."]
    for name, answer, original in (("a", one, other), ("b", other, one)):
        original_id = original.reading.about.headers.message_id
        if original_id and original_id in answer.reading.in_reply_to:
            return "reply", [f"{name} names the other in In-Reply-To."]
        if original_id and original_id in answer.reading.references:
            return "reply", [f"{name} names the other in References."]
    if not texts_differ and not files and one.own_text.strip():
        return "same text", ["Texts and attachments are the same; their Message-IDs differ."]
    for name, longer, shorter in (("a", one, other), ("b", other, one)):
        inner = " ".join(shorter.own_text.split())
        if len(inner) >= _LEAST_QUOTED and inner in _without_marks(longer.reading.text.whole):
            return "quotes", [f"The whole text of the other stands in {name}."]
    return "different", ["Nothing names the one in the other."]


def _without_marks(text: str) -> str:
    return " ".join(LINE_MARKS.sub("", text).split())
