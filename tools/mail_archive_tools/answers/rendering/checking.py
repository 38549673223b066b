"""Checks as text: a line or two for each quotation, and the differences of two messages."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import from_mail, line_by_line, marked, number_of
from mail_archive_tools.models import CheckedQuotations, MessageComparison


@line_by_line
def _quotations(result: CheckedQuotations) -> Iterator[str]:
    yield result.warning
    yield f"{result.found} of {number_of(len(result.quotations), 'quotation')} found."
    if not result.complete:
        yield "Not all could be checked, or not in all of their message: see there."
    yield from result.notes or ()
    yield from_mail(_each_of(result))


def _each_of(result: CheckedQuotations) -> Iterator[str]:
    for number, each in enumerate(result.quotations, 1):
        yield f"{number}. Message {each.archived_message_id}: {each.result}"
        if each.exactly is not None:
            yield "As it is." if each.exactly else "White space, quotation marks or case differ."
        lines = [each.why] if each.why else []
        lines += each.doubts or ()
        lines += [f"Where: {each.where}"] if each.where else []
        lines += [f"Nearest passage ({each.likeness} of 100): {each.nearest}"] if each.nearest else []
        lines += [f"Not looked at: {name}" for name in each.not_looked_at or ()]
        # Each line marked, so that none can pass for another quotation's.
        yield from marked(lines)


@line_by_line
def _comparison(result: MessageComparison) -> Iterator[str]:
    yield result.warning
    yield f"a: message {result.a}, SHA-256 {result.sha256_a}"
    yield f"b: message {result.b}, SHA-256 {result.sha256_b}"
    yield f"Relation: {result.relation}"
    yield from result.because
    yield f"Texts: {'the same' if result.same_text else 'they differ'}"
    yield from result.notes or ()
    lines = [f"{each.name}: a: {each.a or '-'} | b: {each.b or '-'}" for each in result.headers or ()]
    for difference in result.texts or ():
        behind = f"… {difference.behind} " if difference.behind else ""
        removed = f"[-{difference.a}-]" if difference.a else ""
        added = f"{{+{difference.b}+}}" if difference.b else ""
        lines.append(f"Text: {behind}{removed}{added}")
    lines += [
        f"Attachment {each.attachment_id} of {each.only_in}: {each.name or 'without a name'}: {each.what}"
        for each in result.attachments or ()
    ]
    if lines:
        yield from_mail(lines)
