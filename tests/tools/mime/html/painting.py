"""What a browser paints: whether the text of a document can be seen in a window of it.

Chromium is asked over its debugging pipe for two pictures of a document: as it is, and with the text in question made
transparent by a highlight, which changes nothing but the paint of its letters. Where both are the same, byte for byte,
nobody sees the text.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BROWSER = shutil.which("chromium")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe --window-size=800,600 "
    "--disable-frame-rate-limit --disable-gpu-vsync"
).split()
_PAGE = """<!doctype html><meta charset=utf-8>
<style>body{margin:0} iframe{border:0;width:800px;height:400px}</style><body>"""
_SHOW = """(source => new Promise(done => {
  document.querySelector('iframe')?.remove();
  const frame = document.createElement('iframe');
  frame.sandbox = 'allow-same-origin'; document.body.append(frame);
  // Written, since what is in srcdoc is read in the standards' mode whether it has a doctype or not.
  const page = frame.contentDocument; page.open(); page.write(source); page.close();
  window.inner = frame.contentWindow; inner.requestAnimationFrame(() => done(true)) }))(%s)"""
_VEIL = """(word => {
  const found = [], all = inner.document.createTreeWalker(inner.document, NodeFilter.SHOW_TEXT);
  while (all.nextNode()) if (all.currentNode.data.includes(word)) {
    // Highlights leave drawings and fields alone.
    const around = all.currentNode.parentElement, range = inner.document.createRange();
    if (around.ownerSVGElement) around.style.setProperty('fill', 'transparent', 'important');
    if (around.localName == 'textarea') around.style.setProperty('color', 'transparent', 'important');
    range.selectNodeContents(all.currentNode); found.push(range) }
  const sheet = new inner.CSSStyleSheet();
  sheet.replaceSync('::highlight(veil) { color: transparent !important; text-shadow: none; text-decoration: none; ' +
    '-webkit-text-fill-color: transparent !important; background-color: transparent }');
  inner.document.adoptedStyleSheets.push(sheet); inner.CSS.highlights.set('veil', new inner.Highlight(...found));
  const frame = inner.requestAnimationFrame.bind(inner);
  return new Promise(done => frame(() => frame(() => done(found.length)))) })(%s)"""


class Browser:
    """A running Chromium."""

    def __init__(self, commands: int, events: int) -> None:
        self._commands, self._events = os.fdopen(commands, "wb"), os.fdopen(events, "rb")
        self._number = 0
        self._waiting = b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._evaluate(f"document.write({json.dumps(_PAGE)})")

    def paints(self, document: str, word: str) -> bool:
        """Whether the text nodes of the document that have the word in them are seen."""
        self._evaluate(_SHOW % json.dumps(document))
        before = self._picture()
        assert self._evaluate(_VEIL % json.dumps(word)), f"{word} is nowhere in {document}"
        return before != self._picture()

    def says(self, expression: str) -> Any:
        """What a JavaScript expression gives, in an empty page."""
        return self._evaluate(expression)

    def close(self) -> None:
        self._commands.close()
        self._events.close()

    def _picture(self) -> str:
        clip = {"x": 0, "y": 0, "width": 800, "height": 400, "scale": 1}
        taken = self._ask("Page.captureScreenshot", format="png", clip=clip, optimizeForSpeed=True)
        return hashlib.sha256(base64.b64decode(taken["data"])).hexdigest()

    def _evaluate(self, expression: str) -> Any:
        answer = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if method.partition(".")[0] in ("Page", "Runtime"):
            request["sessionId"] = self._session
        self._commands.write(json.dumps(request).encode() + b"\0")
        self._commands.flush()
        while True:
            while b"\0" not in self._waiting:
                piece = os.read(self._events.fileno(), 1 << 20)
                assert piece, "the browser has gone"
                self._waiting += piece
            message, _, self._waiting = self._waiting.partition(b"\0")
            answer = json.loads(message)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without network, in a profile of its own."""
    assert BROWSER is not None
    events, theirs_out = os.pipe()
    theirs_in, commands = os.pipe()
    # It reads commands from 3 and writes events to 4, wherever ours are.
    place = (
        "import os, sys\n"
        "high = [os.dup(os.dup(int(each))) for each in sys.argv[1:3]]\n"
        "for place, each in enumerate(high, 3): os.dup2(each, place)\n"
        "os.execv(sys.argv[3], sys.argv[3:])"
    )
    start = [sys.executable, "-c", place, str(theirs_in), str(theirs_out)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [*start, BROWSER, *_FLAGS, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out),
        )
        os.close(theirs_in)
        os.close(theirs_out)
        running = Browser(commands, events)
        try:
            yield running
        finally:
            running.close()
            process.kill()
            process.wait()
