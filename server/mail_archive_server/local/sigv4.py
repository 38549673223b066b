"""Who calls: a request's SigV4 signature, checked. Until there are users and roles there is one local user."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mail_archive_server.local.errors import ApiError

ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local"
SIGNING_NAME = "ses"
CLOCK_SKEW = timedelta(minutes=15)

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/"
    r"aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-target"}


def check_signature(method: str, url: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Let a request pass that the local user has signed; header names are in lower case.

    Raises:
        ApiError: it is not signed, by somebody else, wrongly, or too long ago.
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise ApiError("MissingAuthenticationTokenException", "The request carries no SigV4 signature.")
    if match["key"] != ACCESS_KEY_ID:
        raise ApiError(
            "UnrecognizedClientException",
            f"The access key id is not known here. The local archive's is {ACCESS_KEY_ID!r}, and so is its secret.",
        )

    signed_at = _signing_time(headers)
    if abs(datetime.fromtimestamp(now, UTC) - signed_at) > CLOCK_SKEW:
        raise ApiError("InvalidSignatureException", "The signature is too old, or the clocks differ.")
    names = match["headers"].split(";")
    if match["service"] != SIGNING_NAME or not set(names) >= _MUST_BE_SIGNED:
        raise ApiError("InvalidSignatureException", "The signature does not cover what it must.")
    # The canonical request takes this header's word for the body, so the word must be true.
    if headers.get("x-amz-content-sha256", digest := hashlib.sha256(body).hexdigest()) != digest:
        raise ApiError("InvalidSignatureException", "X-Amz-Content-SHA256 is not the digest of the body.")
    request = AWSRequest(method, url, {name: headers.get(name, "") for name in names}, body)
    request.context["timestamp"] = signed_at.strftime(_DATE_FORMAT)
    if not hmac.compare_digest(_signature(request, match["region"]), match["signature"]):
        raise ApiError("InvalidSignatureException", "The signature does not match: the secret is another one.")


def _signing_time(headers: Mapping[str, str]) -> datetime:
    try:
        return datetime.strptime(headers.get("x-amz-date", ""), _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ApiError("InvalidSignatureException", "X-Amz-Date is missing or no date.") from None


def _signature(request: AWSRequest, region: str) -> str:
    signer = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), SIGNING_NAME, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature: str = signer.signature(text, request)
    return signature
