"""What messages show is asked for on top of a search, and kept for the next question."""

from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mail_archive_server.local.importing.record import describe
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.models.search import ArchiveSearchPage
from mail_archive_tools.reading.facts import Facts
from mail_archive_tools.reading.links import no_link
from mail_archive_tools.search import search_archive
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
    "disguised": mail("disguised", ("photo.png", "image/png", b"%PDF-1.4 nothing")),
    "large": mail("large", ("data.bin", "application/octet-stream", b"\x00\x01" * 50_000)),
    "failing": mail("failing", Authentication_Results="mx.own.example; dmarc=fail header.from=x.example; spf=pass"),
    "elsewhere": mail("elsewhere", Reply_To="Ann <ann@evil.example>"),
    "leading": mail("leading", html='<a href="https://login.evil.example/x">See here</a>'),
    "late": mail("late", date=START - 3 * 86_400),
}
HIDDEN_FORGERY = mail(
    "forged", Authentication_Results="mx.own.example; dmarc=fail", X_More="x"
).replace(b"Received:", b"Authentication-Results: mx.own.example; dmarc=pass\nReceived:", 1)  # fmt: skip


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    made = Timeline(tmp_path / "archive")
    raws = [*MAILS.values(), HIDDEN_FORGERY]
    made.add([describe(raw, made.archive_id, START + 60 * number) for number, raw in enumerate(raws)])
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
    assert 0 < facts.weight < 5_000
