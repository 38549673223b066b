"""botocore's exceptions as our errors: each once, naming the thing and the next step. Loads botocore."""

from typing import TypeAlias
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from mail_archive_tools import errors
from mail_archive_tools.service.refusals.causes import NO_RESTART, expired_still, missing
from mail_archive_tools.service.refusals.credential_services import EXPIRED, UNKNOWN, asked, refused, skewed
from mail_archive_tools.service.refusals.denials import denial_of
from mail_archive_tools.service.refusals.sdk_errors import code_of, said, said_by, status_of
from mail_archive_tools.service.resources import Resource
from mail_archive_tools.service.wire.faults import CutAnswer, CutAnswerOfChange, NotWhole

REFUSALS = (ClientError, BotoCoreError, ResponseParserError)
"""All that a boto3 client raises."""

Refusal: TypeAlias = ClientError | BotoCoreError | ResponseParserError

_LONGEST_WAIT = 3600.0

_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
_UNAVAILABLE = "LocalArchiveUnavailable"
"""A code of no service of AWS: whoever answers with it says in whole sentences what is wrong, and what to do."""
_RENEW = f"Renew them where this server runs, for instance with `aws sso login`. {NO_RESTART}"


def is_about_credentials(error: Refusal) -> bool:
    """Whether a client with newly read credentials may fare better."""
    if isinstance(error, ClientError):
        return code_of(error) in EXPIRED | UNKNOWN
    if isinstance(error, ResponseParserError):
        return False
    return isinstance(missing(error), errors.CredentialsRefused)


def refusal(error: Refusal, operation: str, resource: Resource) -> errors.ArchiveError:
    """What to raise instead of `error`, which `operation` on `resource` met."""
    if not isinstance(error, ClientError):
        return _not_answered(error, resource)
    if asked(error):
        return refused(error)
    return _answered(error, operation, resource)


def unforeseen(error: Exception, resource: Resource) -> errors.ArchiveError:
    """What to raise for an exception of Python's own: botocore's parser raises those on JSON of another shape than the
    model's, and its credentials where what was renewed has expired."""
    if isinstance(error, RuntimeError) and "expired" in str(error):
        return expired_still()
    return unreadable(resource)


def unreadable(resource: Resource) -> errors.ServiceFailed:
    """What to raise when the answer cannot be read."""
    return errors.ServiceFailed(
        f"Mail Manager's answer on {resource} could not be read. Check the server's endpoint-url, then call again."
    )


def _answered(error: ClientError, operation: str, resource: Resource) -> errors.ArchiveError:
    code = code_of(error)
    reason = said_by(error)

    # What the service's model has as errors of these operations (API Reference, "Common Errors" beside them).
    if code == "ResourceNotFoundException":
        return errors.NotFound(f"There is no {resource} here. {resource.find}")
    if code == "ValidationException":
        return _not_taken(reason, resource)
    if code == "AccessDeniedException":
        return errors.AccessDenied(denial_of(error, f"ses:{operation}").sentence(f"use {resource}"))
    if code == "ConflictException":
        return _conflict(reason, operation, resource)
    if code == "ServiceQuotaExceededException":
        return _over_quota(reason, operation)
    if code in _THROTTLED:
        throttled = errors.Throttled("Mail Manager asks for fewer calls. Wait ten seconds, then call again.")
        throttled.retry_after = _retry_after(error)
        return throttled

    # A clock that is wrong is why credentials look expired or unknown, so it goes first.
    clocks = skewed(error)
    if clocks is not None:
        return clocks
    if code in EXPIRED:
        return errors.CredentialsRefused(f"Mail Manager says that the AWS credentials have expired. {_RENEW}")
    if code in UNKNOWN:
        return errors.CredentialsRefused(
            f"Mail Manager does not know these AWS credentials ({code}): they are wrong, or of another account, or the "
            f"Region is not switched on for it (--region). {_RENEW}"
        )

    if code == _UNAVAILABLE:
        return errors.ServiceFailed(f"{reason}.")
    if status_of(error) >= 500:
        return errors.ServiceFailed(f"Mail Manager failed on {resource} ({code}). Call again in a minute.")
    return errors.ServiceFailed(f"Mail Manager refused {operation} on {resource}: {reason or code}.")


def _not_taken(reason: str, resource: Resource) -> errors.InvalidArgument:
    if str(resource).casefold() in reason.casefold():
        # The service names it by itself: "Message m-1 does not exist".
        return errors.InvalidArgument(f"Mail Manager does not take this: {reason}. {resource.find}".strip())
    return errors.InvalidArgument(f"Mail Manager does not take this for {resource}: {reason}. {resource.find}".strip())


def _retry_after(error: ClientError) -> float | None:
    """What the Retry-After field asks for, in seconds; a date, which it may hold as well (RFC 9110, 10.2.3), is passed
    over."""
    value = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    if not value.isdigit():
        return None
    return min(float(value), _LONGEST_WAIT)


def _conflict(reason: str, operation: str, resource: Resource) -> errors.ArchiveError:
    if operation == "GetArchiveSearchResults":
        return errors.NotReady(
            f"The {resource} has no results: {reason}. get_archive_search shows its state; ask again when it is "
            "COMPLETED."
        )
    if operation == "CreateArchive":
        return errors.InvalidArgument(
            f"There can be no {resource}: {reason}. list_archives shows those that there are."
        )
    return errors.NotReady(f"The {resource} cannot be used: {reason}. get_archive shows its state.")


def _over_quota(reason: str, operation: str) -> errors.ArchiveError:
    if operation == "StartArchiveSearch":
        return errors.SlotTaken(
            f"Mail Manager cannot start this now: {reason}. list_archive_searches shows which search holds the slot; "
            "wait for it, or end it with stop_archive_search."
        )
    if operation == "StartArchiveExport":
        return errors.SlotTaken(
            f"Mail Manager cannot start this now: {reason}. list_archive_exports shows which export holds the slot; "
            "wait for it with get_archive_export, or end it with stop_archive_export."
        )
    return errors.OverQuota(f"Mail Manager allows no more of this: {reason}. Nothing was changed.")


def _not_answered(error: BotoCoreError | ResponseParserError, resource: Resource) -> errors.ArchiveError:
    if isinstance(error, ResponseParserError):
        return unreadable(resource)
    if isinstance(error, CutAnswer | CutAnswerOfChange):
        return _not_whole(error, resource)

    cause = missing(error)
    if cause is not None:
        return cause
    if isinstance(error, HTTPClientError | ConnectionError):
        return _unreachable(error)
    if isinstance(error, ParamValidationError):
        return errors.InvalidArgument(f"Mail Manager does not take this for {resource}: {said(error)}.")
    return errors.Misconfigured(
        f"The AWS SDK could not send this call ({type(error).__name__}). Whoever runs this server can check its AWS "
        "files and variables."
    )


def _not_whole(error: NotWhole, resource: Resource) -> errors.ServiceFailed:
    operation = error.kwargs["operation"]
    why = error.kwargs["why"]
    done = " It may have been done all the same." if isinstance(error, CutAnswerOfChange) else ""
    return errors.ServiceFailed(
        f"The answer to {operation} did not come whole, for {resource}: {why}.{done} Nothing of it is used. Check the "
        "network, the server's endpoint-url, and proxies on the way; then call again."
    )


def _unreachable(error: BotoCoreError) -> errors.ArchiveError:
    host = urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname or ""
    others = [name for part, name in _HOSTS.items() if part in f".{host}"]
    who = others[0] if others else "Mail Manager"
    at = f" at {host}" if host else ""
    return errors.Unreachable(
        f"{who}{at} cannot be reached ({type(error).__name__}). Check the network, and whether the server's Region is "
        "one that has it (--region, --endpoint-url); then call again."
    )


_HOSTS = {
    ".sts.": "STS",
    ".oidc.": "IAM Identity Center (SSO)",
    ".portal.sso.": "IAM Identity Center (SSO)",
    ".signin.": "The sign-in of `aws login`",
}
"""Who else is called, by a part of the name of its host."""
