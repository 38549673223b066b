"""The local archive's Security Token Service: who am I, another role, narrower credentials.

Decided here, because AWS does not say [unknown], or says more than is needed here:
- GetCallerIdentity, GetSessionToken and GetScopedCredentials need no permission, and a Deny keeps from the last two.
- A trust policy that names the caller itself is enough; one that names the account wants the caller's own policies to
  allow it as well. A boundary and session policies have to allow it in both cases.
- A policy of a session may have 2,048 characters; how much a token holds is limited too (PackedPolicyTooLarge).
- A session that was made of another one has no more time than an hour, as with AWS.
- Tokens of web identities are verified with the keys that `identity.json` holds (RS256, ES256); nothing is fetched.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mail_archive_local.api_errors import ApiError
from mail_archive_local.arns import ACCOUNT
from mail_archive_local.identity.callers import Caller, KeyRing, not_authorized
from mail_archive_local.identity.identities import Role
from mail_archive_local.identity.policies import IamRequest, Policy, PolicyError, read_policy
from mail_archive_local.identity.rights import SESSION_LAYERS
from mail_archive_local.identity.sessions import TOKEN_BYTES, StsSession
from mail_archive_local.identity.web_identity import WebIdentity, verify

POLICY_CHARACTERS = 2_048

_DEFAULT_SECONDS = 3_600
_SESSION_TOKEN_SECONDS = 43_200
_CHAINED_SECONDS = 3_600

Context = dict[str, tuple[str, ...]]
Members = dict[str, Any]


def get_caller_identity(ring: KeyRing, caller: Caller, request: Members) -> Members:
    return {"UserId": caller.unique_id, "Account": ACCOUNT, "Arn": caller.arn}


def get_session_token(ring: KeyRing, caller: Caller, request: Members) -> Members:
    if caller.session is not None:
        raise _denied("Cannot call GetSessionToken with session credentials")
    _refuse_mfa(request)
    _refuse_denied(caller, "sts:GetSessionToken")
    seconds = request.get("DurationSeconds", _SESSION_TOKEN_SECONDS)
    return _credentials(ring, StsSession("user", caller.principal.name, ring.now, ring.now + seconds))


def get_scoped_credentials(ring: KeyRing, caller: Caller, request: Members) -> Members:
    session = caller.session
    if session is None:
        raise ApiError(
            "InvalidSubjectCredentials", "GetScopedCredentials takes temporary credentials. Call GetSessionToken first."
        )
    _refuse_denied(caller, "sts:GetScopedCredentials")

    policy, seconds = _session_policy(request), request.get("DurationSeconds")
    if policy is None and seconds is None:
        raise ApiError("ValidationException", "At least one of Policy and DurationSeconds is needed.")
    if policy is not None and session.scoped >= SESSION_LAYERS:
        raise _denied(f"The session has {SESSION_LAYERS} scope-down policies already")
    expires = session.expires
    if seconds is not None:
        expires = ring.now + seconds
    if expires > session.expires:
        raise ApiError(
            "InsufficientSessionLifetime", "DurationSeconds is greater than the remaining lifetime of the session."
        )

    narrowed = session.narrowed(policy, expires)
    return _credentials(ring, narrowed) | {
        "SessionInfo": {"ScopedSessionId": caller.unique_id, "Arn": caller.arn},
        "ScopedPoliciesCount": narrowed.scoped,
    }


def assume_role(ring: KeyRing, caller: Caller, request: Members) -> Members:
    _refuse_mfa(request)
    tags = {each["Key"]: each["Value"] for each in request.get("Tags", [])}
    own_source = ""
    if caller.session is not None:
        own_source = caller.session.source_identity
    source = request.get("SourceIdentity", own_source)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    if own_source and source != own_source:
        raise _denied("The source identity of a session cannot be changed")

    context = _of_request(request, tags, source)
    role = _role_of(ring, request["RoleArn"])
    for action in _needed("sts:AssumeRole", tags, request.get("SourceIdentity")):
        why = _why_not(role, caller, caller.iam_request(action, request["RoleArn"], context))
        if why is not None:
            raise _denied(not_authorized(caller.arn, action, request["RoleArn"], why))

    assert role is not None
    longest = role.longest_session
    if caller.session is not None:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
        longest = _CHAINED_SECONDS
    return _session_of(ring, role, request, longest, tags, source)


def assume_role_with_web_identity(ring: KeyRing, caller: None, request: Members) -> Members:
    identity = verify(request["WebIdentityToken"], ring.identities, ring.now)
    role = _role_of(ring, request["RoleArn"])
    context = _of_request(request, {}, "") | _of_token(identity)
    asked = IamRequest("sts:AssumeRoleWithWebIdentity", request["RoleArn"], context)
    trusting = {identity.provider.arn}
    if role is None or _trusted(role.trust, asked, trusting) != "Allow":
        raise _denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")

    made = _session_of(ring, role, request, role.longest_session, {}, "")
    return made | {
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.provider.arn,
        "Audience": identity.audience,
    }


OPERATIONS: dict[str, Callable[[KeyRing, Any, Members], Members]] = {
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
    "GetCallerIdentity": get_caller_identity,
    "GetScopedCredentials": get_scoped_credentials,
    "GetSessionToken": get_session_token,
}

UNSIGNED = {"AssumeRoleWithWebIdentity"}
"""Operations that prove by a token who asks."""


# Trust


def _why_not(role: Role | None, caller: Caller, asked: IamRequest) -> str | None:
    """Why the caller may not take the role; None: it may."""
    if caller.rights.denies(asked):
        return caller.rights.refusal(asked)
    # A role that is not there is said in the same words: who may not see roles learns nothing.
    no_trust = f"because no role trust policy allows the {asked.action} action"
    if role is None:
        return no_trust

    by_name = _trusted(role.trust, asked, {caller.arn, caller.principal.arn, "*"})
    by_account = _trusted(role.trust, asked, {ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"})
    if "Deny" in (by_name, by_account):
        return "with an explicit deny in a role trust policy"
    if by_name == "Allow":
        return caller.rights.beside_identity().refusal(asked)
    if by_account == "Allow":
        return caller.rights.refusal(asked)
    return no_trust


def _trusted(trust: Policy, asked: IamRequest, names: set[str]) -> str | None:
    named = tuple(each for each in trust.statements if names & set(each.principals))
    return Policy(named).effect(asked)


def _needed(action: str, tags: dict[str, str], source: str | None) -> list[str]:
    """The actions that a trust policy has to allow: one for each thing that the call sets."""
    actions = [action]
    if tags:
        actions.append("sts:TagSession")
    if source:
        actions.append("sts:SetSourceIdentity")
    return actions


def _of_request(request: Members, tags: dict[str, str], source: str) -> Context:
    """What conditions may ask of a call for a role."""
    context: Context = {"sts:rolesessionname": (request["RoleSessionName"],)}
    if "ExternalId" in request:
        context["sts:externalid"] = (request["ExternalId"],)
    if source:
        context["sts:sourceidentity"] = (source,)
    if tags:
        context["aws:tagkeys"] = tuple(tags)
    for key, value in tags.items():
        context[f"aws:requesttag/{key.lower()}"] = (value,)
    return context


def _of_token(identity: WebIdentity) -> Context:
    host = identity.provider.host.lower()
    return {f"{host}:aud": (identity.audience,), f"{host}:sub": (identity.subject,)}


def _role_of(ring: KeyRing, arn: str) -> Role | None:
    return next((role for role in ring.identities.roles.values() if role.arn == arn), None)


# Sessions


def _session_of(
    ring: KeyRing, role: Role, request: Members, longest: float, tags: dict[str, str], source: str
) -> Members:
    seconds = request.get("DurationSeconds", min(_DEFAULT_SECONDS, longest))
    if seconds > longest:
        raise ApiError(
            "ValidationException",
            f"The requested DurationSeconds exceeds the {longest:.0f} seconds that a session of this role may last.",
        )
    policy = _session_policy(request)
    if "PolicyArns" in request:
        raise ApiError("ValidationException", "The local archive has no managed policies: give Policy itself.")

    policies = []
    if policy is not None:
        policies.append(policy)
    session = StsSession(
        "role",
        role.name,
        ring.now,
        ring.now + seconds,
        request["RoleSessionName"],
        policies,
        tags=tags,
        source_identity=source,
    )
    caller = ring.role(role, session)

    members = _credentials(ring, session)
    members["AssumedRoleUser"] = {"AssumedRoleId": caller.unique_id, "Arn": caller.arn}
    if policy is not None:
        # In percent of what is allowed.
        members["PackedPolicySize"] = round(100 * len(policy) / POLICY_CHARACTERS)
    if source:
        members["SourceIdentity"] = source
    return members


def _session_policy(request: Members) -> str | None:
    policy: str | None = request.get("Policy")
    if policy is None:
        return None
    if len(policy) > POLICY_CHARACTERS:
        raise ApiError(
            "PackedPolicyTooLarge", f"The policy has {len(policy):,} characters; it may have {POLICY_CHARACTERS:,}."
        )
    try:
        read_policy(policy, "Policy")
    except PolicyError as error:
        raise ApiError("MalformedPolicyDocument", f"{error}.") from None
    # Written anew, without spaces: the token has to hold it.
    return json.dumps(json.loads(policy), separators=(",", ":"))


def _credentials(ring: KeyRing, session: StsSession) -> Members:
    sealed = ring.seal.seal(session)
    if len(sealed.token) > TOKEN_BYTES:
        raise ApiError(
            "PackedPolicyTooLarge", f"The session token has {len(sealed.token):,} bytes; it may have {TOKEN_BYTES:,}."
        )
    expires = datetime.fromtimestamp(session.expires, UTC)
    return {
        "Credentials": {
            "AccessKeyId": sealed.keys.access_key_id,
            "SecretAccessKey": sealed.keys.secret_access_key,
            "SessionToken": sealed.token,
            "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        }
    }


def _refuse_denied(caller: Caller, action: str) -> None:
    asked = caller.iam_request(action, "*")
    if not caller.rights.denies(asked):
        return
    why = caller.rights.refusal(asked)
    assert why is not None
    raise _denied(not_authorized(caller.arn, action, "*", why))


def _refuse_mfa(request: Members) -> None:
    if "SerialNumber" in request or "TokenCode" in request:
        raise _denied("MultiFactorAuthentication failed: the local archive has no MFA devices")


def _denied(message: str) -> ApiError:
    return ApiError("AccessDeniedException", message)
