"""What checks of the sender left in the header section: Authentication-Results (RFC 8601), ARC (RFC 8617), verdicts.

Whoever wrote the message may have written such a field too. Trusted is:

- what Amazon SES wrote when it received the message: right below its own Received field, the topmost, in one row, each
  once. The service noted which address the message came from: that Received field and each SPF result of the row name
  it, and say the same of it. A message that the service did not receive, an imported one for instance, has no such row;
- results of a server that whoever asks names, since it takes out those that only pretend to be its own (RFC 8601, 5).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from mail_archive_tools.mime.evidence.route import hop_of
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
# Names that only the service's own hosts have: those of any customer end in amazonaws.com as well.
_OF_SES = re.compile(
    r"\sby\s+(?:inbound-smtp\.[\w-]+\.amazonaws\.com(?:\.cn)?|[\w.-]+\.mail-manager-smtp\.amazonaws\.com|"
    r"(?:[\w-]+\.)*amazonses\.com)(?=[\s;(])",
    re.IGNORECASE,
)
_IS_SES = re.compile(r"\s*amazonses\.com\s*;", re.IGNORECASE)
_BY_SES = {
    "x-ses-spam-verdict",
    "x-ses-virus-verdict",
    "received-spf",
    "authentication-results",
    "x-ses-receipt",
    "x-ses-dkim-signature",
}
_WITH_SPF = ("received-spf", "authentication-results")
# What Received-SPF has as keys (RFC 7208, 9.1), and Amazon SES writes behind semicolons in Authentication-Results too,
# where other hosts have the next method.
_NO_METHODS = {"client-ip", "envelope-from", "helo", "receiver", "identity"}
_KEY = re.compile(r"""\b(client-ip|envelope-from|helo|receiver|identity)=("[^"]*"|[^\s;]+)""")
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
    """One field: who says so (`authserv_id`), what, and whether it is trusted; else the sender may have written it.

    `instance` is the number of the set of ARC's fields that it belongs to (RFC 8617, 4.2.1).
    """

    name: str
    authserv_id: str | None
    results: tuple[MethodResult, ...]
    trusted: bool
    instance: int | None = None


def read_authentication(
    headers: Headers, trusted_ids: Collection[str] = (), received_from: str | None = None
) -> list[AuthenticationField]:
    """The fields with results of checks, topmost first. `trusted_ids` are the authserv-ids of servers whose word is
    taken wherever it stands; `received_from` is the address that the service noted when it received the message."""
    named = {each.lower() for each in trusted_ids}
    surely = _surely_added(headers.fields, received_from)

    found: list[AuthenticationField] = []
    for place, each in enumerate(headers.fields):
        if each.name not in _FIELDS:
            continue
        if len(found) == MAX_RESULTS:
            break
        read = _read(each, trusted=place in surely)
        identifier = read.authserv_id or ""
        if identifier.lower() in named:
            read = replace(read, trusted=True)
        found.append(read)

    return found


def _surely_added(fields: Sequence[Field], received_from: str | None) -> Collection[int]:
    """The places of the row of fields that the service wrote when it received the message from that address."""
    address = _address(received_from)
    if address is None:
        return ()
    topmost = next((place for place, each in enumerate(fields) if each.name == "received"), None)
    if topmost is None:
        return ()

    received = fields[topmost].unfolded[:_CHARS]
    if not _OF_SES.search(received):
        return ()
    if _address(hop_of(received).from_ip) != address:
        return ()

    row = set(_row_below(fields, topmost))
    clients = [client for place in row for client, _ in _spf_checks(fields[place])]
    # Without an SPF result nothing ties the row to this delivery: it may have come with the message.
    if not clients:
        return ()
    if any(_address(client) != address for client in clients):
        return ()
    return row


def _row_below(fields: Sequence[Field], topmost: int) -> Iterator[int]:
    """The places of the fields by the names that the service writes, right below a Received field, each once."""
    seen: set[str] = set()
    spf: str | None = None
    for place in range(topmost + 1, len(fields)):
        each = fields[place]
        if each.name not in _BY_SES or each.name in seen:
            return
        if each.name == "authentication-results" and not _IS_SES.match(each.unfolded):
            return

        if each.name in _WITH_SPF:
            found = {result for _, result in _spf_checks(each)}
            # The service checks once, and says the same of it in both fields.
            if len(found) != 1:
                return
            if spf is not None and spf not in found:
                return
            spf = found.pop()
        seen.add(each.name)
        yield place


def _spf_checks(each: Field) -> Iterator[tuple[str | None, str]]:
    """Of each SPF result in a field, whom it is about, and what it is."""
    if each.name not in _WITH_SPF:
        return
    for result in _read(each, trusted=False).results:
        if result.method == "spf":
            yield result.properties.get("client-ip"), result.result


def _address(text: str | None) -> str | None:
    """An address in the one form that can be compared."""
    try:
        found = ip_address((text or "").strip("[]"))
    except ValueError:
        return None
    # A host that listens for IPv6 may write 192.0.2.1 as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2).
    return str(getattr(found, "ipv4_mapped", None) or found)


def _read(each: Field, trusted: bool) -> AuthenticationField:
    text = each.unfolded[:_CHARS]
    if each.name.startswith("x-ses-"):
        kind = each.name.removeprefix("x-ses-").removesuffix("-verdict")
        verdict = MethodResult(kind, text[:40].lower())
        return AuthenticationField(each.name, "amazonses.com", (verdict,), trusted)

    if each.name == "received-spf":
        # The result is the first word: "pass (mx.example: ...) client-ip=192.0.2.1; ..." (RFC 7208, 9.1).
        words = text.split(None, 1)
        result = words[0].lower()[:40] if words else "none"
        spf = MethodResult("spf", result, _keys(text))
        return AuthenticationField(each.name, None, (spf,), trusted)

    return _authentication_results(each.name, text, trusted)


def _authentication_results(name: str, text: str, trusted: bool) -> AuthenticationField:
    # Comments may stand anywhere, and hold semicolons (RFC 5322, 3.2.2).
    pieces = [piece.strip() for piece in _PIECE.findall(_COMMENT.sub(" ", text))]

    instance = None
    if name.startswith("arc-") and pieces:
        # The instance comes before all else (RFC 8617, 4.1.1).
        match = _INSTANCE.match(pieces[0])
        if match:
            instance = int(match.group(1))
            pieces = pieces[1:]

    results = tuple(_results(pieces[: MAX_RESULTS + 1]))
    return AuthenticationField(name, _identifier(pieces), results, trusted, instance)


def _identifier(pieces: list[str]) -> str | None:
    """The authserv-id, which a version may follow (RFC 8601, 2.2). Some hosts leave it out, and begin with results."""
    if not pieces or "=" in pieces[0]:
        return None
    words = pieces[0].split()
    return words[0] if words else None


def _results(pieces: list[str]) -> list[MethodResult]:
    """The results of a field; what Amazon SES sets apart with semicolons belongs to the result before."""
    results: list[MethodResult] = []
    for piece in pieces:
        result = _result(piece)
        if result is None:
            continue
        if result.method not in _NO_METHODS:
            results.append(result)
        elif results:
            results[-1].properties.update(_keys(piece))

    return results


def _result(piece: str) -> MethodResult | None:
    match = _METHOD.match(piece)
    if match is None:
        return None

    method, result = match.groups()
    rest = piece[match.end() :]
    properties = {name.lower(): value.strip('"') for name, value in _PROPERTY.findall(rest)}
    properties.update(_keys(rest))
    return MethodResult(method.lower(), result.lower(), properties)


def _keys(text: str) -> dict[str, str]:
    """The key=value pairs of Received-SPF (RFC 7208, 9.1)."""
    return {name: value.strip('"') for name, value in _KEY.findall(text)}
