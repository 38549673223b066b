"""What keeps credentials from being had, or from being taken: each cause with its sentence, and what mends it.

Who refused is named: STS, IAM Identity Center (SSO), the sign-in of `aws login`, a credential process, an endpoint of
the machine. Loads botocore.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from botocore import exceptions as of_sdk
from botocore.exceptions import BotoCoreError, ClientError

from mail_archive_tools import errors
from mail_archive_tools.service.denials import denial_of
from mail_archive_tools.untrusted import clean_line, shorten

NO_RESTART = "Then call again; no restart is needed."

_SKEW = timedelta(minutes=4)
"""A difference of clocks that is worth a word: AWS takes five minutes."""

_STS = "STS"
_SSO = "IAM Identity Center (SSO)"
_SIGN_IN = "The sign-in of `aws login`"
_SERVICES = {
    "AssumeRole": _STS,
    "AssumeRoleWithWebIdentity": _STS,
    "AssumeRoleWithSAML": _STS,
    "GetCallerIdentity": _STS,
    "GetScopedCredentials": _STS,
    "GetSessionToken": _STS,
    "CreateToken": _SSO,
    "GetRoleCredentials": _SSO,
    "CreateOAuth2Token": _SIGN_IN,
}
"""Who is asked on the way to credentials, by operation."""

_PROVIDERS = {
    "custom-process": "The credential process",
    "container-role": "The credential endpoint of this container",
    "iam-role": "The credential endpoint of this machine",
    "sso": _SSO,
    "login": _SIGN_IN,
    "assume-role": _STS,
    "assume-role-with-web-identity": _STS,
}
"""What botocore calls those whom it asks for credentials."""

_NARROWING = ("GetScopedCredentials", "GetSessionToken")
_NOT_NARROWED = (
    "Without it these credentials cannot be kept to the server's --archive, and are not used. --role-arn assumes a "
    "role that can be; --unscoped-ok has this server alone keep to the archives, which is weaker."
)

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN = {
    "AuthFailure",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_SKEWED = {"RequestTimeTooSkewed", "RequestInTheFuture"}


class MfaWanted(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """A profile whose role wants a code of a device, which nobody is there to type."""

    fmt = "The profile wants an MFA code."


class StillExpired(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """Credentials that were renewed and have expired all the same."""

    fmt = "The renewed credentials have expired already."


Failure: TypeAlias = BotoCoreError | ClientError


def asked(error: ClientError) -> str | None:
    """Who refused, where it is one of those that are asked for credentials; None: another service."""
    return _SERVICES.get(error.operation_name)


def missing(error: BotoCoreError) -> errors.ArchiveError | None:
    """What to raise where there are no credentials or settings to call with; None where it is about something else."""
    for cause in _CAUSES:
        if isinstance(error, cause.kinds):
            return cause.error(cause.sentence(error))
    return None


def expired_still() -> errors.ArchiveError:
    """What to raise where credentials were renewed and are of no use all the same."""
    return errors.CredentialsRefused(f"The credentials were renewed and have expired all the same. {_sign_in()}")


def refused(error: ClientError) -> errors.ArchiveError:
    """What to raise when one of those that are asked for credentials refused."""
    kept_out = _refused(error)
    if error.operation_name in _NARROWING:
        return type(kept_out)(f"{kept_out} {_NOT_NARROWED}")
    return kept_out


def _refused(error: ClientError) -> errors.ArchiveError:
    code, who = code_of(error), _SERVICES[error.operation_name]
    if (clocks := skewed(error)) is not None:
        return clocks
    if code in _OF_STS:
        kind, sentence = _OF_STS[code]
        return kind(f"{who} refused {error.operation_name}: {said_by(error)}. {sentence}")
    if code in EXPIRED:
        return errors.CredentialsRefused(
            f"{who} says that the credentials have expired ({error.operation_name}). {_sign_in()}"
        )
    if code in UNKNOWN:
        return errors.CredentialsRefused(
            f"{who} does not know these credentials ({code}): they are of another partition, or were deleted. Look at "
            f"them with `aws sts get-caller-identity`, and give others. {NO_RESTART}"
        )
    if code.startswith("AccessDenied"):
        return errors.AccessDenied(_not_allowed(who, error))
    if who == _SSO:
        return errors.CredentialsRefused(f"{_SSO} refused ({code}): {said_by(error)}. {_sso_login()}")
    if status_of(error) >= 500 or "Throttl" in code:
        return errors.ServiceFailed(f"{who} failed ({code}). Call again in a minute.")
    return errors.CredentialsRefused(f"{who} refused {error.operation_name} ({code}): {said_by(error)}.")


def skewed(error: ClientError) -> errors.ArchiveError | None:
    """What to raise where this machine's clock is why a signature was refused; None where it is not."""
    if code_of(error) not in EXPIRED | UNKNOWN | _SKEWED:
        return None
    theirs = _date_of(error)
    if theirs is None:
        return None
    ours = datetime.now(UTC)
    if abs(ours - theirs) < _SKEW and code_of(error) not in _SKEWED:
        return None
    return errors.Misconfigured(
        f"The clock of the machine that this server runs on says {ours:%Y-%m-%d %H:%M} UTC, that of AWS "
        f"{theirs:%Y-%m-%d %H:%M}: signatures are refused. Set it, for instance with `sudo timedatectl set-ntp true`, "
        "and call again."
    )


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def said_by(error: ClientError) -> str:
    return said(error.response.get("Error", {}).get("Message", ""))


def said(text: object) -> str:
    """What a service or the SDK says, fit to stand within a sentence."""
    return shorten(clean_line(str(text)), errors.REASON_BYTES).rstrip(". ")


def _date_of(error: ClientError) -> datetime | None:
    """When the answer was made, by the clock of whoever made it."""
    value = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_allowed(who: str, error: ClientError) -> str:
    operation = error.operation_name
    if operation == "GetRoleCredentials":
        return f"{who} does not give this role to this user: {said_by(error)}. Whoever administers it can assign it."
    denial = denial_of(error, f"sts:{operation}")
    trust = (
        " The trust policy of the role has to allow it as well: `mail-archive-mcp policy --kind trust` prints one."
        if operation == "AssumeRole"
        else ""
    )
    return f"{who} refused {operation}: {denial.sentence(f'call {operation}')}{trust}"


def _sign_in() -> str:
    return (
        "Whoever runs this server can sign in anew, with `aws sso login` or `aws login`, or renew the keys in its "
        f"environment. {NO_RESTART}"
    )


def _sso_login() -> str:
    return f"Sign in with `aws sso login` where this server runs, with its --profile. {NO_RESTART}"


@dataclass(frozen=True)
class Cause:
    """Why there is nothing to call with: the SDK's exceptions for it, and what to say."""

    kinds: tuple[type[BotoCoreError], ...]
    error: type[errors.ArchiveError]
    sentence: Callable[[BotoCoreError], str]


def _by_provider(error: BotoCoreError) -> str:
    provider = str(error.kwargs.get("provider", ""))
    reason = said(error.kwargs.get("error_msg", "")) or "it does not say why"
    who = _PROVIDERS.get(provider, f"The credential provider {provider}")
    mend = {
        "custom-process": "Run the command that credential_process of the profile names, and mend what it says.",
        "container-role": "Check that the task has a role, and AWS_CONTAINER_CREDENTIALS_*.",
        "iam-role": "Check that the instance has a role, and that its metadata service answers.",
        "sso": _sso_login(),
    }.get(provider, _sign_in())
    return f"{who} gave no credentials: {reason}. {mend}"


_CAUSES: tuple[Cause, ...] = (
    Cause(
        (of_sdk.NoCredentialsError,),
        errors.CredentialsRefused,
        lambda error: (
            "No AWS credentials were found. Whoever runs this server can sign in with `aws login` or `aws sso login`, "
            "or name a profile that has some with --profile; `mail-archive-mcp doctor` says what is found."
        ),
    ),
    Cause(
        (MfaWanted,),
        errors.CredentialsRefused,
        lambda error: (
            "The profile's role wants an MFA code, and a server cannot ask for one. Get a session first, with `aws sts "
            "get-session-token --serial-number ARN --token-code CODE`, and put that into the profile it comes from; or "
            "use `aws sso login` or `aws login`, which ask in a browser."
        ),
    ),
    Cause(
        (StillExpired,),
        errors.CredentialsRefused,
        lambda error: str(expired_still()),
    ),
    Cause(
        (of_sdk.PartialCredentialsError,),
        errors.CredentialsRefused,
        lambda error: f"The AWS credentials are not complete: {said(error)}. Give access key and secret both.",
    ),
    Cause(
        (of_sdk.SSOError, of_sdk.TokenRetrievalError, of_sdk.NoAuthTokenError),
        errors.CredentialsRefused,
        lambda error: f"{_SSO} has no valid login here: {said(error)}. {_sso_login()}",
    ),
    Cause(
        (of_sdk.LoginInsufficientPermissions,),
        errors.AccessDenied,
        lambda error: f"{_SIGN_IN} is not allowed to go on: {said(error)}.",
    ),
    Cause(
        (of_sdk.LoginError,),
        errors.CredentialsRefused,
        lambda error: (
            f"{_SIGN_IN} has no valid session here: {said(error)}. Sign in with `aws login` where this server runs, "
            f"with its --profile. {NO_RESTART}"
        ),
    ),
    Cause(
        (of_sdk.MissingDependencyException,),
        errors.Misconfigured,
        lambda error: (
            "Credentials of `aws login` need the AWS Common Runtime, which is not installed where this server runs: "
            "`pip install 'botocore[crt]'`."
        ),
    ),
    Cause((of_sdk.CredentialRetrievalError, of_sdk.MetadataRetrievalError), errors.CredentialsRefused, _by_provider),
    Cause(
        (of_sdk.ProfileNotFound,),
        errors.Misconfigured,
        lambda error: (
            f"This server's AWS settings do not work: {said(error)}. `aws configure list-profiles` lists those that "
            "there are; --profile names one."
        ),
    ),
    Cause(
        (of_sdk.NoRegionError, of_sdk.InvalidRegionError),
        errors.Misconfigured,
        lambda error: (
            f"This server's AWS settings do not work: {said(error)}. Name the Region of the archives with --region, "
            "such as eu-west-1."
        ),
    ),
    Cause(
        (
            of_sdk.ConfigNotFound,
            of_sdk.ConfigParseError,
            of_sdk.EndpointProviderError,
            of_sdk.InvalidConfigError,
            of_sdk.UnknownCredentialError,
        ),
        errors.Misconfigured,
        lambda error: (
            f"This server's AWS settings do not work: {said(error)}. Whoever runs it can set region, profile or "
            "endpoint-url."
        ),
    ),
)

_OF_STS: dict[str, tuple[type[errors.ArchiveError], str]] = {
    "PackedPolicyTooLarge": (
        errors.Misconfigured,
        "Name fewer archives with --archive, or fewer tools with --tools: the session policy grows with both.",
    ),
    "InvalidSubjectCredentials": (
        errors.Misconfigured,
        "Use the credentials of a role or a user instead: what the root user may cannot be narrowed.",
    ),
    "RegionDisabledException": (
        errors.Misconfigured,
        "STS is switched off in this Region: switch it on in the account's settings, or name another --region.",
    ),
    "InvalidIdentityToken": (
        errors.CredentialsRefused,
        f"Renew the web identity token, in the file that AWS_WEB_IDENTITY_TOKEN_FILE names. {NO_RESTART}",
    ),
    "IDPRejectedClaim": (
        errors.CredentialsRefused,
        f"Renew the web identity token, in the file that AWS_WEB_IDENTITY_TOKEN_FILE names. {NO_RESTART}",
    ),
    "ValidationError": (
        errors.Misconfigured,
        "Whoever runs this server can set --duration-seconds, --role-arn and the other settings of its role.",
    ),
    "InvalidAction": (
        errors.Misconfigured,
        "The endpoint that was asked is too old for it, or none of STS: see AWS_ENDPOINT_URL_STS.",
    ),
}
"""What STS refuses, the kind of error that is for us, and what mends it."""
