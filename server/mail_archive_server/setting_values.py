"""Settings are text: what each kind of them becomes. What cannot be raises a ValueError that says what it must be."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

S3_LOCATION = r"s3://[a-zA-Z0-9.-]{3,63}(?:/[a-zA-Z0-9!_.*'()/-]*)?"
KEY_BYTES = 16
"""The shortest key that is worth its name."""

_ADDRESS_CHARACTERS = 320
"""64 before the @ and 255 behind it (RFC 5321, 4.5.3.1)."""


def yes_or_no(text: str) -> bool:
    if text.lower() in ("yes", "true", "1", "on"):
        return True
    if text.lower() in ("no", "false", "0", "off"):
        return False
    raise ValueError("yes or no")


def one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        for choice in choices:
            if text.lower() == choice.lower():
                return choice
        raise ValueError(f"one of {', '.join(choices)}")

    return read


def path(text: str) -> Path:
    """`~` is the user's home: hosts start a server without a shell, which would have said so."""
    if not text:
        # A variable of a script that was not set: the folder that the script runs in is not what was meant.
        raise ValueError("a path; none was given")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("a path; there is no such user, or no home folder") from None


def index_place(text: str) -> str:
    """A file, or `none`."""
    if "://" in text:
        raise ValueError("a file, or none")
    return str(path(text))


def words(pattern: str, kind: str) -> Callable[[str], str]:
    """Reads a text that AWS would take."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(kind)
        return text

    return read


def export_place(text: str) -> str:
    """A place that exports may go to: policies are made of it."""
    # Imported here: few servers export.
    from mail_archive_tools.service.buckets import Location

    return str(Location.named(text))


def correspondent(text: str) -> str:
    domain = text.rpartition("@")[2]
    has_domain = re.search(r"[\w-]+\.[\w.-]*\w", domain) is not None
    if not has_domain or not text.isprintable() or len(text) > _ADDRESS_CHARACTERS:
        raise ValueError("a domain, an address or a name and an address, such as Ann Lee <ann@example.com>")
    return text


def tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
    is_key = re.fullmatch(r"[\w\s.:/=+@-]{1,128}", name)
    is_value = re.fullmatch(r"[\w\s.:/=+@-]{0,256}", value)
    if not all((equals, is_key, is_value)):
        raise ValueError("a key and a value such as team=legal, of letters, digits, spaces and _.:/=+-@")
    return name, value


def session_seconds(text: str) -> int:
    """botocore renews credentials 15 minutes before their end: of a session of 15 minutes, with each call."""
    if not text.isdigit() or not 1_800 <= int(text) <= 43_200:
        raise ValueError("a number of seconds from 1800 to 43200")
    return int(text)


def address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("an IP address, such as 127.0.0.1") from None


def port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65_535:
        raise ValueError("a port number from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 3600:
        raise ValueError("a number of seconds from 0 to 3600")
    return value


def key(text: str) -> str:
    if len(text.encode()) < KEY_BYTES:
        raise ValueError(f"at least {KEY_BYTES} characters")
    return text


def is_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine, over which nobody listens."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def trustworthy_url(example: str) -> Callable[[str], str]:
    """Reads one that says who somebody is: over TLS, or on this machine."""

    def read(text: str) -> str:
        if not _is_trustworthy(text):
            raise ValueError(f"a URL over https without a query, such as {example}")
        return text

    return read


def _is_trustworthy(text: str) -> bool:
    # Printable ASCII but the space, which no URL has (RFC 3986, 2).
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        return False
    try:
        parts = urlsplit(text)
        is_somewhere = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

    if not is_somewhere or any((parts.query, parts.fragment, parts.username)):
        return False
    if parts.scheme == "http":
        # Without TLS, to this machine alone.
        return is_this_machine(text)
    return parts.scheme == "https"


def http_url(text: str) -> str:
    kind = "a URL such as https://mail-manager.eu-west-1.amazonaws.com"
    try:
        parts = urlsplit(text)
        is_somewhere = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(kind) from None

    if not is_somewhere or parts.scheme not in ("http", "https"):
        raise ValueError(kind)
    return text
