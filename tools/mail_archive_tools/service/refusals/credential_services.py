"""Refusals of the services that give credentials: STS, IAM Identity Center (SSO), the sign-in of `aws login`.

Each has its sentence and what mends it. Loads botocore.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from mail_archive_tools import errors
from mail_archive_tools.service.refusals.causes import NO_RESTART, SIGN_IN, SSO, STS, sign_in, sso_login
from mail_archive_tools.service.refusals.denials import denial_of
from mail_archive_tools.service.refusals.sdk_errors import code_of, said_by, status_of

_SKEW = timedelta(minutes=4)
"""A difference of clocks that is worth a word: AWS takes five minutes."""

_SERVICES = {
    "AssumeRole": STS,
    "AssumeRoleWithWebIdentity": STS,
    "AssumeRoleWithSAML": STS,
    "GetCallerIdentity": STS,
    "GetScopedCredentials": STS,
    "GetSessionToken": STS,
    "CreateToken": SSO,
    "GetRoleCredentials": SSO,
    "CreateOAuth2Token": SIGN_IN,
}
"""The services that are asked on the way to credentials, by operation."""

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


def asked(error: ClientError) -> str | None:
    """The service that refused, where it is one that gives credentials; None: another one."""
    return _SERVICES.get(error.operation_name)


def refused(error: ClientError) -> errors.ArchiveError:
    """What to raise when a service that gives credentials refused."""
    kept_out = _refused(error)
    is_of_narrowing = error.operation_name in _NARROWING
    is_of_credentials = code_of(error) in EXPIRED | UNKNOWN | _SKEWED
    if is_of_narrowing and not is_of_credentials:
        return type(kept_out)(f"{kept_out} {_NOT_NARROWED}")
    return kept_out


def _refused(error: ClientError) -> errors.ArchiveError:
    code = code_of(error)
    who = _SERVICES[error.operation_name]

    clocks = skewed(error)
    if clocks is not None:
        return clocks
    if code in _OF_STS:
        kind, sentence = _OF_STS[code]
        return kind(f"{who} refused {error.operation_name}: {said_by(error)}. {sentence}")
    if code in EXPIRED:
        return errors.CredentialsRefused(
            f"{who} says that the credentials have expired ({error.operation_name}). {sign_in()}"
        )
    if code in UNKNOWN:
        return errors.CredentialsRefused(
            f"{who} does not know these credentials ({code}): they are of another partition, or were deleted. Look at "
            f"them with `aws sts get-caller-identity`, and give others. {NO_RESTART}"
        )

    if code.startswith("AccessDenied"):
        return errors.AccessDenied(_not_allowed(who, error))
    if who == SSO:
        return errors.CredentialsRefused(f"{SSO} refused ({code}): {said_by(error)}. {sso_login()}")
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
    is_said_to_be = code_of(error) in _SKEWED
    if not is_said_to_be and abs(ours - theirs) < _SKEW:
        return None
    return errors.Misconfigured(
        f"The clock of the machine that this server runs on says {ours:%Y-%m-%d %H:%M} UTC, that of AWS "
        f"{theirs:%Y-%m-%d %H:%M}: signatures are refused. Set it, for instance with `sudo timedatectl set-ntp true`, "
        "and call again."
    )


def _date_of(error: ClientError) -> datetime | None:
    """When the answer was made, by the clock of whoever made it."""
    value = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        # The dates of HTTP are in UTC (RFC 9110, 5.6.7), where they do not say so too.
        return moment.replace(tzinfo=UTC)
    return moment


def _not_allowed(who: str, error: ClientError) -> str:
    operation = error.operation_name
    if operation == "GetRoleCredentials":
        return f"{who} does not give this role to this user: {said_by(error)}. Whoever administers it can assign it."

    denial = denial_of(error, f"sts:{operation}")
    refused = f"{who} refused {operation}: {denial.sentence(f'call {operation}')}"
    if operation == "AssumeRole":
        trust = (
            "The trust policy of the role has to allow it as well: `mail-archive-mcp policy --kind trust` prints one."
        )
        return f"{refused} {trust}"
    return refused


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
