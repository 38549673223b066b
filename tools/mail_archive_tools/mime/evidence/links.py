"""The hosts that a message leads to, and those it would load pictures from: of every part, whatever is shown of it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.imitations import is_suspicious
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.html.targets import Target, targets_of
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.structure import text_of

MAX_HOSTS = 300
"""Hosts that are told of one message: first those that pass for others."""

GATHERED_HOSTS = 3_000
"""Hosts that are looked at in one message."""

READ_CHARS = 1_500_000
"""How much of a file that came with a message is looked through, in bytes; of all of them, three times that."""

_WORDS_KEPT = 3
_TEXT = ("text/plain", "text/html", "image/svg+xml", "text/xml")
_MARKUP = ("text/html", "image/svg+xml")
_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'`]{1,2000}|\bwww\.[^\s<>\"'`/]{3,200}", re.IGNORECASE)
# As nearly all are: what `urlsplit` says of them too, which takes ten times as long.
_USUAL_ADDRESS = re.compile(r"https?://([a-z0-9.-]+)(?=[/?#]|$)(?!.*[\\\s])", re.IGNORECASE | re.ASCII)
_MAIL = re.compile(r"^mailto:[^?]*@([\w.-]{3,255})", re.IGNORECASE)


@dataclass
class LinkedHost:
    """One host: how many links lead there, of which kinds, and some of the words that do."""

    host: str
    count: int = 0
    kinds: dict[str, None] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)


@dataclass
class Links:
    """`hosts` are those that links lead to, `images` those of pictures; `cut` names what was not looked through."""

    hosts: list[LinkedHost]
    images: Counter[str]
    cut: str | None = None


def read_links(message: Message, context: Context = NOTHING_KNOWN) -> Links:
    """The hosts of a message: first those that pass for others, each in its order."""
    gathered = _Gathered()
    for target in message.text.targets:
        gathered.add(target)
    gathered.add_text(message.text.plain, "text")
    room = 3 * READ_CHARS
    for file in message.files:
        kind = _kind_of(file)
        if kind not in _TEXT:
            continue
        data = file.load().data
        if len(data) > READ_CHARS or room < 0:
            gathered.cut = gathered.cut or file.id
        text = text_of(data[:READ_CHARS], file.part.declared_type.parameters.get("charset", "") if file.part else "")
        room -= len(text)
        if room < 0:
            continue
        if kind in _MARKUP:
            for target in targets_of(text):
                gathered.add(target, " in a file")
        else:
            gathered.add_text(text, "text in a file")
    # Sorting is stable: the others stay in their order.
    hosts = sorted(gathered.hosts.values(), key=lambda each: not is_suspicious(each.host, context))
    cut = gathered.cut
    if len(hosts) > MAX_HOSTS:
        cut = cut or f"more than {MAX_HOSTS} hosts"
    return Links(hosts[:MAX_HOSTS], gathered.images, cut)


@lru_cache(maxsize=4096)
def host_of(address: str) -> str:
    """The host of an address that names one; "" of the others."""
    if usual := _USUAL_ADDRESS.match(address):
        return usual.group(1).rstrip(".").lower()
    text = address.replace("\\", "/") if address.lower().startswith(("http", "//", "\\\\")) else address
    try:
        return (urlsplit(text).hostname or "").rstrip(".").lower() if "//" in text[:20] else ""
    except ValueError:
        return ""


class _Gathered:
    def __init__(self) -> None:
        self.hosts: dict[str, LinkedHost] = {}
        self.images: Counter[str] = Counter()
        self.cut: str | None = None

    def add(self, target: Target, where: str = "") -> None:
        mail = _MAIL.match(target.address)
        host = mail.group(1).lower() if mail else host_of(target.address)
        if not host:
            return
        if target.kind == "image":
            if host in self.images or len(self.images) < MAX_HOSTS:
                self.images[host] += 1
        elif target.kind != "text" or host not in self.hosts:
            # What a link shows of its address is the link once more.
            self._count(host, f"{'mail' if mail else target.kind}{where}", target.words)

    def add_text(self, text: str, kind: str) -> None:
        for address in _in_text(text):
            if host := host_of(address):
                self._count(host, kind, "")

    def _count(self, host: str, kind: str, words: str) -> None:
        if host not in self.hosts and len(self.hosts) >= GATHERED_HOSTS:
            self.cut = self.cut or f"more than {GATHERED_HOSTS} hosts"
            return
        found = self.hosts.setdefault(host, LinkedHost(host))
        found.count += 1
        found.kinds[kind] = None
        if words and len(found.words) < _WORDS_KEPT:
            found.words[words] = None


def _in_text(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        address = match.group().rstrip(".,;:!?)]}>")
        yield f"http://{address}" if address.lower().startswith("www.") else address


def _kind_of(file: File) -> str:
    """What a file is read as: by its name where its type says nothing."""
    if file.is_html:
        return "text/html"
    kind = file.declared_type.partition(";")[0].strip().lower()
    by_name = "image/svg+xml" if (file.name or "").lower().endswith(".svg") else None
    return kind if kind in _TEXT else by_name or file.detected_type or kind
