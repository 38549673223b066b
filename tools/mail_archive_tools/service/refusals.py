"""botocore's exceptions as our errors: each once, naming the thing and the next step. Loads botocore."""

from typing import TypeAlias
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError,
    CredentialRetrievalError,
    EndpointProviderError,
    HTTPClientError,
    InvalidConfigError,
    InvalidRegionError,
    MissingDependencyException,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from mail_archive_tools import errors
from mail_archive_tools.service.resources import Resource
from mail_archive_tools.untrusted import clean_line, shorten

REFUSALS = (ClientError, BotoCoreError, ResponseParserError)
"""All that a boto3 client raises."""

Refusal: TypeAlias = ClientError | BotoCoreError | ResponseParserError

_LONGEST_WAIT = 3600.0

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_NOT_KNOWN = {
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_MISCONFIGURED = (
    ConfigNotFound,
    ConfigParseError,
    EndpointProviderError,
    InvalidConfigError,
    InvalidRegionError,
    MissingDependencyException,
    NoRegionError,
    ProfileNotFound,
)
_RENEW = "Renew them where this server runs (for instance with `aws sso login`) and call again; no restart is needed."


def is_about_credentials(error: Refusal) -> bool:
    """Whether a client with newly read credentials may fare better."""
    if isinstance(error, ClientError):
        return _code(error) in _EXPIRED | _NOT_KNOWN
    return isinstance(error, _NO_CREDENTIALS)


def refusal(error: Refusal, operation: str, resource: Resource) -> errors.ArchiveError:
    """What to raise instead of `error`, which `operation` on `resource` met."""
    if isinstance(error, ClientError):
        return _answered(error, operation, resource)
    return _not_answered(error, resource)


def unreadable(resource: Resource) -> errors.ServiceFailed:
    """What to raise when the answer cannot be read."""
    return errors.ServiceFailed(
        f"Mail Manager's answer on {resource} could not be read. Check the server's endpoint-url, then call again."
    )


def _answered(error: ClientError, operation: str, resource: Resource) -> errors.ArchiveError:
    code = _code(error)
    said = _said(error.response.get("Error", {}).get("Message", ""))
    if code == "ResourceNotFoundException":
        return errors.NotFound(f"There is no {resource} here. {resource.find}")
    if code == "ValidationException":
        refused = f"Mail Manager does not take this for {resource}: {said}. {resource.find}"
        return errors.InvalidArgument(refused.strip())
    if code == "AccessDeniedException":
        return errors.AccessDenied(
            f"These credentials may not use {resource}: the IAM action ses:{operation} is not allowed. "
            "Whoever runs this server can allow it."
        )
    if code == "ConflictException":
        return _conflict(said, operation, resource)
    if code == "ServiceQuotaExceededException":
        return errors.SlotTaken(
            f"Mail Manager cannot start this now: {said}. list_archive_searches shows which search holds the slot; "
            "wait for it, or end it with stop_archive_search."
        )
    if code in _THROTTLED:
        throttled = errors.Throttled("Mail Manager asks for fewer calls. Wait ten seconds, then call again.")
        throttled.retry_after = _retry_after(error)
        return throttled
    if code in _EXPIRED:
        return errors.CredentialsRefused(f"The AWS credentials have expired. {_RENEW}")
    if code in _NOT_KNOWN:
        return errors.CredentialsRefused(f"AWS does not know these credentials ({code}). {_RENEW}")
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return errors.ServiceFailed(f"Mail Manager failed on {resource} ({code}). Call again in a minute.")
    return errors.ServiceFailed(f"Mail Manager refused {operation} on {resource}: {said or code}.")


def _retry_after(error: ClientError) -> float | None:
    """What the Retry-After field asks for, in seconds; a date, which it may hold as well, is passed over."""
    value = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return min(float(value), _LONGEST_WAIT) if value.isdigit() else None


def _conflict(said: str, operation: str, resource: Resource) -> errors.ArchiveError:
    if operation == "GetArchiveSearchResults":
        return errors.NotReady(
            f"The {resource} has no results: {said}. get_archive_search shows its state; ask again when it is "
            "COMPLETED."
        )
    return errors.NotReady(f"The {resource} cannot be used: {said}. get_archive shows its state.")


def _not_answered(error: BotoCoreError | ResponseParserError, resource: Resource) -> errors.ArchiveError:
    if isinstance(error, _NO_CREDENTIALS):
        return errors.CredentialsRefused(
            f"No usable AWS credentials were found ({type(error).__name__}). {_RENEW.replace('Renew', 'Provide')}"
        )
    if isinstance(error, _MISCONFIGURED):
        said = _said(error)
        return errors.Misconfigured(
            f"This server's AWS settings do not work: {said}. Whoever runs it can set region, profile or endpoint-url."
        )
    if isinstance(error, HTTPClientError | ConnectionError):
        return errors.Unreachable(
            f"Mail Manager{_at(error)} cannot be reached ({type(error).__name__}). Check the network, and the server's "
            "region and endpoint-url; then call again."
        )
    if isinstance(error, ParamValidationError):
        said = _said(error)
        return errors.InvalidArgument(f"Mail Manager does not take this for {resource}: {said}.")
    if isinstance(error, ResponseParserError):
        return unreadable(resource)
    return errors.Misconfigured(
        f"The AWS SDK could not send this call ({type(error).__name__}). Whoever runs this server can check its AWS "
        "files and variables."
    )


def _said(text: object) -> str:
    """What a service or the SDK says, fit to stand within a sentence."""
    return shorten(clean_line(str(text)), errors.REASON_BYTES).rstrip(". ")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _at(error: BotoCoreError) -> str:
    host = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", ""))).hostname
    return f" at {host}" if host else ""
