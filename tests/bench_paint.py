"""Words of HTML that a person sees and the reader drops, and hidden ones that it shows, beside what Chromium paints.

python -m tests.bench_paint  prints both, for generated documents and for the HTML of the corpus
"""

import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mail_archive_tools.mime.html.reader import HtmlText, read_html
from mail_archive_tools.mime.message import read_message
from tests.conftest import CORPUS
from tests.tools.mime.html.painting import BROWSER, browser
from tests.tools.mime.html.test_browser import inner_texts
from tests.tools.mime.html.test_painting import DOCUMENTS, PAIRS, PROPERTIES, WAYS, WORD
from tests.tools.mime.html.test_undecided import HIDDEN, SHOWN

GENERATED = 300
EACH = 4
"""Of the HTML of the corpus, every so many bodies: a browser takes its time."""

_SETS = ("spamassassin", "notmuch", "rspamd")
_OURS = re.compile(r" <[^<>\s]{3,}>|\[image\]")
"""What the reader writes beside the words: targets of links, and what stands for pictures."""
_PHRASE = "Seen by everybody"


@dataclass(frozen=True)
class Painted:
    """Of `documents`: the words that a browser shows, those of them that the reader drops, and those that it shows and
    the browser does not."""

    documents: int
    visible: int
    dropped: int
    hidden_shown: int


def generated() -> Painted:
    """Documents with one word, under declarations that hide it, show it, or are none."""
    visible = dropped = hidden_shown = 0
    documents = list(_documents())
    with browser() as chromium:
        for document in documents:
            paints = chromium.paints(document, WORD)
            shows = WORD in read_html(document).text
            visible += paints
            dropped += paints and not shows
            hidden_shown += shows and not paints
    return Painted(len(documents), visible, dropped, hidden_shown)


def of_corpus(corpus: Path) -> Painted:
    """Real HTML, word by word, beside the browser's innerText. What that has and the reader calls hidden (letters in
    their background's colour, for instance) is no word that a person sees, and none that is lost."""
    bodies = _bodies(corpus)[::EACH]
    visible = dropped = hidden_shown = 0
    for body, inner in zip(bodies, inner_texts(bodies), strict=True):
        read = read_html(body)
        seen, shown = _words(inner), _words(_OURS.sub("", read.text))
        visible += seen.total()
        dropped += (seen - shown - _unseen(read) - _words(read.text)).total()
        hidden_shown += (shown - seen).total()
    return Painted(len(bodies), visible, dropped, hidden_shown)


def _documents() -> list[str]:
    templates = {f"{name}:{{}}": values for name, values in PROPERTIES.items()} | PAIRS
    chosen = random.Random(1)
    found = list(DOCUMENTS.values())
    for each in (*SHOWN.values(), *HIDDEN.values()):
        found.append(each.replace(_PHRASE, WORD))

    for _ in range(GENERATED):
        template = chosen.choice(sorted(templates))
        several = [each for each in templates[template] if each]
        values = [template.format(chosen.choice(chosen.choice(several))) for _ in range(2)]
        doctype = chosen.choice(["<!doctype html>", ""])
        found.append(doctype + chosen.choice(WAYS).format(*values))
    return found


def _bodies(corpus: Path) -> list[str]:
    bodies: list[str] = []
    for kind in _SETS:
        for path in sorted((corpus / kind).rglob("*")):
            if path.is_file():
                parts = read_message(path.read_bytes()).bodies.html
                bodies += [part.html() for part in parts if part.content_type == "text/html"]
    return bodies


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def _unseen(read: HtmlText) -> Counter[str]:
    words: Counter[str] = Counter()
    for each in read.unseen:
        words += _words(each.text)
    return words


def lines() -> list[tuple[str, str]]:
    """What was measured, and what came of it."""
    if BROWSER is None:
        return [("HTML beside Chromium's paint", "no Chromium here")]
    kinds = {"generated documents": generated()}
    if CORPUS.is_dir():
        kinds["HTML bodies of the corpus"] = of_corpus(CORPUS)

    told: list[tuple[str, str]] = []
    for kind, found in kinds.items():
        measured = f"{found.dropped} visible words of {found.visible:,} dropped, {found.hidden_shown} hidden ones shown"
        told.append((f"{found.documents} {kind}, beside what Chromium shows", measured))
    return told


if __name__ == "__main__":
    for what, measured in lines():
        print(f"{what}: {measured}")
