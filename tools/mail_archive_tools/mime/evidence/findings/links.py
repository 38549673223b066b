"""Where the links of a message lead, beside what they show, and beside whom it is from."""

import re
from collections.abc import Iterable, Iterator

from mail_archive_tools.mime.evidence.finding import Finding
from mail_archive_tools.mime.evidence.findings.wrappers import unwrapped
from mail_archive_tools.mime.evidence.hosts import (
    ip_of,
    is_disguised_ip,
    is_free_host,
    is_private,
    is_shortener,
    owner_of,
)
from mail_archive_tools.mime.evidence.imitations import is_a_brands
from mail_archive_tools.mime.evidence.links import host_of
from mail_archive_tools.mime.evidence.lookalikes import is_under_a_known_suffix
from mail_archive_tools.mime.evidence.passing_on import is_of
from mail_archive_tools.mime.html.reader import Link

_SCHEMES_THAT_ACT = ("javascript", "data", "vbscript", "file")
_HOST_IN_TEXT = re.compile(
    r"^(?P<before>(?:https?://)?(?:www\.)?)(?P<host>(?:[\w-]+\.)+[a-z]{2,24})(?P<after>[/:?#].*)?$",
    re.IGNORECASE,
)
# Countries have some of these as their domains; a name without anything before or behind it is a file's.
_OF_FILES = frozenset(
    "py sh md rs pl zip mov ps so cc ai app java php pm in am la mk do cab id tex py ml js ts go doc".split()
)
_NAMED = 3
_FEW_OWNERS = 5
"""Of messages that lead to more owners than these, many an honest one leads to a shortener too."""

# What nearly all newsletters and signatures link to beside their own pages.
_OF_ALL = frozenset(
    "facebook.com twitter.com x.com instagram.com linkedin.com youtube.com pinterest.com tiktok.com apple.com "
    "google.com whatsapp.com w3.org t.me vimeo.com adobe.com mozilla.org".split()
)


def in_links(links: list[Link], written: Iterable[str], owners: Iterable[str]) -> Iterator[Finding]:
    """`links` are those of the HTML, `written` the hosts of the text and of files; `owners` are the domains of those
    whom the message is from."""
    owners = tuple(owners)
    led: list[str] = []
    behind_words: list[str] = []
    for link in links:
        target = unwrapped(link.target)
        scheme = target.partition(":")[0].lower()
        if scheme in _SCHEMES_THAT_ACT:
            sentence = f"A link is a {scheme}: address, which runs or opens something: {link.text[:80]}."
            yield Finding("link-runs", sentence)
            continue

        host = host_of(target.lower())
        if not host:
            continue
        led.append(host)
        # An address that stands there as it is asks nobody to trust its words.
        if _host_shown(link.text.strip()) != host:
            behind_words.append(host)
        yield from _beside_its_words(link, target.lower(), host, owners)

    yield from _of_hosts([*led, *written], owners)
    yield from _of_all(behind_words, owners)


def _beside_its_words(link: Link, target: str, host: str, owners: tuple[str, ...]) -> Iterator[Finding]:
    # What a program has wrapped may show the address of its wrapper.
    shown = _host_shown(link.text.strip())
    led_to = (host, host_of(link.target.lower()))
    if shown and not is_of(shown, led_to) and not _is_own_name(link.text, host, owners):
        yield Finding("link-elsewhere", f"A link shows {shown}, but leads to {host}.")

    # In https://bank.example@evil.example/ the host is evil.example (RFC 3986, 7.6).
    authority = target.split("//", 1)[-1].split("/", 1)[0]
    if "@" in authority:
        yield Finding("link-user", f"A link has a user name before its host, which is {host}: {target[:100]}")


def _host_shown(text: str) -> str | None:
    """The host that the words of a link are; None where they are others, or the name of a file."""
    found = _HOST_IN_TEXT.match(text)
    if found is None:
        return None

    host = found.group("host").lower()
    if found.group("before"):
        return host
    if host.rpartition(".")[2] in _OF_FILES:
        return None
    return host if is_under_a_known_suffix(host) else None


def _is_own_name(text: str, host: str, owners: tuple[str, ...]) -> bool:
    """Whether a link has a name with a dot for its words, such as "News.com", and leads to the sender's own host, as
    where clicks are counted. An address is no name, and a brand's name is not the sender's to use."""
    if "/" in text or text.lower().startswith("www.") or is_a_brands(text.strip()):
        return False
    return is_of(host, owners)


def _of_hosts(hosts: list[str], owners: tuple[str, ...]) -> Iterator[Finding]:
    """What each host is, whoever the message is from."""
    strangers = {owner_of(host) for host in hosts} - _OF_ALL
    are_few = len(strangers) <= _FEW_OWNERS
    for host in dict.fromkeys(hosts):
        if ip_of(host) is not None:
            yield from _of_address(host, are_few)
        elif not are_few or is_of(host, owners):
            continue
        elif is_shortener(host):
            yield Finding("shortener", f"A link leads to {host}, a shortener: where it goes on to is not seen.")
        elif is_free_host(host):
            yield Finding("free-host", f"A link leads to {host}, where anybody may publish.")


def _of_address(host: str, are_few: bool) -> Iterator[Finding]:
    address = ip_of(host)
    if is_disguised_ip(host):
        yield Finding("disguised-ip", f"A link leads to {host}, which is the IP address {address}.")
    elif are_few and not is_private(host):
        yield Finding("bare-ip", f"A link leads to a bare IP address: {host}.")


def _of_all(hosts: list[str], owners: tuple[str, ...]) -> Iterator[Finding]:
    """Whether all lead to others than those whom the message is from."""
    if not owners or any(is_of(host, owners) for host in hosts):
        return

    others = dict.fromkeys(owner_of(host) for host in hosts if not is_private(host))
    names = [owner for owner in others if owner not in _OF_ALL]
    # Whoever tells what others have written leads to many of them.
    if not names or len(names) > _FEW_OWNERS:
        return

    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    yield Finding("links-elsewhere", f"Every link leads to another owner than From, {owners[0]}: {shown}{more}.")
