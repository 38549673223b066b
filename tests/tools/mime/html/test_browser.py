"""What a browser shows of real mail, word by word, beside what the reader shows of it."""

import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import mean, median

import pytest

from mail_archive_tools.mime.html.reader import read_html
from mail_archive_tools.mime.message import read_message
from tests.conftest import MEASURED

pytestmark = pytest.mark.slow

BROWSER = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --remote-debugging-port=0"
).split()
SECONDS = 120.0
LEAST_F1 = 0.97
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""For the mail's pages: nothing is fetched, nothing runs."""

PAGE = """<!doctype html><meta charset=utf-8><body><script>
async function read(count) {
  const texts = [];
  for (let number = 0; number < count; number++) {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-same-origin'; frame.width = 800; frame.height = 600;
    await new Promise(done => {
      frame.onload = done; setTimeout(done, 4000); frame.src = '/body/' + number; document.body.append(frame) });
    texts.push(frame.contentDocument?.body?.innerText ?? ''); frame.remove() }
  await fetch('/done', {method: 'POST', body: JSON.stringify(texts)}) }
read(COUNT)</script>"""


def inner_texts(bodies: list[str]) -> list[str]:
    """What the browser's innerText gives for each body."""
    found: list[list[str]] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_body = self.path.startswith("/body/")
            page = bodies[int(self.path[6:])] if is_body else PAGE.replace("COUNT", str(len(bodies)))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if is_body:
                self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(page.encode("utf-8", "replace"))

        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            done.set()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: pytest's output is no access log."""

    assert BROWSER is not None
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as profile:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        with subprocess.Popen(
            [BROWSER, *FLAGS, f"--user-data-dir={profile}", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser:
            done.wait(SECONDS)
            browser.kill()
        server.shutdown()
    assert found, "the browser did not answer"
    return found[0]


def agreement(one: str, other: str) -> float:
    """F1 of the words of both."""
    words, others = (Counter(re.findall(r"\w+", text.lower())) for text in (one, other))
    total = words.total() + others.total()
    return 2 * (words & others).total() / total if total else 1.0


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_visible_text_agrees_with_a_browser(corpus: Path) -> None:
    """On ham, spam and list mail. Link targets and image texts are ours, so they are left aside."""
    bodies = []
    for kind in ("spamassassin", "notmuch", "rspamd"):
        for path in sorted((corpus / kind).rglob("*")):
            if path.is_file():
                parts = read_message(path.read_bytes()).bodies.html
                bodies += [part.html() for part in parts if part.content_type == "text/html"]
    # Every second one: a browser takes its time.
    bodies = bodies[::2]
    shown = [re.sub(r" <[^<>\s]{3,}>|\[image\]", "", read_html(body).text) for body in bodies]
    scores = [agreement(mine, theirs) for mine, theirs in zip(shown, inner_texts(bodies), strict=True)]
    MEASURED.append(f"browser: {len(bodies)} bodies, mean F1 {mean(scores):.3f}, median {median(scores):.3f}")
    assert len(bodies) > 200
    assert mean(scores) >= LEAST_F1
    assert median(scores) >= 0.995
