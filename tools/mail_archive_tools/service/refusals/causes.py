"""Why there are no credentials to call with, or no settings: each cause with its sentence, and what mends it.

The sentence names who gave none: STS, IAM Identity Center (SSO), the sign-in of `aws login`, a credential process, an
endpoint of the machine. Loads botocore.
"""

from collections.abc import Callable
from dataclasses import dataclass

from botocore import exceptions as of_sdk
from botocore.exceptions import BotoCoreError

from mail_archive_tools import errors
from mail_archive_tools.service.refusals.sdk_errors import said

NO_RESTART = "Then call again; no restart is needed."

STS = "STS"
SSO = "IAM Identity Center (SSO)"
SIGN_IN = "The sign-in of `aws login`"
_PROVIDERS = {
    "custom-process": "The credential process",
    "container-role": "The credential endpoint of this container",
    "iam-role": "The credential endpoint of this machine",
    "sso": SSO,
    "login": SIGN_IN,
    "assume-role": STS,
    "assume-role-with-web-identity": STS,
}
"""Providers of credentials, by the names that botocore has for them (botocore/credentials.py)."""


class MfaWanted(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """A profile whose role wants a code of a device, which nobody is there to type."""

    fmt = "The profile wants an MFA code."


class StillExpired(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """Credentials that were renewed and have expired all the same."""

    fmt = "The renewed credentials have expired already."


def missing(error: BotoCoreError) -> errors.ArchiveError | None:
    """What to raise where there are no credentials or settings to call with; None where it is about something else."""
    for cause in _CAUSES:
        if isinstance(error, cause.kinds):
            return cause.error(cause.sentence(error))
    return None


def expired_still() -> errors.ArchiveError:
    """What to raise where credentials were renewed and are of no use all the same."""
    return errors.CredentialsRefused(f"The credentials were renewed and have expired all the same. {sign_in()}")


def sign_in() -> str:
    return (
        "Whoever runs this server can sign in anew, with `aws sso login` or `aws login`, or renew the keys in its "
        f"environment. {NO_RESTART}"
    )


def sso_login() -> str:
    return f"Sign in with `aws sso login` where this server runs, with its --profile. {NO_RESTART}"


@dataclass(frozen=True)
class Cause:
    """Why there is nothing to call with: the SDK's exceptions for it, and what to say."""

    kinds: tuple[type[BotoCoreError], ...]
    error: type[errors.ArchiveError]
    sentence: Callable[[BotoCoreError], str]


def _by_provider(error: BotoCoreError) -> str:
    provider = str(error.kwargs.get("provider", ""))
    who = _PROVIDERS.get(provider, f"The credential provider {provider}")
    reason = said(error.kwargs.get("error_msg", "")) or "it does not say why"
    mends = {
        "custom-process": "Run the command that credential_process of the profile names, and mend what it says.",
        "container-role": "Check that the task has a role, and AWS_CONTAINER_CREDENTIALS_*.",
        "iam-role": "Check that the instance has a role, and that its metadata service answers.",
        "sso": sso_login(),
    }
    mend = mends.get(provider, sign_in())
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
        lambda error: f"{SSO} has no valid login here: {said(error)}. {sso_login()}",
    ),
    Cause(
        (of_sdk.LoginInsufficientPermissions,),
        errors.AccessDenied,
        lambda error: f"{SIGN_IN} is not allowed to go on: {said(error)}.",
    ),
    Cause(
        (of_sdk.LoginError,),
        errors.CredentialsRefused,
        lambda error: (
            f"{SIGN_IN} has no valid session here: {said(error)}. Sign in with `aws login` where this server runs, "
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
