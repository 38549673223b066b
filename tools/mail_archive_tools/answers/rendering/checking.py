"""Checks as text: a line or two for each quotation, and the differences of two messages."""

from collections.abc import Iterator

from mail_archive_tools.answers.rendering.base import from_mail, line_by_line, marked, number_of
from mail_archive_tools.models import CheckedQuotations, MessageComparison
from mail_archive_tools.models.checking import CheckedQuotation, TextDifference


@line_by_line
def _quotations(result: CheckedQuotations) -> Iterator[str]:
    yield result.warning
    yield f"{result.found} of {number_of(len(result.quotations), 'quotation')} found."
    if not result.complete:
        yield "Not all could be checked, or not in all of their message: see there."
    yield from result.notes or ()
    yield from_mail(_checked(result))


def _checked(result: CheckedQuotations) -> Iterator[str]:
    for number, each in enumerate(result.quotations, 1):
        yield f"{number}. Message {each.archived_message_id}: {each.result}"
        if each.exactly is True:
            yield "As it is."
        elif each.exactly is False:
            yield "White space, quotation marks or case differ."
        # Each line marked, so that none can pass for another quotation's.
        yield from marked(_about_one(each))


def _about_one(each: CheckedQuotation) -> Iterator[str]:
    if each.why:
        yield each.why
    yield from each.doubts or ()
    if each.where:
        yield f"Where: {each.where}"
    if each.nearest:
        yield f"Nearest passage ({each.likeness} of 100): {each.nearest}"
    for name in each.not_looked_at or ():
        yield f"Not looked at: {name}"


@line_by_line
def _comparison(result: MessageComparison) -> Iterator[str]:
    yield result.warning
    yield f"a: message {result.a}, SHA-256 {result.sha256_a}"
    yield f"b: message {result.b}, SHA-256 {result.sha256_b}"
    yield f"Relation: {result.relation}"
    yield from result.because
    yield f"Texts: {'the same' if result.same_text else 'they differ'}"
    yield from result.notes or ()

    lines = list(_differences(result))
    if lines:
        yield from_mail(lines)


def _differences(result: MessageComparison) -> Iterator[str]:
    for field in result.headers or ():
        yield f"{field.name}: a: {field.a or '-'} | b: {field.b or '-'}"
    for text in result.texts or ():
        yield f"Text: {_changed_words(text)}"
    for file in result.attachments or ():
        name = file.name or "without a name"
        yield f"Attachment {file.attachment_id} of {file.only_in}: {name}: {file.what}"


def _changed_words(text: TextDifference) -> str:
    """As `git diff --word-diff` shows them: `[-removed-]{+added+}`."""
    words = ""
    if text.behind:
        words += f"… {text.behind} "
    if text.a:
        words += f"[-{text.a}-]"
    if text.b:
        words += f"{{+{text.b}+}}"
    return words
