"""What those say who are asked for credentials, and refuse: STS, IAM Identity Center (SSO), the sign-in of `aws login`.

Each refusal has its sentence and what mends it. Loads botocore.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from mail_archive_tools import errors
from mail_archive_tools.service.causes import NO_RESTART, SIGN_IN, SSO, STS, sign_in, sso_login
from mail_archive_tools.service.denials import denial_of
from mail_archive_tools.service.sdk_errors import code_of, said_by, status_of

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
"""Who is asked on the way to credentials, by operation."""

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
    """Who refused, where it is one of those that are asked for credentials; None: another service."""
    return _SERVICES.get(error.operation_name)


def refused(error: ClientError) -> errors.ArchiveError:
    """What to raise when one of those that are asked for credentials refused."""
    kept_out = _refused(error)
    if error.operation_name in _NARROWING and code_of(error) not in EXPIRED | UNKNOWN | _SKEWED:
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
    if abs(ours - theirs) < _SKEW and code_of(error) not in _SKEWED:
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
