"""What messages show is asked for on top of a search, and kept for the next question."""

import re
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mail_archive_local.importing.record import describe
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.mime.evidence.finding_names import FINDINGS
from mail_archive_tools.models.facts.facts import Facts
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.models.search import ArchiveSearchPage
from mail_archive_tools.models.summary import ArchiveSearchSummary
from mail_archive_tools.reading.links import no_link
from mail_archive_tools.search import search_archive
from mail_archive_tools.summarize import summarize_archive_search
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

START = 1_743_500_000


def mail(subject: str, *files: tuple[str, str, bytes], date: float = START, html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    message["Received"] = f"from a.example by mx.own.example; {format_datetime(moment(START))}"
    for name, value in {"From": "ann@here.example", **headers}.items():
        message[name.replace("_", "-")] = value
    message["Subject"], message["Date"] = subject, format_datetime(moment(date))
    message.set_content(html or "plain words", subtype="html" if html else "plain")
    for name, kind, content in files:
        main, sub = kind.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


MAILS = {
    "plain": mail("plain"),
    "zip": mail("zip", ("Invoice-4711.ZIP", "application/zip", b"PK\x05\x06" + b"\0" * 18)),
    "disguised": mail("disguised", ("photo.png", "image/png", b"%PDF-1.4\n1 0 obj nothing")),
    "large": mail("large", ("data.bin", "application/octet-stream", b"\x00\x01" * 50_000)),
    "failing": mail("failing", Authentication_Results="mx.own.example; dmarc=fail header.from=x.example; spf=pass"),
    "elsewhere": mail("elsewhere", Reply_To="Ann <ann@evil.example>"),
    "leading": mail("leading", html='<a href="https://login.evil.example/x">See here</a>'),
    "late": mail("late", date=START - 3 * 86_400),
}
HIDDEN_FORGERY = mail(
    "forged", Authentication_Results="mx.own.example; dmarc=fail", X_More="x"
).replace(
    b"Received:",
    b"Received: from x.example (x.example [192.0.2.1]) by inbound-smtp.us-east-1.amazonaws.com; "
    b"Tue, 1 Apr 2025 10:00:00 +0000\n"
    b"Authentication-Results: amazonses.com; spf=pass client-ip=192.0.2.1; dmarc=pass\nReceived:", 1
)  # fmt: skip
RECEIVED = {"IngressPointId": "inp-1", "SenderIpAddress": "192.0.2.1"}


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    made = Timeline(tmp_path / "archive")
    made.add([describe(raw, made.archive_id, START + 60 * number) for number, raw in enumerate(MAILS.values())])
    made.add([describe(HIDDEN_FORGERY, made.archive_id, START + 60 * len(MAILS), RECEIVED)])
    return made


async def found(timeline: Timeline, access: Any = None, **wanted: Any) -> ArchiveSearchPage:
    return await search_archive(
        timeline.archive_id,
        moment(START - 100),
        moment(START + 10_000),
        filter_here=FilterHere(**wanted),
        access=access or timeline.access(),
    )


@pytest.mark.parametrize(
    ("wanted", "subjects"),
    [
        ({"attachment_name": ["*.zip"]}, ["zip"]),
        ({"attachment_name": ["invoice-????.*"]}, ["zip"]),
        ({"attachment_name": ["*.exe"]}, []),
        ({"attachment_type": ["application/zip", "application/pdf"]}, ["disguised", "zip"]),
        ({"attachment_type": ["image/*"]}, ["disguised"]),
        ({"larger_than": 100_000}, ["large"]),
        ({"smaller_than": 100_000, "attachment_name": ["*"]}, ["disguised", "zip"]),
        ({"authentication": ["dmarc=fail"]}, ["failing"]),
        ({"authentication": ["dmarc=*"]}, ["failing", "forged"]),
        ({"authentication": ["spf=fail"]}, []),
        ({"reply_to_domain": ["evil.example"]}, ["elsewhere"]),
        ({"reply_to_domain": ["*"]}, ["elsewhere"]),
        ({"link_host": ["evil.example"]}, ["leading"]),
        ({"link_host": ["login.*"]}, ["leading"]),
        ({"link_host": ["vil.example"]}, []),
        ({"finding": ["but reply-to is"]}, ["elsewhere"]),
        ({"date_differs": 24}, ["late"]),
        ({"date_differs": 100}, []),
        ({"body": ["plain words"], "link_host": ["*"]}, []),
        ({"subject": ["l*"], "larger_than": 10}, ["large", "late", "leading"]),
    ],
    ids=repr,
)
async def test_messages_are_found_by_what_they_show(
    timeline: Timeline, wanted: dict[str, Any], subjects: list[str]
) -> None:
    page = await found(timeline, **wanted)
    assert page.complete and page.filtered_here
    assert page.filtered_here.rows_read == page.filtered_here.rows_found == len(MAILS) + 1
    assert sorted(row.subject or "" for row in page.rows) == subjects


async def test_what_is_sent_as_nothing_or_0_is_not_asked_for(timeline: Timeline) -> None:
    """Frameworks that must send every member send these for what is not meant."""
    nothing: dict[str, Any] = {"larger_than": 0, "smaller_than": 0, "date_differs": 0}
    page = await found(timeline, **nothing)
    assert page.complete and page.filtered_here is None and page.messages_so_far == len(MAILS) + 1
    summary = await counted(timeline, "sender", filter_here=FilterHere(**nothing))
    assert summary.complete and summary.filtered_here is None


async def test_a_second_question_fetches_nothing(timeline: Timeline) -> None:
    access = timeline.access()
    await found(timeline, access, attachment_name=["*.zip"])
    access.reader.may_download = no_link
    for key in list(access.reader.messages._kept):
        access.reader.messages.forget(key)
    page = await found(timeline, access, authentication=["dmarc=fail"])
    assert page.complete and [row.subject for row in page.rows] == ["failing"]


async def test_messages_that_cannot_be_fetched_may_match(timeline: Timeline) -> None:
    access = timeline.access()
    access.reader.may_download = no_link
    page = await found(timeline, access, larger_than=1)
    assert not page.complete and page.rows == []
    assert page.filtered_here and page.filtered_here.not_read == len(MAILS) + 1


async def test_a_list_is_known_by_the_envelope_that_the_service_noted(timeline: Timeline) -> None:
    of_a_list: dict[str, Any] = {
        "Reply_To": "all@lists.example",
        "List_Id": "<all.lists.example>",
        "Return_Path": "<b@lists.example>",
    }
    for number, (subject, noted) in enumerate({"by a list": "b@lists.example", "by another": "b@evil.example"}.items()):
        raw = mail(subject, **of_a_list)
        made = describe(
            raw, timeline.archive_id, START + 900 + number, RECEIVED, {"From": noted, "To": ["a@b.example"]}
        )
        timeline.add([made])

    page = await found(timeline, finding=["reply-to is all@lists.example: another domain."])
    assert [row.subject for row in page.rows] == ["by another"]
    page = await found(timeline, finding=["that of a list whose signature does not say so"])
    assert [row.subject for row in page.rows] == ["by a list"]


@pytest.mark.parametrize("wanted", [{"link_host": [" "]}, {"finding": ["\u200b"]}, {"authentication": ["<>"]}], ids=str)
async def test_a_value_with_nothing_in_it_is_refused(timeline: Timeline, wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=f"filter_here.{next(iter(wanted))} has a value with nothing"):
        await found(timeline, **wanted)


async def test_the_facts_of_a_message(timeline: Timeline) -> None:
    access = timeline.access()
    page = await found(timeline, access, reply_to_domain=["*"])
    facts = await access.reader.facts_of(page.rows[0].archived_message_id or "")
    assert isinstance(facts, Facts)
    assert (facts.from_domains, facts.reply_to_domains) == (("here.example",), ("evil.example",))
    assert facts.size_bytes == len(MAILS["elsewhere"])
    assert 0 < len(facts.packed()) < 600 and Facts.unpacked(facts.packed()) == facts
    assert facts.languages in ((), ("en",)) and facts.minhash


# Counted


async def counted(timeline: Timeline, *group_by: str, access: Any = None, **more: Any) -> ArchiveSearchSummary:
    return await summarize_archive_search(
        timeline.archive_id,
        moment(START - 100),
        moment(START + 10_000),
        group_by=list(group_by),
        access=access or timeline.access(),
        **more,
    )


def groups(summary: ArchiveSearchSummary) -> dict[str, int]:
    (only,) = summary.summaries
    return {each.value: each.rows for each in only.top}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("link_host", {"login.evil.example": 1, "(none)": 8}),
        ("attachment_name", {"Invoice-4711.ZIP": 1, "photo.png": 1, "data.bin": 1, "(none)": 6}),
        ("attachment_type", {"application/zip": 1, "application/pdf": 1, "application/octet-stream": 1, "(none)": 6}),
        ("authentication", {"dmarc=fail": 1, "dmarc=pass": 1, "spf=pass": 2, "(none)": 7}),
        ("reply_to_domain", {"evil.example": 1, "(none)": 8}),
        ("size", {"under 10 KB": 8, "100 KB to 1 MB": 1}),
    ],
)
async def test_messages_are_counted_by_what_they_show(timeline: Timeline, by: str, expected: dict[str, int]) -> None:
    summary = await counted(timeline, by)
    assert summary.complete and summary.rows == len(MAILS) + 1
    assert summary.filtered_here and summary.filtered_here.rows_read == summary.filtered_here.rows_found == 9
    assert groups(summary) == expected


async def test_findings_are_counted_by_their_names(timeline: Timeline) -> None:
    found = groups(await counted(timeline, "finding"))
    assert found.pop("(none)") >= 1
    assert found["reply-elsewhere"] == found["date-differs"] == found["links-elsewhere"] == 1
    assert set(found) <= set(FINDINGS)


async def test_a_malformed_sender_is_counted_under_the_domain_that_a_person_reads(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    timeline.put([START, START + 1], From="Paypal ,_<ez6m7@evil.example>")
    assert groups(await counted(timeline, "sender_domain")) == {"evil.example": 2}
    access = timeline.access()
    page = await found(timeline, access, finding=["hidden-address"])
    read = [await access.reader.facts_of(row.archived_message_id or "") for row in page.rows]
    assert [facts.from_domains for facts in read] == [("evil.example",)] * 2


async def test_a_finding_is_asked_for_by_its_name_or_by_words_of_it(timeline: Timeline) -> None:
    for asked in ("reply-elsewhere", "Reply-Elsewhere", "but reply-to is"):
        page = await found(timeline, finding=[asked])
        assert [row.subject for row in page.rows] == ["elsewhere"], asked
    # A name is asked for whole: what another sentence says of a program is not the sort of that name.
    assert (await found(timeline, finding=["program"])).rows == []


async def test_what_a_filter_leaves_is_counted(timeline: Timeline) -> None:
    summary = await counted(timeline, "subject", filter_here=FilterHere(authentication=["dmarc=fail"]))
    # What a sender forged below the trusted result of the last host counts for nothing.
    assert summary.complete and (summary.rows, summary.messages) == (1, 1)
    assert groups(summary) == {"failing": 1}
    by_header = await counted(timeline, "subject", filter_here=FilterHere(subject=["l*"]))
    assert groups(by_header) == {"large": 1, "leading": 1, "late": 1}
    assert by_header.filtered_here and by_header.filtered_here.rows_found == 9
    both = await counted(timeline, "size", filter_here=FilterHere(subject=["l*"], larger_than=100_000))
    assert both.complete and groups(both) == {"100 KB to 1 MB": 1}
    assert both.filtered_here and both.filtered_here.rows_read == both.filtered_here.rows_found == 9


async def test_a_search_that_was_run_is_counted_by_content(timeline: Timeline) -> None:
    access = timeline.access()
    page = await search_archive(timeline.archive_id, moment(START - 100), moment(START + 10_000), access=access)
    summary = await summarize_archive_search(
        search_id=page.search_id,
        group_by=["attachment_name"],
        filter_here=FilterHere(attachment_name=["*.zip"]),
        access=access,
    )
    assert summary.complete and groups(summary) == {"Invoice-4711.ZIP": 1}


async def test_what_there_was_no_time_to_read_is_not_counted_and_goes_on(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    timeline.put(range(START, START + 400 * 60, 60), Subject="a", body="x" * 20_000 + "\r\n")
    access = timeline.access()
    heard: list[str] = []

    async def listen(done: float, total: float | None, sentence: str) -> None:
        heard.append(sentence)

    async def ask(seconds: float) -> ArchiveSearchSummary:
        return await summarize_archive_search(
            timeline.archive_id, moment(START - 100), moment(START + 100_000), group_by=["size"],
            wait_seconds=seconds, access=access, progress=listen,
        )  # fmt: skip

    first = await ask(0.6)
    seen = first.filtered_here
    assert seen and not first.complete and seen.rows_read == first.rows < seen.rows_found == 400
    assert "To go on counting: the same call again." in render(first)
    assert f"{seen.rows_read} of 400 rows found so far were looked at" in render(first)
    second = await ask(45)
    assert second.complete and second.rows == 400 and groups(second) == {"10 to 100 KB": 400}
    assert any(re.match(r"\d+ of 400 messages read", each) for each in heard)


async def test_messages_that_cannot_be_read_are_not_counted(timeline: Timeline) -> None:
    access = timeline.access()
    access.reader.may_download = no_link
    summary = await counted(timeline, "size", access=access)
    assert not summary.complete and summary.rows == 0
    seen = summary.filtered_here
    assert seen and (seen.rows_found, seen.rows_read, seen.not_read) == (9, 0, 9)
    assert summary.exceptions and len(summary.exceptions) == 1
    exception = summary.exceptions[0]
    assert (exception.messages, len(exception.archived_message_ids)) == (9, 3)
    assert exception.why.startswith("The download link leads to a host that is not one")
    assert f"Not counted: 9 messages ({', '.join(exception.archived_message_ids)}). The download" in render(summary)


async def test_what_stays_unreadable_is_no_reason_to_call_again(timeline: Timeline) -> None:
    access = timeline.access()
    access.reader.may_download = no_link
    said = render(await counted(timeline, "size", access=access))
    assert "0 of 9 rows found so far were looked at; 9 could not be read." in said
    assert "cannot be read: 9 rows. The same call again does not change that" in said
    assert "To go on counting" not in said and "Searched nothing yet" not in said
    # Nothing was filtered: it was read to be counted.
    assert "Filtered here" not in said


async def test_signatures_are_no_attachments(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "archive")
    signed = mail(
        "signed", ("sig.asc", "application/pgp-signature", b"-----"), ("offer.zip", "application/zip", b"PK\x05\x06")
    )
    timeline.add([describe(signed, timeline.archive_id, START)])
    assert groups(await counted(timeline, "attachment_name")) == {"offer.zip": 1}
    assert (await found(timeline, attachment_name=["sig.asc"])).messages_so_far == 1


async def test_a_message_that_breaks_off_without_the_words_is_counted_in_a_note(timeline: Timeline) -> None:
    whole = mail("broken", ("a.txt", "text/plain", b"of a file"), Message_ID="<broken@here.example>")
    broken = whole[: whole.rindex(b"\n--")]
    timeline.add([describe(broken, timeline.archive_id, START + 900)])
    page = await found(timeline, body=["zebra"])
    said = "1 message that was read breaks off, without the words of filter_here in what is there"
    assert page.rows == [] and page.complete and said in " ".join(page.notes or [])

    summary = await summarize_archive_search(
        archive_id=timeline.archive_id,
        from_timestamp=moment(START - 100),
        to_timestamp=moment(START + 10_000),
        filter_here=FilterHere(body=["zebra"]),
        access=timeline.access(),
    )
    assert summary.rows == 0 and summary.complete and said in " ".join(summary.notes or [])

    # One that has them is as good as any.
    page = await found(timeline, body=["plain words"])
    assert len(page.rows) > 1 and "breaks off" not in " ".join(page.notes or [])
