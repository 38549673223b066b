"""Terms, counted over what a search found: how many messages each of them hits, before any is read."""

from collections.abc import Callable, Sequence

from mail_archive_tools.counting.columns import Columns
from mail_archive_tools.mime.fields.headers import decode_words
from mail_archive_tools.models.summary import TermCount
from mail_archive_tools.service.shapes import Row
from mail_archive_tools.words.globs import folded

_VALUE_CHARS = 10_000


def hits_of(terms: Sequence[str]) -> Callable[[Row], int]:
    """Which of the terms stand in the From, To, Cc or Subject of a row: one bit for each."""
    wanted = [folded(term) for term in terms]

    def hits(row: Row) -> int:
        values = (row.get("From", ""), row.get("To", ""), row.get("Cc", ""), row.get("Subject", ""))
        # A line for each, since no term has a line break.
        text = "\n".join(folded(decode_words(value[:_VALUE_CHARS])) for value in values)
        found = 0
        for place, term in enumerate(wanted):
            if term in text:
                found |= 1 << place
        return found

    return hits


def count_terms(terms: Sequence[str], columns: Columns, places: Sequence[int]) -> tuple[list[TermCount], int]:
    """What each term hits among these rows, and how many messages any of them hits."""
    # By the number of a message: the terms that its copies have, and the conversation that it belongs to.
    hits: dict[int, int] = {}
    of_message: dict[int, int] = {}
    conversations = columns.conversations()
    for place in places:
        message = columns.message(place)
        hits[message] = hits.get(message, 0) | columns.hits(place)
        of_message.setdefault(message, conversations[place])

    counts = []
    for number, term in enumerate(terms):
        bit = 1 << number
        hit = [message for message, bits in hits.items() if bits & bit]
        alone = [message for message in hit if hits[message] == bit]
        met = {of_message[message] for message in hit}
        counts.append(TermCount(term=term, messages=len(hit), alone=len(alone), conversations=len(met)))
    return counts, sum(bits != 0 for bits in hits.values())
