"""Rows that are nearly the same, further columns, and terms."""

import random
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mail_archive_local.importing.record import describe
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.errors import InvalidArgument
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.models.search import ArchiveSearchPage, FoundRow
from mail_archive_tools.models.summary import ArchiveSearchSummary
from mail_archive_tools.reading.links import no_link
from mail_archive_tools.search import search_archive
from mail_archive_tools.summarize import summarize_archive_search
from tests.tools.searching.timelines import Timeline, moment

pytestmark = pytest.mark.anyio

START = 1_743_500_000
SHOWN = ["size", "authentication", "from_domain", "return_path_domain", "link_host", "finding", "problem", "sha256"]
WAVE = "You have won the lottery of our bank, write to us with your name and your address and we send it at once. "
NEWS = "The meeting of the working group takes place on Monday in the large room beside the library as always. "


def mail(number: int, subject: str, text: str, sender: str = "ann@here.example", answers: int | None = None) -> bytes:
    message = EmailMessage()
    message["Received"] = f"from a.example by mx.own.example; {format_datetime(moment(START + 60 * number))}"
    message["From"], message["To"] = sender, "bob@there.example"
    message["Subject"], message["Message-ID"] = subject, f"<m{number}@here.example>"
    message["Date"] = format_datetime(moment(START + 60 * number))
    if answers is not None:
        message["In-Reply-To"] = f"<m{answers}@here.example>"
    message.set_content(text)
    return message.as_bytes()


MAILS = [
    mail(0, "You won", WAVE * 3 + "Number 4711"),
    mail(1, "You won again", WAVE * 3 + "Number 4712"),
    mail(2, "Meeting on Monday", NEWS * 3),
    mail(3, "You have won", WAVE * 3 + "Number 4713", sender='"Meeting Lottery" <x@bank.example>'),
    mail(4, "Re: Meeting on Monday", "I come", answers=2),
    mail(5, "Empty", ""),
    mail(6, "Empty too", ""),
    mail(7, "Re: Meeting on Monday", "So do I", answers=99),
]


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    made = Timeline(tmp_path / "archive")
    made.add([describe(raw, made.archive_id, START + 60 * number) for number, raw in enumerate(MAILS)])
    return made


async def search(timeline: Timeline, access: Access, **more: Any) -> ArchiveSearchPage:
    begin, end = moment(START - 100), moment(START + 10_000)
    return await search_archive(timeline.archive_id, begin, end, order="oldest_first", access=access, **more)


async def summarize(timeline: Timeline, access: Access, **more: Any) -> ArchiveSearchSummary:
    begin, end = moment(START - 100), moment(START + 10_000)
    return await summarize_archive_search(timeline.archive_id, begin, end, access=access, **more)


def subjects(rows: list[FoundRow]) -> list[str | None]:
    return [row.subject for row in rows]


DISTINCT = ["You won", "Meeting on Monday", "Re: Meeting on Monday", "Empty", "Empty too", "Re: Meeting on Monday"]


async def test_rows_that_are_nearly_the_same_are_one(timeline: Timeline) -> None:
    page = await search(timeline, timeline.access(), deduplicate="similar")
    assert page.complete and page.messages_so_far == len(MAILS) and page.folded is None
    assert subjects(page.rows) == DISTINCT
    alike = page.rows[0].similar_ids
    assert alike and len(alike) == 2 and all(row.similar_ids is None for row in page.rows[1:])
    assert f"Like {page.rows[0].archived_message_id}: {', '.join(alike)}" in render(page)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_they_are_one_over_all_pages(timeline: Timeline, limit: int) -> None:
    """Whatever the pages are: each message is shown, or told with the one that it is like."""
    access, shown, folded, cursor = timeline.access(), [], {}, None
    while True:
        page = await search(timeline, access, deduplicate="similar", limit=limit, cursor=cursor)
        shown += page.rows
        # Those that are folded take no room.
        assert len(page.rows) == limit or page.next_cursor is None
        assert "Time is up" not in render(page)
        for each in page.folded or ():
            folded[each.archived_message_id] = each.like
            assert f"Left out: {each.archived_message_id}, like {each.like}" in render(page)
        for row in page.rows:
            folded |= dict.fromkeys(row.similar_ids or (), row.archived_message_id or "")
        if (cursor := page.next_cursor) is None:
            break
    assert subjects(shown) == DISTINCT
    assert page.complete and page.messages_so_far == len(MAILS)
    assert len(folded) == 2 and set(folded.values()) == {shown[0].archived_message_id}


async def test_a_page_that_is_cut_tells_of_its_own_rows_alone(tmp_path: Path) -> None:
    """Fifty rows with all that they show are more than an answer has room for: what comes after its last row is folded,
    or not, by the answer that it belongs to."""
    timeline = Timeline(tmp_path / "archive")
    links = " ".join(f"https://{number}.{'long-name-' * 5}.example/" for number in range(5))
    texts = [WAVE * 3 if number % 3 == 0 else f"{random.Random(number).random()} " * 9 for number in range(75)]
    raws = [mail(number, f"{number} {'subject ' * 12}", f"{text}\n{links}") for number, text in enumerate(texts)]
    timeline.add([describe(raw, timeline.archive_id, START + 60 * number) for number, raw in enumerate(raws)])
    access, told, cursor, cut = timeline.access(), [], None, 0
    while True:
        page = await search(timeline, access, deduplicate="similar", show=SHOWN, limit=50, cursor=cursor)
        told += [row.archived_message_id for row in page.rows]
        told += [each for row in page.rows for each in row.similar_ids or ()]
        told += [each.archived_message_id for each in page.folded or ()]
        cut += "There is no room for more rows" in render(page)
        if (cursor := page.next_cursor) is None:
            break
    assert cut
    assert page.complete and len(told) == len(set(told)) == len(raws)


async def test_a_process_that_did_not_show_the_pages_before_says_so(timeline: Timeline) -> None:
    first = await search(timeline, timeline.access(), deduplicate="similar", limit=1)
    access = timeline.access()
    following = await search(timeline, access, deduplicate="similar", cursor=first.next_cursor)
    assert "Rows of earlier answers are not kept any more" in render(following)
    assert "You won again" in subjects(following.rows)


async def test_the_same_page_twice_is_the_same(timeline: Timeline) -> None:
    access = timeline.access()
    first = await search(timeline, access, deduplicate="similar", limit=2)
    pages = [await search(timeline, access, deduplicate="similar", limit=2, cursor=first.next_cursor) for _ in range(3)]
    assert pages[0] == pages[1] == pages[2]
    assert (await search(timeline, access, deduplicate="similar", limit=2)).rows == first.rows


async def test_what_cannot_be_read_is_shown_and_said(timeline: Timeline) -> None:
    access = timeline.access()
    access.reader.may_download = no_link
    page = await search(timeline, access, deduplicate="similar")
    assert len(page.rows) == len(MAILS) and not page.complete
    assert page.filtered_here and page.filtered_here.not_read == len(MAILS)


async def test_they_are_folded_among_what_is_meant_alone(timeline: Timeline) -> None:
    wanted = FilterHere(subject=["*again", "*have*"])
    page = await search(timeline, timeline.access(), deduplicate="similar", filter_here=wanted)
    assert page.complete and subjects(page.rows) == ["You won again"] and page.messages_so_far == 2


# Columns


async def test_named_facts_are_further_columns(timeline: Timeline) -> None:
    page = await search(timeline, timeline.access(), show=["size", "from_domain", "language", "link_host"], limit=4)
    facts = [row.facts for row in page.rows]
    assert [each and each.size for each in facts] == [len(raw) for raw in MAILS[:4]]
    assert [each and each.from_domain for each in facts] == [["here.example"]] * 3 + [["bank.example"]]
    assert all(each and each.language == ["en"] and each.link_host is None for each in facts)
    assert all(each and each.sha256 is None for each in facts)
    text = render(page)
    assert "Size" in text and "FromDomain" in text and "bank.example" in text and "LinkHost" not in text


async def test_columns_of_what_was_not_read_are_said_to_be_missing(timeline: Timeline) -> None:
    access = timeline.access()
    late = await search(timeline, access, show=["size"], wait_seconds=0)
    assert not late.rows or "Time is up: what" in render(late)
    access.reader.may_download = no_link
    page = await search(timeline, access, show=["size"])
    assert page.complete and len(page.rows) == len(MAILS)
    assert "Not read: " in render(page)


async def test_a_column_tells_nothing_there_from_not_read(timeline: Timeline) -> None:
    access = timeline.access()
    await search(timeline, access, show=["size"], limit=1)
    access.reader.may_download = no_link
    page = await search(timeline, access, show=["size", "link_host", "finding"], limit=2)
    first, second = page.rows
    assert first.facts and first.facts.size == len(MAILS[0]) and second.facts is None
    lines = render(page).split("\n")
    assert any(line.startswith(first.archived_message_id or "-") and "(not read)" not in line for line in lines)
    assert any(line.startswith(second.archived_message_id or "-") and "(not read)" in line for line in lines)


# Terms


async def test_terms_are_counted_one_by_one(timeline: Timeline) -> None:
    access = timeline.access()
    # Nothing can be read, and nothing has to be.
    access.reader.may_download = no_link
    summary = await summarize(timeline, access, terms=["MEETING", "won", "lottery", "nobody", "there.example"])
    counts = {each.term: (each.messages, each.alone, each.conversations) for each in summary.terms or ()}
    assert summary.complete
    assert counts == {
        "MEETING": (4, 0, 2),
        "won": (3, 0, 3),
        "lottery": (1, 0, 1),
        "nobody": (0, 0, 0),
        "there.example": (8, 2, 6),
    }
    assert summary.hit_by_terms == 8
    assert "8 messages with any of the terms in From, To, Cc or Subject:" in render(summary)
    fewer = await summarize(timeline, access, terms=["won", "Empty"])
    assert [(each.messages, each.alone) for each in fewer.terms or ()] == [(3, 3), (2, 2)]
    assert fewer.hit_by_terms == 5


async def test_a_term_without_anything_in_it_is_refused(timeline: Timeline) -> None:
    with pytest.raises(InvalidArgument, match="nothing in it that could be counted"):
        await summarize(timeline, timeline.access(), terms=["\u200b "])
