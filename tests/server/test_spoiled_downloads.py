"""Downloads that are not the message: refused, tried once more by another link, said for that message alone, and kept
nowhere. Through the socket door, with a proxy that spoils what comes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import boto3
import pytest
from mcp import Client

from mail_archive_local.context import Local
from mail_archive_local.doors.asgi import api_app
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_server.app import build_server
from mail_archive_tools.access import Access
from mail_archive_tools.answers.rendering import render
from mail_archive_tools.check import check_quotations, compare_archive_messages
from mail_archive_tools.errors import NotThisMessage
from mail_archive_tools.models.checking import Quotation
from mail_archive_tools.models.query import FilterHere
from mail_archive_tools.models.search import ArchiveSearchPage
from mail_archive_tools.models.summary import ArchiveSearchSummary
from mail_archive_tools.read import read_archive_attachment, read_archive_message, read_archive_messages
from mail_archive_tools.reading.links import origin_links
from mail_archive_tools.search import search_archive
from mail_archive_tools.service.client import MailManager
from mail_archive_tools.storage.kept_facts import FactsFolder
from mail_archive_tools.summarize import summarize_archive_search
from mail_archive_tools.thread import get_archive_thread
from tests.conftest import ERAS, loopback, text_of
from tests.faults import Forward, Proxy, Reply, changed, first, proxied, truncated
from tests.tools.searching.timelines import Timeline

pytestmark = pytest.mark.anyio

BEGIN, END = datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 2, tzinfo=UTC)
SAID = "what came is not this message"


def letter(number: int, text: str, **headers: str) -> bytes:
    message = EmailMessage()
    fields = {
        "From": f"Ann {number} <ann{number}@here.example>",
        "Subject": f"Offer {number}",
        "Date": f"Tue, 1 Apr 2025 10:0{number}:00 +0000",
        "Message-ID": f"<{number}@here.example>",
    }
    for name, value in {**fields, **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    message.add_attachment(b"the price of the crane", maintype="text", subtype="plain", filename="price.txt")
    return message.as_bytes()


TARGET = letter(1, "The sum is twelve.\nhttps://pay.evil.example/x\n")
OTHER = letter(2, "Nothing of that.\n")
ANSWER = letter(3, "Well then.\n", Subject="Re: Offer 1", In_Reply_To="<1@here.example>")
BARE = b"X-Note: none of what rows tell\r\n\r\nbare words\r\n"
ONE_FIELD = b"Subject: Alone\r\n\r\nwords of the one with a subject alone\r\n"

MESSAGE = {"Content-Type": "message/rfc822"}
PAGE = Reply(200, b"<!DOCTYPE html>\n<html>Sign in to this network</html>", {"Content-Type": "text/html"})
DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please: wait</Message></Error>'
)
SPOILED = {
    "a login page": lambda forward: PAGE,
    "an error document of S3": lambda forward: Reply(200, DOCUMENT, {"Content-Type": "application/xml"}),
    "nothing": lambda forward: Reply(200, b"", MESSAGE),
    "JSON": lambda forward: Reply(200, b'{"message":"Forbidden"}', {"Content-Type": "application/json"}),
    "words": lambda forward: Reply(200, b"Error: not today\n\nplease", MESSAGE),
    "another message": lambda forward: Reply(200, OTHER, MESSAGE),
    "half of it": truncated,
    "half of it, as if that were all": lambda forward: Reply(200, TARGET[:20], MESSAGE),
}
SILENT = ("a login page", "nothing", "another message")
"""Those that nothing on the way takes for a failure."""
NAMED = {
    "a login page": "a web page",
    "an error document of S3": "an error document of its host (SlowDown)",
    "nothing": "nothing (0 bytes)",
    "another message": "another Message-ID, Subject, From, Date",
    "half of it": "breaks off",
}


class World:
    """An archive behind a proxy; `spoil` changes what comes for a message."""

    def __init__(self, proxy: Proxy, store: Store, archive_id: str, ids: list[str]) -> None:
        self.proxy, self.archive_id, self._store = proxy, archive_id, store
        self.target, self.other, self.answer, self.bare, self.one_field = ids

    def access(self, facts: FactsFolder | None = None) -> Access:
        client = MailManager(self._connect)
        return Access.to(client, may_download=origin_links(lambda: self.proxy.url), facts_kept=facts)

    def spoil(self, instead: Any, message: bytes = TARGET, times: int = 10_000) -> None:
        """So many downloads of the message are spoiled."""
        seen = iter(range(times))

        def fault(operation: str, before: int, forward: Forward) -> Reply:
            reply = forward()
            if operation != "Link" or reply.body != message or next(seen, None) is None:
                return reply
            spoiled: Reply = instead(lambda: reply)
            return spoiled

        self.proxy.fault = fault

    def heal(self) -> None:
        self.proxy.fault = lambda operation, before, forward: forward()
        self.proxy.calls.clear()

    async def find(self, access: Access, **more: Any) -> ArchiveSearchPage:
        return await search_archive(self.archive_id, BEGIN, END, access=access, **more)

    async def count(self, access: Access, **more: Any) -> ArchiveSearchSummary:
        return await summarize_archive_search(self.archive_id, BEGIN, END, access=access, **more)

    def _connect(self) -> Any:
        return boto3.client(
            "mailmanager",
            "us-east-1",
            endpoint_url=self.proxy.url,
            aws_access_key_id=self._store.credentials.access_key_id,
            aws_secret_access_key=self._store.credentials.secret_access_key,
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    timeline = Timeline(tmp_path_factory.mktemp("spoiled") / "archive")
    raws = [TARGET, OTHER, ANSWER, BARE, ONE_FIELD]
    second = int(BEGIN.timestamp()) + 36_000
    ids = timeline.add([describe(raw, timeline.archive_id, second + place) for place, raw in enumerate(raws)])
    base: list[str] = []
    with Store(timeline.folder) as store:
        local = Local(store, lambda: base[0], search_seconds=0)
        with loopback(api_app(local)) as service, proxied(service) as proxy:
            base.append(proxy.url)
            yield World(proxy, store, timeline.archive_id, ids)


@pytest.fixture
def world(running: World) -> World:
    running.heal()
    return running


@pytest.mark.parametrize("kind", SPOILED)
async def test_what_is_not_the_message_is_refused_after_one_more_link_and_try(world: World, kind: str) -> None:
    access = world.access()
    await world.find(access)
    world.spoil(SPOILED[kind])
    with pytest.raises(NotThisMessage, match=SAID) as caught:
        await read_archive_message(world.target, access=access)
    assert NAMED.get(kind, "") in str(caught.value) and world.target in str(caught.value)
    assert world.proxy.calls["Link"] == world.proxy.calls["GetArchiveMessage"] == 2
    world.heal()
    assert "The sum is twelve." in ((await read_archive_message(world.target, access=access)).text or "")


@pytest.mark.parametrize("kind", SPOILED)
async def test_the_second_try_is_enough(world: World, kind: str) -> None:
    access = world.access()
    await world.find(access)
    world.spoil(SPOILED[kind], times=1)
    assert "The sum is twelve." in ((await read_archive_message(world.target, access=access)).text or "")
    assert world.proxy.calls["GetArchiveMessage"] == 2


async def test_a_filter_says_that_it_is_not_complete_and_keeps_nothing_of_it(world: World, tmp_path: Path) -> None:
    facts = FactsFolder(tmp_path / "facts", ["me"])
    access = world.access(facts)
    for kind in SILENT:
        world.spoil(SPOILED[kind])
        for wanted in ({"body": ["twelve"]}, {"link_host": ["evil.example"]}, {"larger_than": 200}):
            page = await world.find(access, filter_here=FilterHere(**wanted))
            assert not page.complete and page.filtered_here and page.filtered_here.not_read == 1, kind
            assert world.target not in [row.archived_message_id for row in page.rows]
            assert any(SAID in note for note in page.notes or ())
        assert facts.get(world.target) is None and facts.get(world.other) is not None
    world.heal()
    page = await world.find(access, filter_here=FilterHere(link_host=["evil.example"]))
    assert page.complete and [row.archived_message_id for row in page.rows] == [world.target]
    assert facts.get(world.target) is not None


async def test_a_summary_names_it_among_its_exceptions_and_counts_it_when_it_comes(world: World) -> None:
    access = world.access()
    world.spoil(SPOILED["another message"])
    summary = await world.count(access, group_by=["link_host"])
    assert not summary.complete and summary.exceptions
    (unread,) = summary.exceptions
    assert unread.messages == 1 and unread.archived_message_ids == [world.target] and SAID in unread.why
    assert [group.value for group in summary.summaries[0].top] == ["(none)"] and summary.rows == 4
    world.heal()
    summary = await world.count(access, group_by=["link_host"])
    assert summary.complete and summary.exceptions is None and summary.rows == 5
    assert [group.value for group in summary.summaries[0].top] == ["(none)", "pay.evil.example"]


async def test_a_quotation_could_not_be_checked(world: World) -> None:
    access = world.access()
    await world.find(access)
    words = [Quotation(archived_message_id=world.target, quotation="The sum is twelve.")]
    others = [Quotation(archived_message_id=world.other, quotation="Nothing of that.")]
    for kind in SILENT:
        world.spoil(SPOILED[kind])
        checked = await check_quotations([*words, *others], access=access)
        assert [each.result for each in checked.quotations] == ["not read", "verbatim"], kind
        assert not checked.complete and checked.found == 1
        alone = await check_quotations(words, access=access)
        assert alone.quotations[0].result == "not read" and not alone.complete
        assert "could not be checked" in render(alone) and SAID in render(alone)
        assert render(alone).count("Not all could be checked") == 1
    world.heal()
    checked = await check_quotations(words, access=access)
    assert checked.complete and checked.quotations[0].result == "verbatim"


async def test_it_does_not_keep_the_others_from_being_read(world: World) -> None:
    access = world.access()
    await world.find(access)
    world.spoil(SPOILED["another message"])
    several = await read_archive_messages([world.target, world.other], access=access)
    assert [each.archived_message_id for each in several.messages] == [world.other]
    assert several.not_shown and SAID in several.not_shown[0].why
    for refused in (
        compare_archive_messages(world.target, world.other, access=access),
        read_archive_attachment(world.target, "2", access=access),
        get_archive_thread(world.archive_id, world.target, access=access),
    ):
        with pytest.raises(NotThisMessage, match=SAID):
            await refused
    world.heal()
    assert "crane" in ((await read_archive_attachment(world.target, "2", access=access)).text or "")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("kind", SILENT)
async def test_a_client_is_told_which_message_was_not_read_in_both_channels(world: World, era: str, kind: str) -> None:
    access = world.access()
    await world.find(access)
    one = {"archived_message_id": world.target}
    alone: dict[str, dict[str, Any]] = {
        "read_archive_message": one,
        "read_archive_messages": {"archived_message_ids": [world.target]},
        "read_archive_attachment": {**one, "attachment_id": "2"},
        "compare_archive_messages": {"a": world.other, "b": world.target},
    }
    world.spoil(SPOILED[kind])
    async with Client(build_server(lambda: access), mode=era) as client:
        for tool, arguments in alone.items():
            refused = await client.call_tool(tool, arguments)
            assert refused.is_error and not refused.structured_content
            said = text_of(refused)
            assert f"Message {world.target} was not read" in said and SAID in said and NAMED[kind] in said
            assert "The sum is twelve" not in said and "Sign in" not in said

        both = await client.call_tool("read_archive_messages", {"archived_message_ids": [world.target, world.other]})
    assert not both.is_error
    members = both.structured_content or {}
    assert [each["ArchivedMessageId"] for each in members["Messages"]] == [world.other]
    (missing,) = members["NotShown"]
    assert missing["ArchivedMessageId"] == world.target and NAMED[kind] in missing["Why"]
    partly = "1 of 2 messages are shown. NotShown says why the others are not."
    assert partly in members["Notes"]
    ours, mark, mails = text_of(both).partition("[[MAIL-DATA")
    assert mark and partly in ours and f"Not shown: {missing['Why']}" in ours
    assert world.target not in mails


async def test_a_conversation_with_one_is_not_complete(world: World) -> None:
    access = world.access()
    world.spoil(SPOILED["a login page"])
    thread = await get_archive_thread(world.archive_id, world.answer, new_text=True, access=access)
    assert not thread.complete and [each.new_text is None for each in thread.messages] == [True, False]
    assert "What 1 of these messages say was not read." in (thread.notes or [])
    world.heal()
    thread = await get_archive_thread(world.archive_id, world.answer, new_text=True, access=access)
    assert thread.complete and all(each.new_text for each in thread.messages)


async def test_a_member_of_the_row_that_differs_is_a_finding(world: World) -> None:
    def other_subject(members: dict[str, Any]) -> None:
        for row in members["Rows"]:
            if row["ArchivedMessageId"] == world.target:
                row["Subject"] = "An offer that nobody made"

    access = world.access()
    world.proxy.fault = first(10, changed(other_subject), "GetArchiveSearchResults")
    page = await world.find(access, show=["finding"])
    finding = "The search shows another Subject: “An offer that nobody made”."
    shown = {row.archived_message_id: row.facts.finding for row in page.rows if row.facts}
    assert [
        each for each in shown[world.target] or [] if finding.startswith(each.removeprefix("search-differs: ")[:40])
    ]
    assert not any("search-differs:" in each for each in shown[world.other] or [])
    read = await read_archive_message(world.target, access=access)
    assert [each.finding for each in read.findings or () if each.about == "archive"] == [finding]
    summary = await world.count(access, group_by=["finding"])
    assert "search-differs" in [group.value for group in summary.summaries[0].top]


async def test_a_row_with_one_member_alone_is_compared_by_it(world: World) -> None:
    access = world.access()
    await world.find(access)
    assert "subject alone" in ((await read_archive_message(world.one_field, access=access)).text or "")
    fresh = world.access()
    await world.find(fresh)
    world.spoil(SPOILED["another message"], ONE_FIELD)
    with pytest.raises(NotThisMessage, match="another Subject than the search shows"):
        await read_archive_message(world.one_field, access=fresh)


async def test_without_a_row_it_needs_a_header_section_and_a_row_may_say_that_it_has_none(world: World) -> None:
    """An id alone, of no search of this identity: its length and its header section are what is known."""
    access = world.access()
    for kind in ("a login page", "an error document of S3", "nothing", "JSON", "words", "half of it"):
        world.spoil(SPOILED[kind])
        with pytest.raises(NotThisMessage, match=SAID):
            await read_archive_message(world.target, access=access)
    with pytest.raises(NotThisMessage, match="Find it by search_archive first"):
        await read_archive_message(world.bare, access=access)
    await world.find(access)
    assert "bare words" in ((await read_archive_message(world.bare, access=access)).text or "")


async def test_what_came_before_a_search_told_of_it_is_compared_then(world: World, tmp_path: Path) -> None:
    facts = FactsFolder(tmp_path / "facts", ["me"])
    access = world.access(facts)
    world.spoil(SPOILED["another message"])
    attachment = await read_archive_attachment(world.target, "2", access=access)
    assert "crane" in (attachment.text or "")
    assert (await access.reader.facts_of(world.target)).link_hosts == ()
    world.heal()
    page = await world.find(access, filter_here=FilterHere(link_host=["evil.example"]))
    assert page.complete and [row.archived_message_id for row in page.rows] == [world.target]
    world.proxy.calls.clear()
    assert "The sum is twelve." in ((await read_archive_message(world.target, access=access)).text or "")
    assert world.proxy.calls["Link"] == 0
    again = world.access(facts)
    await world.find(again)
    assert (await again.reader.facts_of(world.target)).link_hosts == ("pay.evil.example",)
    assert world.proxy.calls["Link"] == 0
