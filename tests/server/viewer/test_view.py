"""The view of a search in Chromium, with a host's own bridge: what is seen, clicked, sorted, narrowed and opened."""

import math
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from mail_archive_local.context import Local
from mail_archive_local.importing.importer import import_mail
from mail_archive_local.importing.record import describe
from mail_archive_local.storage.store import Store
from mail_archive_server.backends import open_access
from mail_archive_server.settings import Settings
from mail_archive_tools.access import Access
from tests.conftest import MEASURED, READ_OF_CORPUS, Sample, eml
from tests.folder import keeping_archive
from tests.pace import slowness
from tests.server.viewer.showing import needs_browser, running_browser, view_of
from tests.tools.mime.hostile import HOSTILE

pytestmark = [pytest.mark.anyio, pytest.mark.slow, *needs_browser]

FIRST_PAINT_MS, LONG_TASK_MS = 200, 50
READ = 40
"""Messages of real spam that are opened."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for all, since a browser belongs to the loop that started it."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture
def year(sample: Sample) -> dict[str, Any]:
    return {"archive_id": sample.archive_id, "from_timestamp": "2025-01-01", "to_timestamp": "2025-12-31"}


@pytest.fixture
def spring(sample: Sample) -> dict[str, Any]:
    """A search of few pages, with the fraud in it."""
    return {"archive_id": sample.archive_id, "from_timestamp": "2025-04-01", "to_timestamp": "2025-04-30"}


async def texts(locator: Any) -> list[str]:
    found: list[str] = await locator.all_inner_texts()
    return found


async def test_all_rows_are_loaded_and_those_in_sight_are_in_the_page(
    browser: Browser, access: Access, year: dict[str, Any]
) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        assert (await view.frame.locator("#status").inner_text()).startswith("300 messages found.")
        assert await view.frame.get_by_role("grid").get_attribute("aria-rowcount") == "301"
        assert 12 <= await view.rows().count() < 60
        assert {each["tool"] for each in view.asked} == {"search_archive"} and len(view.asked) == 6
        sizes = await view.heard("sizes")
        assert 300 < sizes[-1]["height"] < 800


async def test_columns_sort_both_ways_and_say_so(browser: Browser, access: Access, year: dict[str, Any]) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        received = view.frame.locator(".rows .time")
        newest = (await texts(received))[0]
        await view.click(view.frame.get_by_role("button", name="Sort by Received"))
        assert (await texts(received))[0] < newest
        head = view.frame.get_by_role("columnheader", name="From")
        await view.click(head.get_by_role("button"))
        assert await head.get_attribute("aria-sort") == "ascending"
        senders = await texts(view.frame.locator(".rows .from"))
        assert senders == sorted(senders, key=str.lower)


async def test_words_and_facets_narrow_and_clear_takes_them_away(
    browser: Browser, access: Access, year: dict[str, Any]
) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        facets = view.frame.get_by_role("group", name="Facets")
        await view.click(facets.get_by_role("button", name="kessler.example 12"))
        assert "12 shown" in await view.frame.locator("#status").inner_text()
        await view.click(facets.get_by_role("button", name="With attachments"))
        assert await facets.get_by_role("button", name="With attachments").get_attribute("aria-pressed") == "true"
        await view.frame.get_by_role("searchbox").fill("no such words")
        assert await view.rows().count() == 0
        assert await view.frame.get_by_text("No row passes.").is_visible()
        await view.click(facets.get_by_role("button", name="Clear"))
        assert "shown" not in await view.frame.locator("#status").inner_text()


async def test_a_fraud_is_found_and_seen_by_its_findings(
    browser: Browser, access: Access, spring: dict[str, Any]
) -> None:
    async with view_of(browser, access, spring) as view:
        await view.loaded()
        await view.frame.get_by_role("searchbox").fill("bank details")
        # The address stands below the name that passes for another's.
        assert "accounts@brightwel1-optics.example" in (await texts(view.rows()))[-1]
        await view.click(view.rows().last)
        message = await view.opened()
        assert "another domain" in await message.locator(".findings").inner_text()
        order = await texts(message.locator("h2, h3, dl, .text"))
        assert order[0].startswith("Re: Invoice") and order[1] == "Look at this first"
        await view.click(message.get_by_role("button", name="Show its text"))
        await message.locator(".file .text").first.wait_for()
        assert "New bank details" in await message.locator(".file").inner_text()
        assert await message.get_by_role("img", name=re.compile("^From ")).count() == 1
        told = await view.told(1)
        (message_id,) = told["structuredContent"]["ArchivedMessageIds"]
        assert message_id in told["content"][0]["text"]
        # Nothing that the mail says is told to the model by the view.
        assert "bank" not in str(told) and "brightwel" not in str(told)


async def test_a_conversation_shows_its_answers_and_opens_them(
    browser: Browser, access: Access, spring: dict[str, Any]
) -> None:
    async with view_of(browser, access, spring) as view:
        await view.loaded()
        await view.frame.get_by_role("searchbox").fill("new bank details")
        await view.click(view.rows().last)
        await view.click(view.frame.get_by_role("tab", name="Conversation"))
        tree = view.frame.get_by_role("list", name="Conversation")
        await tree.wait_for()
        entries = await tree.get_by_role("listitem").all()
        assert [await each.get_attribute("aria-level") for each in entries] == ["1", "2"]
        await view.click(tree.get_by_role("button").last)
        await view.frame.locator(".message dd").get_by_text("jonas@tidewater.example").first.wait_for()


async def test_a_conversation_shows_its_gaps(browser: Browser, tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive_id = keeping_archive(Local(store, str), "gaps")
        archive = store.archive(archive_id)
        assert archive is not None
        lost = {"In_Reply_To": "<lost@a.example>", "References": "<1@a.example> <lost@a.example>"}
        letters: list[dict[str, str]] = [{"Message_ID": "<1@a.example>"}, {"Message_ID": "<3@a.example>", **lost}]
        store.add_messages(
            archive,
            [
                describe(eml(From="a@a.example", Subject="Minutes", **each), archive_id, 1_750_000_000 + place * 3_600)
                for place, each in enumerate(letters)
            ],
        )
    search = {"archive_id": archive_id, "from_timestamp": "2025-06-01", "to_timestamp": "2025-06-30"}
    async with view_of(browser, open_access(Settings(local=tmp_path / "archive", search_seconds=0)), search) as view:
        await view.loaded()
        await view.click(view.rows().first)
        await view.click(view.frame.get_by_role("tab", name="Conversation"))
        await view.frame.get_by_text("1 message missing").wait_for()
        levels = [await each.get_attribute("aria-level") for each in await view.frame.locator(".thread li").all()]
        assert levels == ["1", "2", "3"]


async def test_time_is_narrowed_by_dragging_and_by_days(browser: Browser, access: Access, year: dict[str, Any]) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        await view.click(view.frame.get_by_role("tab", name="Timeline"))
        assert await view.frame.locator(".slot").count() == 12
        box = await view.frame.locator(".timeline svg").bounding_box()
        assert box is not None
        await view.page.mouse.move(box["x"] + box["width"] * 3.5 / 12, box["y"] + 80)
        await view.page.mouse.down()
        await view.page.mouse.move(box["x"] + box["width"] * 4.5 / 12, box["y"] + 80)
        await view.page.mouse.up()
        assert "55 shown" in await view.frame.locator("#status").inner_text()
        assert await view.frame.get_by_role("button", name="2025-04-01 to 2025-05-31").count() == 1
        await view.frame.get_by_label("From day").fill("2025-05-01")
        assert "25 shown" in await view.frame.locator("#status").inner_text()
        await view.frame.get_by_label("From day").focus()
        await view.page.keyboard.type("05152025")
        assert "13 shown" in await view.frame.locator("#status").inner_text()
        await view.click(view.frame.get_by_role("button", name="By day"))
        assert "Longest without a message" in await view.frame.locator(".timeline").inner_text()


async def test_who_wrote_to_whom_is_counted_and_narrows(browser: Browser, access: Access, year: dict[str, Any]) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        await view.click(view.frame.get_by_role("tab", name="Who to whom"))
        cell = view.frame.get_by_role("button", name="news@optics-weekly.example to luc@tidewater.example")
        assert await cell.inner_text() == "52"
        await view.click(cell)
        assert "52 shown" in await view.frame.locator("#status").inner_text()


async def test_it_is_used_by_keyboard(browser: Browser, access: Access, year: dict[str, Any]) -> None:
    async with view_of(browser, access, year) as view:
        await view.loaded()
        grid = view.frame.get_by_role("grid")
        await grid.focus()
        for key in ("ArrowDown", "ArrowDown", "Space", "End", "Space"):
            await view.page.keyboard.press(key)
        await view.told(2)
        active = await grid.get_attribute("aria-activedescendant")
        assert active == "row-299" and await view.frame.locator(f"#{active}").is_visible()
        await view.page.keyboard.press("Enter")
        await view.opened()
        chip = view.frame.get_by_role("group", name="Facets").get_by_role("button", name="kessler.example")
        await chip.focus()
        for pressed in ("true", "false"):
            await view.page.keyboard.press("Space")
            assert await chip.get_attribute("aria-pressed") == pressed
        await view.frame.get_by_role("tab", name="Table").focus()
        await view.page.keyboard.press("ArrowRight")
        assert await view.frame.get_by_role("tab", name="Timeline").get_attribute("aria-selected") == "true"


async def test_every_control_has_a_name(browser: Browser, access: Access, spring: dict[str, Any]) -> None:
    unnamed = """() => [...document.querySelectorAll('button, input, [role=grid], [role=img], [role=region]')]
        .filter(each => !(each.getAttribute('aria-label') || each.textContent.trim())).map(each => each.outerHTML)"""
    async with view_of(browser, access, spring) as view:
        await view.loaded()
        await view.click(view.rows().first)
        await view.opened()
        for tab in ("Table", "Timeline", "Who to whom", "Conversation"):
            await view.click(view.frame.get_by_role("tab", name=tab))
            assert await view.frame.evaluate(unnamed) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1_100])
async def test_words_can_be_read_in_both_themes_and_no_frame_is_too_narrow(
    browser: Browser, access: Access, spring: dict[str, Any], theme: str, width: int
) -> None:
    colours = """() => { const seen = getComputedStyle(document.body); const canvas = document.createElement('canvas');
        const draw = canvas.getContext('2d', {willReadFrequently: true});
        const rgb = (colour) => { draw.fillStyle = colour; draw.fillRect(0, 0, 1, 1);
            return [...draw.getImageData(0, 0, 1, 1).data].slice(0, 3); };
        return [rgb(seen.color), rgb(seen.backgroundColor)]; }"""
    async with view_of(browser, access, spring, theme=theme, width=width) as view:
        await view.loaded()
        ink, back = ([sum(rgb) / 3] for rgb in await view.frame.evaluate(colours))
        assert (ink < back) is (theme == "light") and abs(ink[0] - back[0]) > 150
        await view.click(view.rows().first)
        await view.opened()
        assert await view.frame.evaluate("document.documentElement.scrollWidth") <= width


# What hosts lack or do


async def test_a_host_that_gives_the_text_alone_gets_the_rows_all_the_same(
    browser: Browser, access: Access, year: dict[str, Any]
) -> None:
    def without(result: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in result.items() if name != "structuredContent"}

    async with view_of(browser, access, year, change=without) as view:
        await view.loaded()
        assert (await view.frame.locator("#status").inner_text()).startswith("300 messages found.")


async def test_a_host_without_tools_shows_the_first_page_and_says_what_it_cannot(
    browser: Browser, access: Access, year: dict[str, Any]
) -> None:
    async with view_of(browser, access, year, capabilities={}) as view:
        await view.loaded()
        assert "20 loaded" in await view.frame.locator("#status").inner_text()
        await view.click(view.rows().first)
        await view.frame.get_by_text("Ask in the chat.").first.wait_for()
        assert view.asked == [] and await view.heard("contexts") == []


async def test_a_search_that_failed_says_why(browser: Browser, access: Access, spring: dict[str, Any]) -> None:
    async with view_of(browser, access, spring | {"archive_id": "a-none"}) as view:
        await view.frame.get_by_role("heading", name="The search failed").wait_for()
        assert "a-none" in await view.frame.get_by_role("alert").first.inner_text()


async def test_a_later_page_that_fails_keeps_the_rows(browser: Browser, access: Access, spring: dict[str, Any]) -> None:
    def broken(result: dict[str, Any]) -> dict[str, Any]:
        return result | {"structuredContent": result["structuredContent"] | {"NextCursor": "forged"}}

    async with view_of(browser, access, spring, change=broken) as view:
        await view.frame.get_by_role("alert").first.wait_for()
        assert "cursor" in await view.frame.get_by_role("alert").first.inner_text()
        assert await view.rows().count() > 10


async def test_the_theme_follows_the_host_and_a_teardown_is_answered(
    browser: Browser, access: Access, spring: dict[str, Any]
) -> None:
    async with view_of(browser, access, spring) as view:
        await view.loaded()
        await view.page.evaluate("window.bridge.setHostContext({theme: 'dark'})")
        await view.frame.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        assert await view.page.evaluate("window.bridge.teardownResource({})") == {}


async def test_a_host_with_more_room_is_asked_for_it(browser: Browser, access: Access, spring: dict[str, Any]) -> None:
    async with view_of(browser, access, spring) as view:
        await view.loaded()
        assert not await view.frame.get_by_role("button", name="Full screen").is_visible()
        await view.page.evaluate("window.bridge.setHostContext({availableDisplayModes: ['inline', 'fullscreen']})")
        await view.click(view.frame.get_by_role("button", name="Full screen"))
        await view.click(view.frame.get_by_role("button", name="Back into the chat"))
        await view.frame.get_by_role("button", name="Full screen").wait_for()
        assert await view.heard("modes") == ["fullscreen", "inline"]


# Hostile mail


HOSTILE_HEADERS = {
    "markup": '<img src=x onerror="top.location=1"> <script>alert(1)</script>',
    "a link": '<a href="https://evil.example/">click</a> javascript:alert(1)',
    "a style": '"><style>*{background:url(https://evil.example/)}</style>',
    "a meta refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "right to left": "\u202egnp.exe invoice",
}


def hostile_archive(folder: Path) -> tuple[Access, dict[str, Any]]:
    """Messages whose headers, bodies and files all try to be more than text."""
    with Store(folder, create=True) as store:
        archive_id = keeping_archive(Local(store, str), "hostile")
        archive = store.archive(archive_id)
        assert archive is not None
        messages = []
        for number, (name, words) in enumerate(HOSTILE_HEADERS.items()):
            body = f"{words}\nhttps://evil.example/{number}?x=1 and > quoted\n> {words}\n> {words}\n> {words}\n"
            raw = eml(
                From=f'"{words.replace(chr(34), "")}" <a{number}@evil.example>',
                To=f"<b@corp.example>, {words[:40]}",
                Subject=f"{name} {words}",
                Message_ID=f"<{number}@evil.example>",
                In_Reply_To=f"<{(number - 1) % len(HOSTILE_HEADERS)}@evil.example>",
                Content_Type="text/plain; charset=utf-8",
                body=body,
            )
            messages.append(describe(raw, archive_id, 1_750_000_000 + number * 3_600))
        for number, make in enumerate(list(HOSTILE.values())[1::4]):
            messages.append(describe(make(), archive_id, 1_750_100_000 + number))
        store.add_messages(archive, messages)
    return open_access(Settings(local=folder, search_seconds=0)), {
        "archive_id": archive_id,
        "from_timestamp": "2025-06-01",
        "to_timestamp": "2025-06-30",
    }


def uncleaned(value: Any) -> Any:
    """An answer as it would be if the server did not break up what a host could take for HTML."""
    if isinstance(value, dict):
        return {name: uncleaned(each) for name, each in value.items()}
    if isinstance(value, list):
        return [uncleaned(each) for each in value]
    return value.replace("< ", "<") if isinstance(value, str) else value


async def test_hostile_mail_is_text_and_nothing_leaves_the_frame(browser: Browser, tmp_path: Path) -> None:
    """`view_of` fails on any request, navigation, window or script error. What the server breaks up is put together
    again, so that the page has to hold by itself."""
    access, search = hostile_archive(tmp_path / "archive")
    async with view_of(browser, access, search, change=uncleaned, change_answers=uncleaned) as view:
        await view.loaded()
        count = int(await view.frame.get_by_role("grid").get_attribute("aria-rowcount") or 0) - 1
        assert count > 20
        for _ in range(count):
            await view.frame.get_by_role("grid").focus()
            await view.page.keyboard.press("Enter")
            message = await view.opened()
            for fold in await message.locator("summary").all():
                await view.click(fold)
            await view.frame.get_by_role("grid").focus()
            await view.page.keyboard.press("ArrowDown")
        opened = {str(each["arguments"]) for each in view.asked if each["tool"] == "read_archive_message"}
        assert len(opened) == count
        for tab in ("Timeline", "Who to whom", "Conversation"):
            await view.click(view.frame.get_by_role("tab", name=tab))
        await view.frame.locator(".thread li, .thread [role=alert]").first.wait_for()
        foreign = "a, img, iframe, object, embed, form, base, meta[http-equiv], link, [href], [src]"
        assert await view.frame.locator(foreign).count() == 0
        assert await view.frame.evaluate("document.scripts.length") == 10
        assert await view.heard("links") == []


async def test_real_spam_is_text_and_nothing_leaves_the_frame(browser: Browser, corpus: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "archive", create=True) as store:
        archive = store.archive(keeping_archive(Local(store, str), "spam"))
        assert archive is not None
        import_mail(store, archive, [corpus / "rspamd"])
    access = open_access(Settings(local=tmp_path / "archive", search_seconds=0))
    always = {"archive_id": archive.archive_id, "from_timestamp": "1990-01-01", "to_timestamp": "2030-01-01"}
    async with view_of(browser, access, always) as view:
        await view.loaded()
        await view.frame.get_by_role("grid").focus()
        for _ in range(READ):
            await view.page.keyboard.press("Enter")
            await view.opened()
            await view.page.keyboard.press("ArrowDown")
        read = [each for each in view.asked if each["tool"] == "read_archive_message"]
    READ_OF_CORPUS["rspamd, opened in the view"] = len(read)
    assert len(read) == READ


@pytest.mark.parametrize(
    "deed",
    [
        "fetch('https://evil.example/')",
        "location.href = 'https://evil.example/'",
        "document.body.append(Object.assign(new Image(), {src: 'https://evil.example/x.png'}))",
        "window.open('https://evil.example/')",
    ],
)
async def test_what_leaves_a_frame_is_noticed(
    browser: Browser, access: Access, spring: dict[str, Any], deed: str
) -> None:
    """So that the test before this one can fail."""
    with pytest.raises((AssertionError, ExceptionGroup)) as caught:
        async with view_of(browser, access, spring) as view:
            await view.loaded()
            await view.frame.evaluate(f"() => {{ {deed} }}")
            await view.page.wait_for_timeout(300)
    assert "evil.example" in repr(caught.value) or "sandbox" in repr(caught.value)


async def test_a_link_shows_its_host_and_opens_outside_after_a_second_word(browser: Browser, tmp_path: Path) -> None:
    access, search = hostile_archive(tmp_path / "archive")
    async with view_of(browser, access, search | {"subject": ["a link"]}) as view:
        await view.loaded()
        await view.click(view.rows().first)
        link = view.frame.get_by_role("button", name="evil.example ↗").last
        await view.click(link)
        assert await view.heard("links") == []
        await view.click(view.frame.get_by_role("button", name="Stay"))
        await view.click(link)
        await view.click(view.frame.get_by_role("button", name="Open outside"))
        await view.frame.get_by_role("button", name="Open outside").wait_for(state="detached")
        (opened,) = await view.heard("links")
        assert opened.startswith("https://evil.example/")


# How fast


def thousand(folder: Path) -> tuple[Access, dict[str, Any]]:
    with Store(folder, create=True) as store:
        archive_id = keeping_archive(Local(store, str), "thousand")
        archive = store.archive(archive_id)
        assert archive is not None
        store.add_messages(
            archive,
            [
                describe(
                    eml(
                        From=f"Sender {number % 40} <s{number % 40}@d{number % 17}.example>",
                        To=f"Person {number % 23} <p{number % 23}@corp.example>",
                        Subject=f"Number {number}: minutes and accounts",
                        Message_ID=f"<{number}@d.example>",
                    ),
                    archive_id,
                    1_740_000_000 + number * 20_000,
                )
                for number in range(1_000)
            ],
        )
    return open_access(Settings(local=folder, search_seconds=0)), {
        "archive_id": archive_id,
        "from_timestamp": "2025-01-01",
        "to_timestamp": "2025-12-31",
    }


async def test_it_paints_at_once_and_a_thousand_rows_scroll_without_a_long_task(
    browser: Browser, tmp_path: Path
) -> None:
    access, search = thousand(tmp_path / "archive")
    watch = """() => { window.tasks = []; new PerformanceObserver(list => window.tasks.push(
        ...list.getEntries().map(each => each.duration))).observe({type: 'longtask'}); }"""
    scroll = """async () => {
        const box = document.querySelector('.scroller');
        for (let step = 0; step <= 100; step++) {
            box.scrollTop = box.scrollHeight * step / 100;
            await new Promise(requestAnimationFrame);
        }
        await new Promise(done => setTimeout(done, 100));
        return window.tasks.splice(0);
    }"""
    async with view_of(browser, access, search) as view:
        await view.loaded()
        paint = await view.frame.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        assert (await view.frame.locator("#status").inner_text()).startswith("1,000 messages found")
        await view.frame.evaluate(watch)
        # At best of ten: other programs may keep the browser waiting. A page that is slow by itself is so each time.
        longest = math.inf
        for _ in range(10):
            longest = min(longest, max(await view.frame.evaluate(scroll), default=0.0) / slowness())
            if longest < LONG_TASK_MS:
                break
        assert await view.rows().last.get_attribute("aria-rowindex") == "1001"
    MEASURED.append(
        f"view: first paint after {paint:.0f} ms; 1,000 rows scrolled "
        f"{f'with a task of {longest:.0f} ms' if longest else 'without a task over 50 ms'}"
    )
    assert paint / slowness() < FIRST_PAINT_MS
    assert longest < LONG_TASK_MS
