"""Who calls: a request's SigV4 signature, checked. Until there are users and roles there is one local user, whose key
pair is the folder's own."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mail_archive_server.local.errors import ApiError
from mail_archive_server.local.storage.database import KeyPair

SIGNING_NAME = "ses"
CLOCK_SKEW = timedelta(minutes=15)

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/"
    r"aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-target"}


def check_signature(
    method: str, url: str, headers: Mapping[str, str], body: bytes, now: float, keys: KeyPair, own_region: str
) -> None:
    """Let a request pass that was signed with these keys, for this Region; header names are in lower case.

    Raises:
        ApiError: it is not signed, by somebody else, wrongly, or too long ago.
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError("MissingAuthenticationTokenException", "The request carries no SigV4 signature.")
    if not hmac.compare_digest(match["key"].encode(), keys.access_key_id.encode()):
        raise ApiError(
            "UnrecognizedClientException",
            "The access key id is not known here. `mail-archive-mcp local DIR --show-credentials` shows the folder's.",
        )

    signed_at = _signing_time(headers)
    if abs(datetime.fromtimestamp(now, UTC) - signed_at) > CLOCK_SKEW:
        raise ApiError("InvalidSignatureException", "The signature is too old, or the clocks differ.")
    if match["date"] != f"{signed_at:%Y%m%d}":
        raise ApiError("InvalidSignatureException", "The date of the credential's scope is not that of X-Amz-Date.")
    if match["region"] != own_region:
        raise ApiError("InvalidSignatureException", f"The credential should be scoped to the Region {own_region}.")
    names = match["headers"].split(";")
    if match["service"] != SIGNING_NAME or not set(names) >= _MUST_BE_SIGNED:
        raise ApiError("InvalidSignatureException", "The signature does not cover what it must.")
    # The canonical request takes this header's word for the body, so the word must be true.
    if headers.get("x-amz-content-sha256", digest := hashlib.sha256(body).hexdigest()) != digest:
        raise ApiError("InvalidSignatureException", "X-Amz-Content-SHA256 is not the digest of the body.")
    request = AWSRequest(method, url, {name: headers.get(name, "") for name in names}, body)
    request.context["timestamp"] = signed_at.strftime(_DATE_FORMAT)
    if not hmac.compare_digest(_signature(request, match["region"], keys), match["signature"]):
        raise ApiError("InvalidSignatureException", "The signature does not match: the secret is another one.")


def _signing_time(headers: Mapping[str, str]) -> datetime:
    try:
        return datetime.strptime(headers.get("x-amz-date", ""), _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ApiError("InvalidSignatureException", "X-Amz-Date is missing or no date.") from None


def _signature(request: AWSRequest, region: str, keys: KeyPair) -> str:
    signer = SigV4Auth(Credentials(*keys), SIGNING_NAME, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature: str = signer.signature(text, request)
    return signature
