"""The hosts that a message leads to, and those it would load pictures from: of every part, whatever is shown of it."""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from mail_archive_tools.mime.evidence.context import NOTHING_KNOWN, Context
from mail_archive_tools.mime.evidence.finding_names import Weight
from mail_archive_tools.mime.evidence.hosts import ip_of, is_disguised_ip, is_free_host, is_private, is_shortener
from mail_archive_tools.mime.evidence.imitations import is_suspicious
from mail_archive_tools.mime.files import File
from mail_archive_tools.mime.html.targets import Target, targets_of
from mail_archive_tools.mime.message import Message
from mail_archive_tools.mime.structure import text_of

MAX_HOSTS = 300
"""Hosts that are told of one message: the heaviest first."""

GATHERED_HOSTS = 3_000
"""Hosts that are looked at in one message."""

READ_CHARS = 1_500_000
"""How much of a file that came with a message is looked through, in bytes."""

FILES_SECONDS = 3.0
"""After this, no more files of a message are looked through."""

_READ_CHARS_OF_ALL = 3 * READ_CHARS

_WORDS_KEPT = 3
_TEXT = ("text/plain", "text/html", "image/svg+xml", "text/xml")
_MARKUP = ("text/html", "image/svg+xml")
_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'`]{1,2000}|\bwww\.[^\s<>\"'`/]{3,200}", re.IGNORECASE)
# Nearly all addresses are written so. `urlsplit` says the same of them, and takes ten times as long.
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
    """The hosts of a message: those that pass for others, those that hide whose they are, then the rest."""
    gathered = _Gathered()
    for target in message.text.targets:
        gathered.add(target)
    gathered.add_text(message.text.plain, "text")
    gathered.add_files(message.files)

    # Sorting is stable: those of one weight stay in their order.
    hosts = sorted(gathered.hosts.values(), key=lambda each: _weight(each.host, context))
    if len(hosts) > MAX_HOSTS:
        gathered.leave_out(f"more than {MAX_HOSTS} hosts")
    return Links(hosts[:MAX_HOSTS], gathered.images, gathered.cut)


def _weight(host: str, context: Context) -> Weight:
    """How much a host matters beside others: as the findings weigh that it is one of."""
    if is_suspicious(host, context) or is_disguised_ip(host):
        return Weight.HEAVY
    if is_shortener(host) or is_free_host(host):
        return Weight.USUAL
    if ip_of(host) is not None and not is_private(host):
        return Weight.USUAL
    return Weight.LIGHT


@lru_cache(maxsize=4096)
def host_of(address: str) -> str:
    """The host of an address that names one; "" of the others."""
    usual = _USUAL_ADDRESS.match(address)
    if usual:
        return usual.group(1).rstrip(".").lower()

    # In addresses of the web, browsers take a backslash for a slash (WHATWG URL, "URL parsing").
    if address.lower().startswith(("http", "//", "\\\\")):
        address = address.replace("\\", "/")
    if "//" not in address[:20]:
        return ""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").lower()


class _Gathered:
    """What is found of links, place by place. `where` is said of those that are no part of the message itself."""

    def __init__(self) -> None:
        self.hosts: dict[str, LinkedHost] = {}
        self.images: Counter[str] = Counter()
        self.cut: str | None = None

    def leave_out(self, what: str) -> None:
        """Only the first that is left out is named."""
        if self.cut is None:
            self.cut = what

    def add(self, target: Target, where: str = "") -> None:
        mail = _MAIL.match(target.address)
        host = mail.group(1).lower() if mail else host_of(target.address)
        if not host:
            return

        if target.kind == "image":
            if host in self.images or len(self.images) < MAX_HOSTS:
                self.images[host] += 1
            return
        # What a link shows of its address is the link once more.
        if target.kind == "text" and host in self.hosts:
            return
        kind = "mail" if mail else target.kind
        self._count(host, f"{kind}{where}", target.words)

    def add_text(self, text: str, kind: str) -> None:
        for address in _in_text(text):
            host = host_of(address)
            if host:
                self._count(host, kind, "")

    def add_files(self, files: Iterable[File]) -> None:
        room = _READ_CHARS_OF_ALL
        until = time.monotonic() + FILES_SECONDS
        for file in files:
            kind = _kind_of(file)
            if kind not in _TEXT:
                continue
            if time.monotonic() > until:
                # What files take is taken from the message that they came with.
                self.leave_out(file.id)
                return

            data = file.load().data
            if len(data) > READ_CHARS:
                self.leave_out(file.id)
            charset = file.part.declared_type.parameters.get("charset", "") if file.part else ""
            text = text_of(data[:READ_CHARS], charset)
            room -= len(text)
            if room < 0:
                self.leave_out(file.id)
                return

            if kind not in _MARKUP:
                self.add_text(text, "text in a file")
                continue
            targets, is_cut = targets_of(text)
            if is_cut:
                self.leave_out(file.id)
            for target in targets:
                self.add(target, " in a file")

    def _count(self, host: str, kind: str, words: str) -> None:
        if host not in self.hosts and len(self.hosts) >= GATHERED_HOSTS:
            self.leave_out(f"more than {GATHERED_HOSTS} hosts")
            return

        found = self.hosts.setdefault(host, LinkedHost(host))
        found.count += 1
        found.kinds[kind] = None
        if words and len(found.words) < _WORDS_KEPT:
            found.words[words] = None


def _in_text(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        # What ends a sentence, or the bracket around an address, is no part of it.
        address = match.group().rstrip(".,;:!?)]}>")
        if address.lower().startswith("www."):
            address = f"http://{address}"
        yield address


def _kind_of(file: File) -> str:
    """What a file is read as: by its name where its type says nothing."""
    if file.is_html:
        return "text/html"
    kind = file.declared_type.partition(";")[0].strip().lower()
    if kind in _TEXT:
        return kind
    if (file.name or "").lower().endswith(".svg"):
        return "image/svg+xml"
    return file.detected_type or kind
