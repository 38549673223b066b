"""Quotations, and one message beside another, over the local archive."""

import json
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.check import check_quotations, compare_archive_messages
from mail_archive_tools.comparing.quotations import nearest, standing
from mail_archive_tools.errors import ArchiveError
from mail_archive_tools.models.checking import CheckedQuotation, Quotation
from mail_archive_tools.reading.links import no_link
from tests.conftest import Sample
from tests.pace import worktime
from tests.tools.documents.test_planted import planted
from tests.tools.test_messages import put

pytestmark = pytest.mark.anyio

DATE = "Tue, 1 Apr 2025 10:00:00 +0000"
TEXT = (
    "Dear Ann,\n\nthe sum is “12,000 Euro”,\nto be paid by Friday. Nothing else was agreed.\n\n"
    "On Monday, 3 March 2025, Ann <ann@b.example> wrote:\n> we never received\n> the second invoice\n"
)


def message(text: str = TEXT, *files: tuple[str, str, bytes], **headers: str) -> bytes:
    made = EmailMessage()
    fields = {"From": "Bob <bob@c.example>", "To": "Ann <ann@b.example>", "Subject": "The offer", "Date": DATE}
    for name, value in {**fields, "Message-ID": "<1@c.example>", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    for name, kind, content in files:
        main, sub = kind.split("/")
        made.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return made.as_bytes()


@pytest.fixture
def access(own_sample: Sample) -> Access:
    return open_access(Settings(local=own_sample.folder))


async def check(access: Access, message_id: str, *quotations: str) -> list[CheckedQuotation]:
    wanted = [Quotation(archived_message_id=message_id, quotation=each) for each in quotations]
    return (await check_quotations(wanted, access=access)).quotations


@pytest.mark.parametrize(
    ("quotation", "result", "exactly"),
    [
        ("to be paid by Friday.", "verbatim", None),
        ("the sum is “12,000 Euro”,\nto be paid", "verbatim", None),
        ('THE SUM IS "12,000 Euro", to be paid by friday', "nearly verbatim", None),
        ("the sum is … to be paid", "verbatim", None),
        ("the sum is [...] nothing ELSE", "nearly verbatim", None),
        ("to be paid … the sum is", "not found", None),
        ("the second invoice", "in quoted text only", True),
        ("we never received the second invoice", "in quoted text only", False),
        ("The offer", "in a header field", True),
        ("bob@c.example", "in a header field", True),
        ("2025-04-01T10:00:00", "in a header field", True),
        ("due on 14 March", "in an attachment", True),
        ("price of  the   Crane", "in an attachment", False),
        ("the sum is 21,000 Euro", "not found", None),
        ("[3 quoted lines]", "not found", None),
        ("was agreed. [3 quoted lines]", "not found", None),
        ("…", "not found", None),
    ],
)
async def test_where_a_quotation_stands(
    access: Access, own_sample: Sample, quotation: str, result: str, exactly: bool | None
) -> None:
    files = (
        ("letter.docx", "application/octet-stream", planted("letter.docx")),
        ("a.txt", "text/plain", b"The price of the crane"),
    )
    message_id = put(own_sample, message(TEXT, *files))
    (checked,) = await check(access, message_id, quotation)
    assert (checked.result, checked.exactly) == (result, exactly)
    if result == "in an attachment":
        assert checked.where in ("attachment 2 (letter.docx)", "attachment 3 (a.txt)")
    if result == "not found" and quotation != "…":
        assert checked.nearest and checked.likeness and checked.likeness < 100


async def test_what_is_not_found_comes_with_the_nearest_passage_and_what_was_not_looked_at(
    access: Access, own_sample: Sample
) -> None:
    files = (("locked.docx", "application/octet-stream", planted("locked.docx")), ("x.bin", "a/b", b"\0\1"))
    message_id = put(own_sample, message(TEXT, *files))
    (checked,) = await check(access, message_id, "to be paid by Sunday")
    assert checked.nearest == "to be paid by Friday." and checked.likeness and checked.likeness > 75
    assert checked.not_looked_at and len(checked.not_looked_at) == 2
    assert checked.not_looked_at[0].startswith("attachment 2 (locked.docx): The file is encrypted")
    wanted = [Quotation(archived_message_id=message_id, quotation="to be paid by Sunday")]
    text = render(await check_quotations(wanted, access=access))
    assert "0 of 1 quotation found." in text and "Nearest passage (" in text
    assert "Not looked at: attachment 2 (locked.docx): The file is encrypted" in text


async def test_a_file_that_was_read_in_part_may_have_it(access: Access, own_sample: Sample) -> None:
    long = b"words that are no quotation\n" * 400_000
    message_id = put(own_sample, message(TEXT, ("long.txt", "text/plain", long)))
    (checked,) = await check(access, message_id, "what stands at its very end")
    assert checked.result == "not found" and checked.not_looked_at
    assert "attachment 2 (long.txt): " in checked.not_looked_at[0] and "left out" in checked.not_looked_at[0]


async def test_a_message_that_cannot_be_read_is_said_to_be_unread(access: Access, own_sample: Sample) -> None:
    message_id = put(own_sample, message())
    wanted = [
        Quotation(archived_message_id="nothing", quotation="x"),
        Quotation(archived_message_id=message_id, quotation="to be paid by Friday."),
    ]
    result = await check_quotations(wanted, access=access)
    assert [each.result for each in result.quotations] == ["not read", "verbatim"] and result.found == 1
    assert result.quotations[0].why and "nothing" in result.quotations[0].why
    access.reader.messages.forget(message_id)
    access.reader.may_download = no_link
    with pytest.raises(ArchiveError, match="link"):
        await check(access, message_id, "to be paid by Friday.")
    none_left = await check_quotations(
        wanted[1:], wait_seconds=0, access=open_access(Settings(local=own_sample.folder))
    )
    assert none_left.quotations[0].result == "not read" and "no time left" in (none_left.quotations[0].why or "")


def parts(*, closed: bool) -> bytes:
    raw = message("First words.\n", ("a.txt", "text/plain", b"of a file\n"))
    return raw if closed else raw[: raw.rindex(b"\n--")]


CUT = {
    "without its last boundary": (parts(closed=False), "its last boundary is missing"),
    "in the middle of a part": (parts(closed=True)[:-120], "its last boundary is missing"),
    "behind its header section": (parts(closed=True).partition(b"\n\n")[0] + b"\n\n", "a multipart without a body"),
    "before its first part": (parts(closed=True).partition(b"\n--")[0] + b"\nwords\n", "its boundary is missing"),
    "in its base64": (
        b"From: a@b.example\nSubject: x\nContent-Transfer-Encoding: base64\n\n" + b"d29y" * 40 + b"Z",
        "its base64 is broken off",
    ),
}


@pytest.mark.parametrize("name", CUT)
async def test_what_a_message_that_breaks_off_does_not_have_could_not_be_checked(
    access: Access, own_sample: Sample, name: str
) -> None:
    raw, why = CUT[name]
    message_id = put(own_sample, raw)
    result = await check_quotations(
        [Quotation(archived_message_id=message_id, quotation="what stood behind it")], access=access
    )
    (checked,) = result.quotations
    assert checked.result == "not read" and result.complete is False
    assert (checked.why or "").startswith("It could not be checked. The message breaks off: ") and why in str(
        checked.why
    )
    assert checked.doubts is None and "The message breaks off" in render(result)
    # The next call has it anew: it may be the download that was cut.
    assert access.reader.messages.kept(message_id) is None


async def test_what_a_message_that_breaks_off_has_is_found_with_a_word_on_it(
    access: Access, own_sample: Sample
) -> None:
    (checked,) = await check(access, put(own_sample, parts(closed=False)), "First words.")
    assert checked.result == "verbatim"
    assert checked.doubts == ["The message breaks off: structure: it breaks off: its last boundary is missing."]


async def test_a_whole_message_is_in_no_doubt(access: Access, own_sample: Sample) -> None:
    (checked,) = await check(access, put(own_sample, parts(closed=True)), "what nobody wrote")
    assert checked.result == "not found" and checked.doubts is None


async def test_words_that_are_not_found_in_a_message_without_text_come_with_a_word_on_it(
    access: Access, own_sample: Sample
) -> None:
    message_id = put(own_sample, message().partition(b"\n\n")[0] + b"\n\n")
    (checked,) = await check(access, message_id, "what nobody wrote")
    assert checked.result == "not found"
    assert checked.doubts == ["The message has no text: it may be that no more than its header fields came."]


async def test_words_that_are_not_found_in_a_body_that_was_not_signed_so_come_with_a_word_on_it(
    access: Access, own_sample: Sample
) -> None:
    tags = "v=1; a=rsa-sha256; d=c.example; s=x; h=from:subject; bh=" + "A" * 43 + "=; b=" + "A" * 43 + "="
    message_id = put(own_sample, message(DKIM_Signature=tags))
    (checked,) = await check(access, message_id, "what nobody wrote")
    assert checked.result == "not found" and "(DKIM)" in " ".join(checked.doubts or [])
    (checked,) = await check(access, message_id, "to be paid by Friday.")
    assert checked.result == "verbatim" and checked.doubts is None


async def test_a_multipart_that_ends_with_the_one_around_it_breaks_off_nowhere(
    access: Access, own_sample: Sample
) -> None:
    inner = b"Content-Type: multipart/alternative; boundary=i\n\n--i\n\nwords\n"
    raw = b"From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=o\n\n--o\n" + inner + b"--o--\n"
    (checked,) = await check(access, put(own_sample, raw), "what nobody wrote")
    assert checked.result == "not found"


@pytest.mark.parametrize(("words", "result"), [("to be paid by Friday.", "verbatim"), ("by Sunday", "not found")])
async def test_a_row_that_shows_another_subject_is_told_beside_the_verdict(
    access: Access, own_sample: Sample, words: str, result: str
) -> None:
    message_id = put(own_sample, message())
    row = {"ArchivedMessageId": message_id, "Subject": "Another", "From": "Bob <bob@c.example>", "Date": DATE}
    access.reader.told.note([row], own_sample.archive_id)  # type: ignore[list-item]
    (checked,) = await check(access, message_id, words)
    assert checked.result == result
    assert checked.doubts == ["The search shows another Subject than the message."]
    wanted = [Quotation(archived_message_id=message_id, quotation=words)]
    assert "The search shows another Subject" in render(await check_quotations(wanted, access=access))


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_words_in_any_text(words: str, text: str) -> None:
    found = standing(words, text)
    assert found is None or not found.exactly or words.strip()
    near = nearest(words, text)
    assert near is None or 0 <= near.likeness <= 100


def test_time_is_short_for_long_texts() -> None:
    text = "the sum of the offer is nothing " * 30_000
    with worktime() as taken:
        assert standing("of the offer " * 150, text) is None
        assert nearest("off of the " * 180, text) is not None
    assert taken.seconds < 4


# One message beside another


@pytest.mark.parametrize(
    ("one", "other", "relation", "because"),
    [
        (message(), message(), "identical", "Their bytes are the same"),
        (message(), message(Received="from a by b; " + DATE), "copy", "Author, date, subject, text"),
        (message(), message(Resent_From="carl@d.example"), "resent", "b was sent once more (Resent-From)."),
        (message(), message(TEXT.replace("12", "21")), "changed", "differs beside what is added on the way: the text."),
        (message(), message(Subject="Another offer"), "changed", "on the way: Subject."),
        (message(), message(TEXT, ("a.txt", "text/plain", b"x")), "changed", "the attachments."),
        (message(), message("Yes.", **{"Message-ID": "<2@b.example>", "In-Reply-To": "<1@c.example>"}), "reply",
         "b names the other in In-Reply-To."),
        (message(), message("Yes.", References="<1@c.example>", **{"Message-ID": "<2@b.example>"}), "reply",
         "b names the other in References."),
        (message(), message(**{"Message-ID": "<2@b.example>"}), "same text", "their Message-IDs differ"),
        (message("A text that is long enough to be told apart from others."),
         message("See:\n> A text that is long enough\n> to be told apart from others.\n", **{"Message-ID": "<2@b>"}),
         "quotes", "The whole text of the other stands in b."),
        (message("One"), message("Two", **{"Message-ID": "<2@b.example>"}), "different", "Nothing names"),
    ],
)  # fmt: skip
async def test_how_two_messages_are_related(
    access: Access, own_sample: Sample, one: bytes, other: bytes, relation: str, because: str
) -> None:
    a, b = put(own_sample, one), put(own_sample, other)
    compared = await compare_archive_messages(a, b, access=access)
    assert compared.relation == relation and because in " ".join(compared.because)
    assert compared.same_bytes == (relation == "identical")
    mirrored = await compare_archive_messages(b, a, access=access)
    assert mirrored.relation == relation


async def test_what_differs_is_shown_word_by_word(access: Access, own_sample: Sample) -> None:
    one = message(TEXT, ("a.txt", "text/plain", b"one"), ("same.txt", "text/plain", b"same"))
    changed = TEXT.replace("12,000", "21,000").replace("Nothing else was", "Something else was")
    other = message(changed, ("a.txt", "text/plain", b"two"), ("same.txt", "text/plain", b"same"), To="eve@d.example")
    compared = await compare_archive_messages(put(own_sample, one), put(own_sample, other), access=access)
    assert [(each.a, each.b) for each in compared.texts or ()] == [("“12,000", "“21,000"), ("Nothing", "Something")]
    assert [(each.name, each.a, each.b) for each in compared.headers or ()] == [
        ("To", "Ann <ann@b.example>", "eve@d.example")
    ]
    assert [(each.only_in, each.name, each.what) for each in compared.attachments or ()] == [
        ("a", "a.txt", "the other has another content under this name"),
        ("b", "a.txt", "the other has another content under this name"),
    ]
    text = render(compared)
    assert "Text: … Dear Ann, the sum is [-“12,000-]{+“21,000+}" in text
    assert "To: a: Ann <ann@b.example> | b: eve@d.example" in text and "Relation: changed" in text


async def test_long_differences_are_cut_and_said_to_be(access: Access, own_sample: Sample) -> None:
    words = [f"word{number}" for number in range(25_000)]
    changed = [each if number % 100 else "other" for number, each in enumerate(words)]
    a, b = (put(own_sample, message(" ".join(each))) for each in (words, changed))
    compared = await compare_archive_messages(a, b, access=access)
    assert len(compared.texts or ()) == 20 and not compared.same_text
    notes = " ".join(compared.notes or ())
    assert "Of 200 differences of the texts 20 are shown." in notes and "20,000 words were compared" in notes
    assert len(json.dumps(compared.structured())) < 20_000


async def test_what_only_quoted_text_has_is_told_apart(access: Access, own_sample: Sample) -> None:
    a, b = put(own_sample, message()), put(own_sample, message(TEXT.replace("second invoice", "third invoice")))
    compared = await compare_archive_messages(a, b, access=access)
    assert not compared.same_text
    assert [(each.a, each.b) for each in compared.texts or ()] == [("second", "third")]
    assert "The new texts are the same; what they quote differs." in (compared.notes or ())


async def test_a_message_that_is_not_there(access: Access, own_sample: Sample) -> None:
    with pytest.raises(ArchiveError, match="nothing"):
        await compare_archive_messages(put(own_sample, message()), "nothing", access=access)


@pytest.mark.parametrize("wanted", [{"quotation": ""}, {"quotation": "x" * 2_001}, {"archived_message_id": ""}])
def test_quotations_that_are_none(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="character"):
        Quotation(**{"archived_message_id": "a", "quotation": "x", **wanted})
