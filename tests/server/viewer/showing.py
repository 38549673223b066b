"""A view as a person has it: a real host's bridge in Chromium, a real client and server behind it."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from playwright.async_api import Browser, Frame, Locator, Page, Request, Route, async_playwright

from mail_archive_server.app import build_server
from mail_archive_server.viewer import URI
from mail_archive_tools.access import Access
from tests.conftest import ROOT
from tests.pace import HANGS

BROWSER = shutil.which("chromium")
BUNDLE = ROOT / ".venv" / "viewer" / "bundle.js"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    # A frame in a process of its own gets clicks where it was a moment ago.
    *("--disable-component-update", "--disable-sync", "--disable-site-isolation-trials"),
    # Nothing is drawn that a processor would have to draw in place of a graphics card.
    *("--disable-software-rasterizer", "--disable-gpu-compositing"),
)
HOST, FRAME = "http://host.test/", "http://frame.test/view"
PAGE = (
    '<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;width:100%;height:100px}</style>'
    '<body><script src="/bundle.js"></script>'
)
CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'"
)
"""What a host sets for a view that declares nothing."""

EVERYTHING: dict[str, Any] = {"serverTools": {}, "openLinks": {}, "updateModelContext": {"text": {}}}
"""A host that can all that the view asks of one."""

needs_browser = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUNDLE.is_file(), reason="no host of views: `make test` makes it, where there is npm"),
]


@dataclass
class View:
    """What is shown, and what it did."""

    page: Page
    frame: Frame
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The arguments of each call that it made of a tool."""
    strayed: list[str] = field(default_factory=list)
    """Requests and navigations that nobody expected; there must be none."""
    errors: list[str] = field(default_factory=list)

    async def heard(self, what: str) -> list[Any]:
        found: list[Any] = await self.page.evaluate(f"window.heard.{what}")
        return found

    async def told(self, count: int) -> dict[str, Any]:
        """What the model was told last, once that is of so many messages: it is told a moment after the click."""
        ids = "window.heard.contexts.at(-1)?.structuredContent.ArchivedMessageIds"
        await self.page.wait_for_function(f"() => {ids}?.length === {count}")
        return dict((await self.heard("contexts"))[-1])

    async def click(self, target: Locator) -> None:
        """Click what is there, once the host has given the frame the height of its page: that moves what is in it."""
        await target.wait_for()
        await self.frame.wait_for_function(
            "() => innerHeight === Math.ceil(document.body.getBoundingClientRect().height)"
        )
        await target.click()

    def rows(self) -> Any:
        return self.frame.locator(".rows .row")

    async def opened(self) -> Any:
        """Wait until the message that was asked for last is there; returns where it is shown."""
        message = self.frame.locator(".message")
        await self.frame.locator('.message[aria-busy="false"]').wait_for(timeout=1_000 * HANGS)
        return message

    async def loaded(self) -> None:
        """Wait until all that can be loaded is."""
        status = "document.querySelector('#status').textContent"
        await self.frame.wait_for_function(
            f"() => /found/.test({status}) && !/Loading/.test({status})", timeout=1_000 * HANGS
        )


def rendering_client(access: Access, era: Any = "auto") -> Client:
    """A client that says it renders MCP Apps."""
    apps = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
    return Client(build_server(lambda: access), mode=era, extensions=[apps])


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def view_of(
    browser: Browser,
    access: Access,
    arguments: dict[str, Any],
    *,
    theme: str = "light",
    width: int = 1_100,
    capabilities: dict[str, Any] | None = None,
    change: Any = None,
    change_answers: Any = None,
) -> AsyncIterator[View]:
    """Show a search. `change` may alter the result before the view gets it, `change_answers` what it asks for later."""
    async with rendering_client(access) as client:
        html = (await client.read_resource(URI)).contents[0].text  # type: ignore[union-attr]
        result = await client.call_tool("show_archive_search", arguments)
        given = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        page = await browser.new_page(viewport={"width": width, "height": 900})
        view = View(page, page.main_frame)

        async def route(each: Route) -> None:
            await _serve(each, html, view)

        async def call(text: str) -> str:
            asked = json.loads(text)
            view.asked.append(asked["arguments"])
            answer = await client.call_tool(asked["name"], asked["arguments"])
            answered = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
            return json.dumps(change_answers(answered) if change_answers else answered)

        await page.route("**/*", route)
        await page.expose_function("callTool", call)
        page.on("pageerror", lambda error: view.errors.append(str(error)))
        page.on("console", lambda said: view.errors.append(said.text) if said.type == "error" else None)
        page.on("popup", lambda other: view.strayed.append(f"popup {other.url}"))
        await page.goto(HOST)
        await page.evaluate(
            "(given) => window.show(given)",
            {
                "url": FRAME,
                "context": {"theme": theme, "displayMode": "inline", "locale": "en"},
                "capabilities": EVERYTHING if capabilities is None else capabilities,
                "args": arguments,
                "result": change(given) if change else given,
            },
        )
        view.frame = next(each for each in page.frames if each.url == FRAME)
        page.on("framenavigated", lambda each: view.strayed.append(f"navigated {each.url}"))
        try:
            yield view
        finally:
            await page.close()
    assert view.strayed == [] and view.errors == [], (view.strayed, view.errors)


async def _serve(each: Route, html: str, view: View) -> None:
    request: Request = each.request
    if request.url == HOST:
        await each.fulfill(body=PAGE, content_type="text/html")
    elif request.url == f"{HOST}bundle.js":
        await each.fulfill(body=_bundle(), content_type="text/javascript")
    elif request.url == FRAME:
        await each.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": CSP})
    else:
        view.strayed.append(f"{request.method} {request.url}")
        await each.abort()


@cache
def _bundle() -> str:
    return BUNDLE.read_text("utf-8")
