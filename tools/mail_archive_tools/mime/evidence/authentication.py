"""What checks of the sender left in the header section: Authentication-Results (RFC 8601), ARC (RFC 8617), verdicts.

Whoever wrote the message may have written such a field too. Only one above the topmost Received field was surely
added by the last host; the others say what they say, and are marked.
"""

import re
from dataclasses import dataclass, field

from mail_archive_tools.mime.fields.headers import Field, Headers

MAX_RESULTS = 50
"""Fields read of one message, and results read of one field."""

_FIELDS = (
    "authentication-results",
    "arc-authentication-results",
    "received-spf",
    "x-ses-spam-verdict",
    "x-ses-virus-verdict",
)
_CHARS = 20_000
_COMMENT = re.compile(r"\((?:[^()\\]++|\\.|\([^()]*+\))*+\)")
_PIECE = re.compile(r"""((?:[^;"]++|"(?:[^"\\]++|\\.)*+"?)+)""")
_METHOD = re.compile(r"^([\w.-]{1,40})(?:/\d+)?\s*=\s*([\w.-]{1,40})")
_PROPERTY = re.compile(r"""\b([\w-]{1,40}\.[\w-]{1,40}|reason)\s*=\s*("(?:[^"\\]++|\\.)*+"|[^\s;]+)""")
_INSTANCE = re.compile(r"\bi\s*=\s*(\d{1,3})")


@dataclass(frozen=True)
class MethodResult:
    """`spf=pass` and what it is about: `smtp.mailfrom=a@b.example`."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AuthenticationField:
    """One field: who says so (`authserv_id`), what, and whether the sender may have written it."""

    name: str
    authserv_id: str | None
    results: tuple[MethodResult, ...]
    unverifiable: bool
    instance: int | None = None


def read_authentication(headers: Headers) -> list[AuthenticationField]:
    """The fields with results of checks, topmost first."""
    found: list[AuthenticationField] = []
    below_received = False
    for each in headers.fields:
        if each.name == "received":
            below_received = True
        elif each.name in _FIELDS and len(found) < MAX_RESULTS:
            found.append(_read(each, below_received))

    return found


def _read(each: Field, unverifiable: bool) -> AuthenticationField:
    text = each.unfolded[:_CHARS]
    if each.name.startswith("x-ses-"):
        kind = each.name.removeprefix("x-ses-").removesuffix("-verdict")
        return AuthenticationField(each.name, "amazonses.com", (MethodResult(kind, text[:40].lower()),), unverifiable)
    if each.name == "received-spf":
        word = text.split(None, 1)[0].lower()[:40] if text.split() else "none"
        return AuthenticationField(each.name, None, (MethodResult("spf", word, _keys(text)),), unverifiable)

    pieces = [piece.strip() for piece in _PIECE.findall(_COMMENT.sub(" ", text))]
    instance = None
    if each.name.startswith("arc-") and pieces and (match := _INSTANCE.match(pieces[0])):
        instance, pieces = int(match.group(1)), pieces[1:]
    identifier = pieces[0].split()[0] if pieces and pieces[0].split() and "=" not in pieces[0] else None
    results = [result for piece in pieces[: MAX_RESULTS + 1] if (result := _result(piece))]
    return AuthenticationField(each.name, identifier, tuple(results), unverifiable, instance)


def _result(piece: str) -> MethodResult | None:
    match = _METHOD.match(piece)
    if match is None:
        return None
    properties = {name.lower(): value.strip('"') for name, value in _PROPERTY.findall(piece[match.end() :])}
    return MethodResult(match.group(1).lower(), match.group(2).lower(), properties)


def _keys(text: str) -> dict[str, str]:
    """The key=value pairs of Received-SPF (RFC 7208, 9.1)."""
    pairs = re.findall(r"""\b(client-ip|envelope-from|helo|receiver|identity)=("[^"]*"|[^\s;]+)""", text)
    return {name: value.strip('"') for name, value in pairs}
