"""Where links lead that programs have wrapped: those that check links as they are opened, and those that count clicks.

Only hosts that are known for it are unwrapped. Of another host, whatever is in the address is words of its sender's.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

from mail_archive_tools.mime.evidence.links import host_of

_MOST_WRAPPED = 4
"""A link is often wrapped by each of the hosts on its way."""
_CHARS = 4_000
_WEB = ("http://", "https://")
# urldefense.com/v3/__https://a.example/b*c__;Kw!!...: what stands for an asterisk is behind the semicolon.
_THIRD = re.compile(r"/v3/__(.+?)__;", re.DOTALL)
# ....awstrack.me/L0/https:%2F%2Fa.example%2F/1/...
_IN_PATH = re.compile(r"/L\d/(https?(?::|%3A)(?:%2F|/){2}[^/]+)", re.IGNORECASE)

# Each with the names that its query has for the target.
_IN_QUERY: dict[str, tuple[str, ...]] = {
    "safelinks.protection.outlook.com": ("url",),
    "linkprotect.cudasvc.com": ("a",),
    "google.com": ("q", "url"),
    "googleadservices.com": ("adurl",),
    "doubleclick.net": ("adurl",),
    "youtube.com": ("q",),
    "l.facebook.com": ("u",),
    "lm.facebook.com": ("u",),
    "l.instagram.com": ("u",),
    "linkedin.com": ("url", "u"),
    "slack-redir.net": ("url",),
    "go.redirectingat.com": ("url",),
    "click.linksynergy.com": ("murl", "RD_PARM1"),
    "anrdoezrs.net": ("url",),
    "secure-web.cisco.com": ("u",),
    "protect-us.mimecast.com": ("url",),
    "antiphishing.vadesecure.com": ("u",),
    "clicktime.symantec.com": ("u",),
    "deref-gmx.net": ("redirectUrl",),
    "deref-web.de": ("redirectUrl",),
    "deref-mail.com": ("redirectUrl",),
    "exacttarget.com": ("u", "url"),
    "list-manage.com": ("url",),
    "srd.yahoo.com": ("u",),
}


def unwrapped(address: str) -> str:
    """The address behind the wrappers of a link; the link itself where nothing is wrapped."""
    for _ in range(_MOST_WRAPPED):
        inner = _inner(address[:_CHARS])
        if not inner.lower().startswith(_WEB):
            return address
        address = inner
    return address


def _inner(address: str) -> str:
    """The address that a wrapper names; "" of another."""
    wrapper = _wrapper(host_of(address.lower()))
    if wrapper is None:
        return ""
    try:
        parts = urlsplit(address)
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return ""

    read = _OF_THEIR_OWN.get(wrapper)
    if read is not None:
        return read(parts.path, query)
    values = [query[name][0] for name in _IN_QUERY[wrapper] if name in query]
    return values[0] if values else ""


@lru_cache(maxsize=4096)
def _wrapper(host: str) -> str | None:
    """The wrapper that a host is, or is below."""
    while host:
        if host in _OF_THEIR_OWN or host in _IN_QUERY:
            return host
        host = host.partition(".")[2]
    return None


def _urldefense(path: str, query: dict[str, list[str]]) -> str:
    third = _THIRD.search(path + "__;")
    if third:
        # One slash is left of two where a program has tidied the path.
        return re.sub(r"^(https?):/(?=[^/])", r"\1://", third.group(1))

    written = query.get("u", [""])[0]
    if path.startswith("/v2"):
        # Of the second version, %3A is written -3A, and a slash as an underscore.
        return unquote(re.sub(r"-(?=[0-9A-F]{2})", "%", written).replace("_", "/"))
    return written


def _awstrack(path: str, query: dict[str, list[str]]) -> str:
    found = _IN_PATH.search(path)
    return unquote(found.group(1)) if found else ""


def _sophos(path: str, query: dict[str, list[str]]) -> str:
    try:
        return base64.b64decode(query.get("u", [""])[0] + "==").decode("ascii")
    except (binascii.Error, ValueError):
        return ""


_OF_THEIR_OWN: dict[str, Callable[[str, dict[str, list[str]]], str]] = {
    "urldefense.com": _urldefense,
    "urldefense.us": _urldefense,
    "urldefense.proofpoint.com": _urldefense,
    "awstrack.me": _awstrack,
    "protection.sophos.com": _sophos,
}
