"""A request's SigV4 signature, checked: it leads to the caller."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mail_archive_local.api_errors import ApiError
from mail_archive_local.identity.callers import Caller
from mail_archive_local.storage.database import KeyPair
from mail_archive_local.wire.protocol import HttpRequest

CLOCK_SKEW = timedelta(minutes=15)
"""How far a request's time may be from that of this machine."""

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/"
    r"aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_TOKEN = "x-amz-security-token"

Finder = Callable[[str, str | None], tuple[KeyPair, Caller]]
"""Leads from an access key id and a session token to the key pair and who has it."""


@dataclass(frozen=True)
class SignatureScope:
    """What a signature has to be made for: the service's signing name, the Region, and what it must cover."""

    name: str
    region: str
    headers: frozenset[str]


def signed_by(request: HttpRequest, signing: SignatureScope, now: float, find: Finder) -> Caller:
    """Who signed a request.

    Raises:
        ApiError: it is not signed, by somebody unknown, wrongly, or too long ago.
    """
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    headers = request.headers
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError("MissingAuthenticationTokenException", "The request carries no SigV4 signature.")

    keys, caller = find(match["key"], headers.get(_TOKEN))
    signed_at = _signing_time(headers)
    since = datetime.fromtimestamp(now, UTC) - signed_at
    if abs(since) > CLOCK_SKEW:
        raise ApiError("InvalidSignatureException", "The signature is too old, or the clocks differ.")
    if match["date"] != f"{signed_at:%Y%m%d}":
        raise ApiError("InvalidSignatureException", "The date of the credential's scope is not that of X-Amz-Date.")
    if match["region"] != signing.region:
        raise ApiError("InvalidSignatureException", f"The credential should be scoped to the Region {signing.region}.")

    names = match["headers"].split(";")
    must_be = set(signing.headers)
    if _TOKEN in headers:
        must_be.add(_TOKEN)
    if match["service"] != signing.name or not must_be.issubset(names):
        raise ApiError("InvalidSignatureException", "The signature does not cover what it must.")

    # The canonical request takes this header's word for the body, so the word must be true.
    digest = hashlib.sha256(request.body).hexdigest()
    if headers.get("x-amz-content-sha256", digest) != digest:
        raise ApiError("InvalidSignatureException", "X-Amz-Content-SHA256 is not the digest of the body.")

    signed_headers = {name: headers.get(name, "") for name in names}
    covered = AWSRequest(request.method, request.url, signed_headers, request.body)
    # Where botocore's signer looks for the time.
    covered.context["timestamp"] = signed_at.strftime(_DATE_FORMAT)
    should_be = _signature(covered, signing, keys)
    if not hmac.compare_digest(should_be, match["signature"]):
        raise ApiError("InvalidSignatureException", "The signature does not match: the secret is another one.")
    return caller


def _signing_time(headers: Mapping[str, str]) -> datetime:
    try:
        return datetime.strptime(headers.get("x-amz-date", ""), _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ApiError("InvalidSignatureException", "X-Amz-Date is missing or no date.") from None


def _signature(request: AWSRequest, signing: SignatureScope, keys: KeyPair) -> str:
    signer = SigV4Auth(Credentials(*keys), signing.name, signing.region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature: str = signer.signature(text, request)
    return signature
