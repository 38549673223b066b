"""What a host says by its name: an IP address however it is written, a shortener, a place where anybody publishes."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network

from mail_archive_tools.mime.evidence.lookalikes import registrable

_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_MOST_NUMBERS = 4
_DOTTED = re.compile(r"(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})", re.ASCII)

_OWN = [
    ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "0.0.0.0/32",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]
"""Networks of one's own, where no stranger's page is (RFC 1918, 6598, 6890, 4193)."""

SHORTENERS = frozenset(
    (
        "bit.ly tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly cutt.ly rebrand.ly rb.gy t.ly tiny.cc shorturl.at "
        "bl.ink lnkd.in s.id shorte.st adf.ly soo.gd clck.ru vk.cc u.to qrco.de l.ead.me tr.im snipurl.com x.co "
        "bitly.com j.mp han.gl urlz.fr tny.im da.gd short.gy dub.sh surl.li lihi.cc n9.cl acortar.link kutt.it "
        "tinylink.net urlr.me reurl.cc me2.do linktr.ee 2no.co bit.do mcaf.ee db.tt po.st trib.al smarturl.it "
        "shrtco.de zpr.io gg.gg ln.run is.gd t1p.de ouo.io hyperurl.co encurtador.com.br qr.ae makeashorterlink.com"
    ).split()
)
"""Hosts whose addresses stand for others, which nobody sees before opening them."""

_PUBLISHERS = frozenset(
    (
        "storage.googleapis.com firebasestorage.googleapis.com storage.cloud.google.com sites.google.com "
        "docs.google.com forms.gle forms.office.com blob.core.windows.net web.core.windows.net azurewebsites.net "
        "azureedge.net cloudapp.azure.com web.app firebaseapp.com appspot.com r2.dev pages.dev workers.dev "
        "trycloudflare.com github.io githubusercontent.com gitlab.io netlify.app netlify.com vercel.app now.sh "
        "herokuapp.com glitch.me onrender.com fly.dev repl.co replit.app surge.sh webflow.io weebly.com "
        "weeblysite.com wixsite.com blogspot.com wordpress.com 000webhostapp.com square.site godaddysites.com "
        "strikingly.com mystrikingly.com jimdosite.com yolasite.com site123.me notion.site carrd.co canva.site "
        "framer.app ipfs.io dweb.link cf-ipfs.com backblazeb2.com digitaloceanspaces.com linodeobjects.com "
        "wasabisys.com ondigitalocean.app myftp.org duckdns.org ddns.net hopto.org sytes.net zapto.org ngrok.io "
        "ngrok.app ngrok-free.app translate.goog geocities.com tripod.com angelfire.com freewebs.com freeservers.com"
    ).split()
)
_BUCKET = re.compile(r"(?:^|\.)s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$")


@lru_cache(maxsize=4096)
def ip_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a browser takes a host for: `0x7f000001`, `017700000001` and `2130706433` are 127.0.0.1."""
    if ":" in host:
        try:
            return IPv6Address(host.strip("[]").partition("%")[0])
        except ValueError:
            return None

    # WHATWG URL, "IPv4 parser": the last number stands for all bytes that are left.
    parts = host.split(".")
    if len(parts) > _MOST_NUMBERS or not all(map(_NUMBER.fullmatch, parts)):
        return None
    try:
        *first, last = map(_number, parts)
    except ValueError:
        return None

    room = 256 ** (_MOST_NUMBERS - len(first))
    if last >= room or any(each > 255 for each in first):
        return None
    for place, each in enumerate(first):
        last += each << 8 * (3 - place)
    return IPv4Address(last)


def is_disguised_ip(host: str) -> bool:
    """Whether a host is an IP address that nobody reads as one: octal, hexadecimal, or fewer than four numbers."""
    found = ip_of(host)
    if not isinstance(found, IPv4Address):
        return False
    return _DOTTED.fullmatch(host) is None


def is_private(host: str) -> bool:
    """Whether a host is of a network of one's own, or of this machine."""
    found = ip_of(host)
    return any(found in network for network in _OWN if found is not None)


@lru_cache(maxsize=4096)
def is_shortener(host: str) -> bool:
    return _is_below(host, SHORTENERS)


@lru_cache(maxsize=4096)
def is_free_host(host: str) -> bool:
    """Whether anybody may publish there, under the name of somebody who is known."""
    if _BUCKET.search(host):
        return True
    return _is_below(host, _PUBLISHERS)


def owner_of(host: str) -> str:
    """Who has registered a host, or the host itself: an IP address, or what nobody can register."""
    return registrable(host) or host


def _is_below(host: str, names: frozenset[str]) -> bool:
    labels = host.removeprefix("www.").split(".")
    return any(".".join(labels[start:]) in names for start in range(len(labels) - 1))


def _number(text: str) -> int:
    """
    Raises:
        ValueError: it is none, such as 09.
    """
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text.startswith("0"):
        return int(text, 8)
    return int(text)
